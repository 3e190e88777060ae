"""Credential ► VerifiedClaims: nothing else in Deemster may believe a token."""
