"""The commands of `deemster bundle`, one a file."""
