"""Tokens: seen before, seen first, and with a proof of possession, beside PyJWT in the same run."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import jwt
from jwt import PyJWK

from deemster.model.clock import SystemClock
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import Confirmation, Credential, VerifiedClaims
from deemster.model.sender import DpopMode, SenderRules
from deemster.sharedstate.memory import MemoryOfUses
from deemster.tokens.dpop import access_token_hash
from deemster.tokens.dpop_nonces import DpopNonces
from deemster.tokens.jose import SigningKey, thumbprint_of
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.keysets import StaticKeySet, parse_key_set
from deemster.tokens.provider import ProviderKind
from deemster.tokens.sender_constraints import SenderConstraints
from deemster.tokens.token_cache import TokenCache

__all__ = ["AUDIENCE", "TokenFigures", "a_provider", "a_token", "measure_tokens"]

ISSUER, AUDIENCE = "https://issuer.example", "orders"
TOKENS = 200
ROUNDS = 15


@dataclass(frozen=True, slots=True)
class TokenFigures:
    """Microseconds, the least of the rounds: of ours and of what it stands beside."""

    what: str
    ours_us: float
    control: str
    control_us: float


def measure_tokens() -> list[TokenFigures]:
    """Ours and the control in turn, round by round."""
    figures = []
    for algorithm in ("RS256", "ES256"):
        key = SigningKey.generate(algorithm)
        tokens = [a_token(key, number) for number in range(TOKENS)]
        figures += [_seen_first(key, algorithm, tokens), _seen_before(key, algorithm, tokens)]
    figures.append(_proof())
    return figures


def a_token(key: SigningKey, number: int, **more: object) -> str:
    """Of user `number`, good for an hour."""
    now = int(SystemClock.wall())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"user-{number}",
        "client_id": "shop",
        "scope": "orders.read orders.write",
        "iat": now,
        "exp": now + 3600,
        "jti": f"{number:032x}",
        **more,
    }
    return key.sign(json.dumps(claims).encode(), typ="at+jwt")


def a_provider(key: SigningKey, algorithm: str, cache: TokenCache | None = None) -> JwtProvider:
    """That has seen nothing."""
    document = json.dumps({"keys": [key.public_jwk]}).encode()
    return JwtProvider(
        id="bench",
        kind=ProviderKind.INTERNAL,
        issuer=ISSUER,
        key_set=StaticKeySet(parse_key_set(document)),
        algorithms=[algorithm],
        cache=cache,
    )


def _seen_first(key: SigningKey, algorithm: str, tokens: list[str]) -> TokenFigures:
    public = PyJWK(key.public_jwk, algorithm=algorithm).key

    def control() -> None:
        for token in tokens:
            jwt.decode(token, public, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)

    def ours() -> None:
        # A provider that has seen nothing: none of the tokens is remembered.
        provider = a_provider(key, algorithm)
        now = SystemClock.wall()
        for token in tokens:
            _now(provider.verify(Credential("bearer", token), audience=AUDIENCE, now=now))

    mine, other = _least(ours, control, TOKENS)
    return TokenFigures(f"{algorithm}, seen first", mine, "PyJWT decode", other)


def _seen_before(key: SigningKey, algorithm: str, tokens: list[str]) -> TokenFigures:
    provider = a_provider(key, algorithm)
    now = SystemClock.wall()
    presented = [Credential("bearer", token) for token in tokens]
    for credential in presented:
        _now(provider.verify(credential, audience=AUDIENCE, now=now))

    def ours() -> None:
        for credential in presented:
            if provider.recall(credential, audience=AUDIENCE, now=now) is None:
                raise RuntimeError("it was seen before")

    def control() -> None:
        for _ in presented:
            pass

    mine, other = _least(ours, control, TOKENS)
    return TokenFigures(f"{algorithm}, seen before", mine, "an empty loop", other)


def _proof() -> TokenFigures:
    """A proof checked, its token seen before; beside two decodings by PyJWT."""
    clock = SystemClock()
    key, holder = SigningKey.generate("ES256"), SigningKey.generate("ES256")
    public = {name: holder.public_jwk[name] for name in ("kty", "crv", "x", "y")}
    thumbprint = thumbprint_of(public)
    token = a_token(key, 1, cnf={"jkt": thumbprint})
    proofs = [_a_proof(holder, public, token, number) for number in range(TOKENS)]
    claims = VerifiedClaims(
        provider="bench",
        claims={},
        scopes=frozenset(),
        user_id="user-1",
        client_id="shop",
        asserted=False,
        confirmation=Confirmation(thumbprint, None),
    )
    calls = [
        ApiCall("GET", "https://api.example.com/orders", Headers((("dpop", proof),)))
        for proof in proofs
    ]
    rules = SenderRules(dpop=DpopMode.REQUIRED)
    credential = Credential("dpop", token)

    def ours() -> None:
        senders = SenderConstraints(
            DpopNonces([b"k" * 32]), of_process=MemoryOfUses(clock), began=0.0
        )
        now = clock.wall()
        for call in calls:
            senders.check(claims, credential, call, rules, skew=30.0, now=now)

    verifying = PyJWK(key.public_jwk, algorithm="ES256").key

    def control() -> None:
        for _ in range(2):
            for _ in calls:
                jwt.decode(token, verifying, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)

    mine, other = _least(ours, control, TOKENS)
    return TokenFigures("ES256 proof of possession", mine, "two of PyJWT's decodes", other)


def _a_proof(holder: SigningKey, public: dict[str, object], token: str, number: int) -> str:
    claims = {
        "jti": str(number),
        "htm": "GET",
        "htu": "https://api.example.com/orders",
        "iat": int(SystemClock.wall()),
        "ath": access_token_hash(token),
    }
    private = PyJWK(holder.private_jwk, algorithm="ES256").key
    return jwt.encode(
        claims, private, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": public}
    )


def _least(
    ours: Callable[[], None], control: Callable[[], None], calls: int
) -> tuple[float, float]:
    """Microseconds a call, in turn, so that both meet the same machine."""
    least = [float("inf"), float("inf")]
    gc.collect()
    for _ in range(ROUNDS):
        for which, run in enumerate((ours, control)):
            began = time.perf_counter()
            run()
            least[which] = min(least[which], time.perf_counter() - began)
    return least[0] / calls * 1e6, least[1] / calls * 1e6


def _now(waiting: Coroutine[Any, Any, object]) -> None:
    """Run what has nothing to wait for, without the cost of a loop."""
    try:
        waiting.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waited for something")
