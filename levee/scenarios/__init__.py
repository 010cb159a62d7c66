"""Nights that can be played again: a place and its crowd from a file, simulated, and seen by instruments."""
