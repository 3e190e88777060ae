"""Nodes ► tree, one module for each part of the language; `policy/parser.py` is the way in."""
