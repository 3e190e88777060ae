"""Structure of a bearer token, looked at before any library sees it.

The JOSE libraries differ in what they let through (duplicate members, any `typ`, padded or
over-long base64url); behind this check they agree (RFC 8725 3; RFC 7515 4, 5.2, 10.12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.tokens.base64url import decode_base64url

__all__ = ["MAX_TOKEN_CHARACTERS", "CompactJws", "TokenType", "precheck", "read_json_object"]

MAX_TOKEN_CHARACTERS = 16_384

_MAX_DEPTH = 32
_MAX_KEY_ID_BYTES = 128
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# `crit` and `b64` change what is signed, `zip` inflates; the rest would let a token bring its own
# key or send us to fetch one. An honest access token has none of them, so each is refused rather
# than ignored: one rule, and nothing that a later reader could pick up.
_REFUSED_MEMBERS = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"})


class TokenType(Enum):
    """Which `typ` a provider takes (`tokenType:` in the settings)."""

    AT_JWT = "at+jwt"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class CompactJws:
    """A token of sound structure, not believed: its payload is not even read yet."""

    token: str = field(repr=False)
    algorithm: str
    key_id: str | None
    signature: bytes = field(repr=False)


def precheck(token: str, *, algorithms: frozenset[str], token_type: TokenType) -> CompactJws:
    """Refuse whatever is not a plain JWS in compact serialisation with a header we understand.

    Raises TokenRejectedError: `token-signature-invalid` for an algorithm outside `algorithms`
    (compared exactly), `token-type-rejected` for another `typ`, else `token-malformed`.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise _malformed("longer than 16 kB")
    if not token.isascii():
        raise _malformed("not ASCII")
    segments = token.split(".")
    # Five segments would be a JWE (RFC 7516 9): encrypted tokens are not taken.
    if len(segments) != 3:
        raise _malformed("not three segments")
    try:
        header_bytes, _, signature = [decode_base64url(segment) for segment in segments]
    except ValueError:
        raise _malformed("not canonical base64url") from None
    header = read_json_object(header_bytes, malformed=Reason.TOKEN_MALFORMED)
    if not _REFUSED_MEMBERS.isdisjoint(header):
        raise _malformed("refused header member")
    algorithm = _algorithm(header, algorithms)
    _check_type(header, token_type)
    return CompactJws(token, algorithm, _key_id(header), signature)


def read_json_object(data: bytes, *, malformed: Reason) -> dict[str, object]:
    """A strict JSON object, at most 32 deep; else TokenRejectedError with reason `malformed`."""
    try:
        value = read_strict_json(data, max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise TokenRejectedError(malformed, detail=error.reason) from None
    if not isinstance(value, dict):
        raise TokenRejectedError(malformed, detail="not a JSON object")
    return value


def _algorithm(header: dict[str, object], algorithms: frozenset[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise _malformed("no `alg`")
    # RFC 8725 3.1: the accepted algorithms come from the provider's settings; "none" is in no
    # such list, whatever its spelling.
    if algorithm not in algorithms:
        raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID, detail="algorithm not accepted")
    return algorithm


def _check_type(header: dict[str, object], token_type: TokenType) -> None:
    found = header.get("typ")
    if found is not None and not isinstance(found, str):
        raise _malformed("`typ` is not a string")
    if token_type is TokenType.ANY:
        return
    # RFC 9068 4: "at+jwt" or "application/at+jwt"; RFC 7515 4.1.9: media types ignore case.
    if found is None or found.lower().removeprefix("application/") != "at+jwt":
        raise TokenRejectedError(Reason.TOKEN_TYPE_REJECTED)


def _key_id(header: dict[str, object]) -> str | None:
    if "kid" not in header:
        return None
    key_id = header["kid"]
    if not isinstance(key_id, str):
        raise _malformed("`kid` is not a string")
    if len(key_id.encode()) > _MAX_KEY_ID_BYTES or _CONTROL.search(key_id) is not None:
        raise _malformed("`kid` is too long or has control characters")
    return key_id


def _malformed(detail: str) -> TokenRejectedError:
    return TokenRejectedError(Reason.TOKEN_MALFORMED, detail=detail)
