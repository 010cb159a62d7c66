"""Calling people: durable before it is sent, tried again until it is accepted, never in the way of the judgement."""
