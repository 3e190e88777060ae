"""Payloads of statements: their forms, and readers that check them."""
