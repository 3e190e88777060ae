"""base64url without padding (RFC 7515 2), in its one canonical spelling only."""

from __future__ import annotations

import base64

__all__ = ["decode_base64url", "encode_base64url"]


def encode_base64url(raw: bytes) -> str:
    """The unpadded spelling."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """The octets that `text` spells.

    Raises ValueError unless `text` is exactly what `encode_base64url` would write: no padding, no
    white space, no other alphabet, unused bits zero. Otherwise one token would have many
    spellings, and a list of revoked or already seen tokens could be stepped around.
    """
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
