"""How we prove to an authorization server who asks: what goes with each request of ours."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus

from deemster.model.clock import Clock
from deemster.tokens.jose import SigningKey

__all__ = [
    "ClientAuthentication",
    "ClientProof",
    "ClientSecretBasic",
    "MutualTls",
    "PrivateKeyJwt",
]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_ASSERTION_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What goes into the headers and the form of one request; good for that request only."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


class ClientAuthentication(Protocol):
    """One of the methods of RFC 8414 2, `introspection_endpoint_auth_methods_supported`."""

    def proof(self) -> ClientProof:
        """For the next request."""
        ...


class ClientSecretBasic:
    """`client_secret_basic` (RFC 6749 2.3.1)."""

    def __init__(self, client_id: str, secret: str) -> None:
        # RFC 6749 2.3.1: both are encoded by application/x-www-form-urlencoded first, so that a
        # colon in an id, or what is no Latin-1 in a secret, cannot be misread.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
        self._value = "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")

    def proof(self) -> ClientProof:
        """See ClientAuthentication."""
        return ClientProof(headers={"authorization": self._value})


class PrivateKeyJwt:
    """`private_key_jwt` (RFC 7523 2.2, OpenID Connect Core 9): a fresh assertion a request."""

    def __init__(self, client_id: str, key: SigningKey, *, audience: str, clock: Clock) -> None:
        """`audience`: the server's issuer identifier, or its token endpoint (RFC 7523 3)."""
        self._client_id = client_id
        self._key = key
        self._audience = audience
        self._clock = clock

    def proof(self) -> ClientProof:
        """See ClientAuthentication."""
        now = int(self._clock.wall())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._audience,
            "jti": secrets.token_urlsafe(24),
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        assertion = self._key.sign(payload, typ="JWT")
        return ClientProof(
            form={"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        )


class MutualTls:
    """`tls_client_auth`, `self_signed_tls_client_auth`: the connection itself proves who asks."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id

    def proof(self) -> ClientProof:
        """See ClientAuthentication. RFC 8705 2: the request MUST name the client."""
        return ClientProof(form={"client_id": self._client_id})
