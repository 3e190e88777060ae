"""Tokens signed by HMAC, for tools that share a key: `base64url(claims).base64url(HMAC-SHA-256)`.

No header, so no algorithm that a token could choose. `python -m
deemster_example_plugins.hmac_tokens KEY-FILE '{"sub": "alice", …}'` makes one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from deemster.plugins import ConfigurationError, PluginContext, Reason, TokenRejectedError

_SHORTEST_KEY = 32


class HmacTokens:
    """The TokenReader."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def read(self, token: str, *, now: float) -> Mapping[str, object]:
        """Whether the signature is right. Issuer, audience and times are Deemster's to judge."""
        body, dot, signature = token.partition(".")
        if not dot:
            raise TokenRejectedError(Reason.TOKEN_MALFORMED)
        if not hmac.compare_digest(signature, _signature(self._key, body)):
            raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID)
        # Whoever has the key wrote this; it may still be nonsense.
        try:
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (binascii.Error, ValueError, RecursionError):
            raise TokenRejectedError(Reason.TOKEN_MALFORMED) from None
        if not isinstance(claims, dict):
            raise TokenRejectedError(Reason.TOKEN_MALFORMED)
        return claims

    async def close(self) -> None:
        """Nothing is open."""


def minted(key: bytes, claims: Mapping[str, object]) -> str:
    """A token with these claims."""
    body = _base64url(json.dumps(claims).encode())
    return f"{body}.{_signature(key, body)}"


def hmac_tokens(context: PluginContext) -> HmacTokens:
    """The entry point `hmac-tokens`; its one setting is `key`, a secret."""
    key = context.settings.get("key")
    if not isinstance(key, str) or set(context.settings) != {"key"}:
        raise ConfigurationError('its settings are `key`, written as "${file:…}" or "${env:…}"')
    if len(key.encode()) < _SHORTEST_KEY:
        raise ConfigurationError(f"`key` has less than {_SHORTEST_KEY} bytes")
    return HmacTokens(key.encode())


def _signature(key: bytes, body: str) -> str:
    return _base64url(hmac.digest(key, body.encode(), hashlib.sha256))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


if __name__ == "__main__":
    key_file, written = sys.argv[1:]
    # As Deemster reads a secret file: one line feed at the end belongs to the editor.
    text = Path(key_file).read_text(encoding="utf-8").removesuffix("\n")
    sys.stdout.write(minted(text.encode(), json.loads(written)) + "\n")
