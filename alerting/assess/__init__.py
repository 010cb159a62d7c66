"""The judgement: pure, the same live, in a replay and on a cluster. Imports only stdlib, msgspec and `wire`."""
