"""One worker per box: cameras in, readings of zones out. Imports `wire` and `models`, and nothing else of the house."""
