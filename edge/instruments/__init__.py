"""Counting instruments beside cameras (统计仪表): their payloads become the readings of the wire contract."""
