"""Benches: timed claims, measured with the real programs on this machine."""
