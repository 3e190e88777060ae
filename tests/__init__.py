"""Deemster's tests; the folder under tests/ says of which kind one is."""
