"""DPoP proofs (RFC 9449 4.3): what a proof proves, before it is known whether it was used before.

The keys of a proof come from the proof; that is its point. They are admitted like those of a key
set, and prove nothing but that whoever made the proof holds them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple, NoReturn

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.sender import SenderRules
from deemster.model.urls import CanonicalUrl, MalformedUrlError, canonical_url
from deemster.tokens.base64url import decode_base64url, encode_base64url
from deemster.tokens.jose import (
    KeyNotUsableError,
    VerificationKey,
    thumbprint_of,
    verification_key,
    verified_payload,
)
from deemster.tokens.precheck import CompactJws, read_json_object

__all__ = ["MAX_PROOF_CHARACTERS", "Proof", "access_token_hash", "verified_proof"]

MAX_PROOF_CHARACTERS = 8_192
_MAX_JTI_BYTES = 256
_MAX_DATE = 2**53
# `crit`, `b64` and `zip` change what is signed or how it is read; the rest would name other keys.
_REFUSED_MEMBERS = frozenset({"crit", "b64", "zip", "jku", "x5u", "x5c", "kid"})


class Proof(NamedTuple):
    """A proof whose signature holds and which is about this call, made not too long ago.

    `thumbprint` is of its key (RFC 7638); `issued_at` in epoch seconds; `nonce` as it has it.
    """

    thumbprint: str
    jti: str
    issued_at: float
    nonce: str | None


def verified_proof(
    proof: str,
    *,
    method: str,
    url: CanonicalUrl,
    token: str,
    rules: SenderRules,
    skew: float,
    now: float,
) -> Proof:
    """The proof, if it is one for this call and this access token.

    `method` and `url` are what the gateway saw, and nothing that the client wrote elsewhere. Raises
    TokenRejectedError (`proof-invalid`).
    """
    jws, key, jwk = _read(proof, rules)
    try:
        payload = verified_payload(jws, key)
        claims = read_json_object(payload, malformed=Reason.PROOF_INVALID)
    except TokenRejectedError as refused:
        _refuse(f"{refused.reason.value} {refused.detail}".rstrip())
    # RFC 9110 9.1: methods are case-sensitive; `get` is another one than `GET`.
    if _text(claims, "htm") != method:
        _refuse("`htm` is another method")
    if not _same_target(_text(claims, "htu"), url):
        _refuse("`htu` is another URL")
    if not hmac.compare_digest(_text(claims, "ath").encode(), access_token_hash(token).encode()):
        _refuse("`ath` is of another access token")
    jti = _text(claims, "jti")
    if not 0 < len(jti.encode("utf-8", "surrogatepass")) <= _MAX_JTI_BYTES:
        _refuse("`jti` is empty or too long")
    issued_at = _date(claims)
    if not now - rules.lifetime - skew <= issued_at <= now + skew:
        _refuse("`iat` is too long ago, or to come")
    nonce = _text(claims, "nonce") if "nonce" in claims else None
    return Proof(thumbprint_of(jwk), jti, issued_at, nonce)


def access_token_hash(token: str) -> str:
    """`ath` (RFC 9449 4.2)."""
    return encode_base64url(sha256(token.encode("ascii")).digest())


def _read(
    proof: str, rules: SenderRules
) -> tuple[CompactJws, VerificationKey, Mapping[str, object]]:
    if len(proof) > MAX_PROOF_CHARACTERS or not proof.isascii():
        _refuse("not a compact JWS")
    segments = proof.split(".")
    if len(segments) != 3:
        _refuse("not three segments")
    try:
        header_bytes, payload, signature = [decode_base64url(segment) for segment in segments]
    except ValueError:
        _refuse("not canonical base64url")
    header = read_json_object(header_bytes, malformed=Reason.PROOF_INVALID)
    if not _REFUSED_MEMBERS.isdisjoint(header):
        _refuse("refused header member")
    algorithm = _algorithm(header, rules)
    jwk = header.get("jwk")
    if not isinstance(jwk, dict):
        _refuse("no `jwk`")
    try:
        key = verification_key(jwk)
    except KeyNotUsableError as error:
        _refuse(f"its key is not usable: {error}")
    return CompactJws(proof, algorithm, None, payload, signature), key, jwk


def _algorithm(header: Mapping[str, object], rules: SenderRules) -> str:
    # RFC 9449 4.2: exactly this; media types ignore case (RFC 7515 4.1.9).
    typ = header.get("typ")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") != "dpop+jwt":
        _refuse("`typ` is not `dpop+jwt`")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        _refuse("algorithm not accepted")
    return algorithm


def _same_target(htu: str, url: CanonicalUrl) -> bool:
    """RFC 9449 4.3 (9): compared without query and fragment, after RFC 3986 6.2.2 and 6.2.3."""
    try:
        named = canonical_url(htu.partition("#")[0].partition("?")[0])
    except MalformedUrlError:
        return False
    return (named.refused, named.origin, named.path) == (None, url.origin, url.path)


def _text(claims: Mapping[str, object], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str):
        _refuse(f"`{name}` is not a string")
    return found


def _date(claims: Mapping[str, object]) -> float:
    found = claims.get("iat")
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < _MAX_DATE:
        _refuse("`iat` is not a NumericDate")
    return float(found)


def _refuse(detail: str) -> NoReturn:
    raise TokenRejectedError(Reason.PROOF_INVALID, detail=detail)
