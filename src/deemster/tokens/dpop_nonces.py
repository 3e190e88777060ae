"""Nonces for DPoP proofs (RFC 9449 9) that nobody has to remember.

A nonce is a keyed digest of the time's bucket: whoever has the key knows which two are live, the
one of this bucket and the one before. Replicas with the same key give out and take the same ones.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from deemster.tokens.base64url import encode_base64url

__all__ = ["BUCKET_SECONDS", "DpopNonces"]

BUCKET_SECONDS = 120
"""A nonce is good for one to two of these."""
_BYTES = 18


class DpopNonces:
    """Gives out and recognises; keeps nothing."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        """The first key makes nonces, all recognise them: keys are rotated as those of states."""
        # A key of its own, whatever else the same secret is used for.
        self._keys = [hmac.digest(key, b"deemster dpop nonce", sha256) for key in keys]

    def fresh(self, now: float) -> str:
        """The nonce of this moment; `now` in epoch seconds."""
        return _nonce(self._keys[0], int(now // BUCKET_SECONDS))

    def is_live(self, nonce: str, now: float) -> bool:
        """Whether we gave it out, in this bucket or the one before."""
        presented = nonce.encode("utf-8", "surrogatepass")
        bucket = int(now // BUCKET_SECONDS)
        live = False
        for key in self._keys:
            for of in (bucket, bucket - 1):
                live |= hmac.compare_digest(_nonce(key, of).encode(), presented)  # no early exit
        return live


def _nonce(key: bytes, bucket: int) -> str:
    return encode_base64url(hmac.digest(key, bucket.to_bytes(8, "big"), sha256)[:_BYTES])
