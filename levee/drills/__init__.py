"""Drills: a scenario played to the running service, and what came of it."""
