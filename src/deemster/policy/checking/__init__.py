"""Gives the parsed tree its meaning, or says everything that is wrong with it."""
