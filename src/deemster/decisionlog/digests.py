"""Digests in place of names: two records of the same one agree, and it cannot be guessed.

Without a salt a digest of a short name is found by trying; a salt makes it useless to whoever has
the log alone. What is long and random (a `jti`) needs none.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from deemster.model.attributes import HttpCall, SourceCall

__all__ = ["PREFIX", "Digests", "source_call_text"]

PREFIX = "digest:"


class Digests:
    """`salt`: at least 16 octets, the same for all processes whose records are to be compared."""

    __slots__ = ("_salt", "salted")

    def __init__(self, salt: bytes | None) -> None:
        self._salt = salt or b""
        self.salted = salt is not None

    def of(self, text: str) -> str:
        """32 hexadecimal digits: HMAC-SHA-256, of a plain SHA-256 where there is no salt."""
        octets = text.encode("utf-8", "surrogatepass")
        if self._salt:
            return hmac.digest(self._salt, octets, "sha256").hex()[:_DIGITS]
        return sha256(octets).hexdigest()[:_DIGITS]

    def shown(self, text: str) -> str:
        """`digest:` and the digest, as it stands in place of a name."""
        return PREFIX + self.of(text)


_DIGITS = 32


def source_call_text(call: SourceCall) -> str:
    """One text for each call of a source: equal exactly where the calls are."""
    if isinstance(call, HttpCall):
        parts: tuple[object, ...] = ("http", call.service, call.method, call.target, call.headers)
    else:
        parts = ("sql", call.query, call.parameters)
    return repr(parts)
