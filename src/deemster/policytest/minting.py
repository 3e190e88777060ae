"""Tokens of a test run: minted with a throw-away key, whole or with one thing wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from deemster.policytest.cases import Fault
from deemster.tokens.development_key import DevelopmentKey
from deemster.tokens.jose import SigningKey
from deemster.tokens.keysets import KeySet

__all__ = ["Minter", "asserted_claims", "with_defaults"]

LIFETIME = 3600
"""Seconds that a minted token is good for; far more than any skew."""

CLIENT_ID = "test"
_TOKEN_TYPE = "at+jwt"  # noqa: S105  (RFC 9068 2.1)
_WRONG_ISSUER = "https://wrong-issuer.invalid"


class Minter:
    """Mints for one provider. The key never leaves the process."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._key = DevelopmentKey.generate()
        self._stranger: DevelopmentKey | None = None
        self._minted: dict[tuple[str, Fault | None], str] = {}

    @property
    def key_set(self) -> KeySet:
        """What the provider verifies with."""
        return self._key.key_set()

    @property
    def algorithm(self) -> str:
        """The one algorithm of the key."""
        return self._key.algorithm

    def mint(
        self, claims: Mapping[str, object], fault: Fault | None, *, audience: str | None, now: float
    ) -> str:
        """A compact JWS. `claims` win over the defaults: iss, aud, client_id, iat, exp."""
        whole = {
            **with_defaults(claims, issuer=self._issuer, audience=audience, now=now),
            **_wrong_claims(fault, audience, now),
        }
        # One token asked for by many cases is signed once.
        key = (json.dumps(whole, sort_keys=True), fault)
        token = self._minted.get(key)
        if token is None:
            token = self._minted[key] = self._signed(whole, fault)
        return token

    def _signed(self, claims: Mapping[str, object], fault: Fault | None) -> str:
        if fault is Fault.ALG_NONE:
            header: dict[str, object] = {"alg": "none", "typ": _TOKEN_TYPE}
            return f"{_encoded(header)}.{_encoded(claims)}."
        if fault is Fault.WRONG_KEY:
            if self._stranger is None:
                self._stranger = _impostor(self._key.key_id)
            return self._stranger.mint(claims)
        token = self._key.mint(claims)
        if fault is Fault.TAMPERED:
            head, _, signature = token.split(".")
            # What somebody would do who wants another's rights: the signature stays as it was.
            changed = {**claims, "sub": "tampered", "scope": "tampered"}
            return f"{head}.{_encoded(changed)}.{signature}"
        return token


def with_defaults(
    claims: Mapping[str, object], *, issuer: str, audience: str | None, now: float
) -> dict[str, object]:
    """What a token has that nobody wrote; `claims` win (policy-language section 13)."""
    return {
        "iss": issuer,
        **({"aud": audience} if audience is not None else {}),
        "client_id": CLIENT_ID,
        "iat": now,
        "exp": now + LIFETIME,
        **claims,
    }


def asserted_claims(
    claims: Mapping[str, object], fault: Fault | None, *, audience: str | None, now: float
) -> Mapping[str, object]:
    """What a gateway asserts: the claims as written, and the fault."""
    return {**claims, **_wrong_claims(fault, audience, now)}


def _wrong_audience(audience: str | None) -> str:
    return f"not {audience}" if audience is not None else "another audience"


def _wrong_claims(fault: Fault | None, audience: str | None, now: float) -> Mapping[str, object]:
    match fault:
        case Fault.EXPIRED:
            return {"iat": now - 2 * LIFETIME, "exp": now - LIFETIME}
        case Fault.NOT_YET_VALID:
            return {"nbf": now + LIFETIME, "exp": now + 2 * LIFETIME}
        case Fault.WRONG_AUDIENCE:
            return {"aud": _wrong_audience(audience)}
        case Fault.WRONG_ISSUER:
            return {"iss": _WRONG_ISSUER}
        case _:
            return {}


def _impostor(key_id: str) -> DevelopmentKey:
    """Another key under the same name: only the signature tells them apart."""
    other = DevelopmentKey.generate()
    return DevelopmentKey(SigningKey({**other.private_jwk, "kid": key_id}))


def _encoded(members: Mapping[str, object]) -> str:
    octets = json.dumps(members, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
