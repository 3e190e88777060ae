"""Structure of a bearer token, looked at before any library sees it.

The JOSE libraries differ in what they let through (duplicate members, any `typ`, padded or
over-long base64url); behind this check they agree (RFC 8725 3; RFC 7515 4, 5.2, 10.12).
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.tokens.base64url import decode_base64url

__all__ = ["MAX_TOKEN_CHARACTERS", "CompactJws", "TokenType", "precheck", "read_json_object"]

MAX_TOKEN_CHARACTERS = 16_384

_MAX_DEPTH = 32
_MAX_KEY_ID_BYTES = 128
_MOST_HEADERS = 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# `crit` and `b64` change what is signed, `zip` inflates; the rest would let a token bring its own
# key or send us to fetch one. An honest access token has none of them, so each is refused rather
# than ignored: one rule, and nothing that a later reader could pick up.
_REFUSED_MEMBERS = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"})


class TokenType(Enum):
    """Which `typ` a provider takes (`tokenType:` in the settings)."""

    AT_JWT = "at+jwt"
    ANY = "any"


class CompactJws(msgspec.Struct, frozen=True, gc=False):
    """A token of sound structure, not believed: its payload is octets that nobody looked into.

    `repr` hides everything but the header.
    """

    token: str
    algorithm: str
    key_id: str | None
    payload: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"CompactJws(algorithm={self.algorithm!r}, key_id={self.key_id!r})"

    @property
    def signing_input(self) -> bytes:
        """What the signature is of (RFC 7515 2): the first two segments as they were sent."""
        return self.token[: self.token.rindex(".")].encode("ascii")


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
        payload, signature = decode_base64url(segments[1]), decode_base64url(segments[2])
        header = _header(segments[0])
    except ValueError:
        raise _malformed("not canonical base64url") from None
    algorithm, typ, key_id = header
    # RFC 8725 3.1: the accepted algorithms come from the provider's settings; "none" is in no
    # such list, whatever its spelling.
    if algorithm not in algorithms:
        raise TokenRejectedError(Reason.TOKEN_SIGNATURE_INVALID, detail="algorithm not accepted")
    # RFC 9068 4: "at+jwt" or "application/at+jwt"; RFC 7515 4.1.9: media types ignore case.
    if token_type is TokenType.AT_JWT and typ != "at+jwt":
        raise TokenRejectedError(Reason.TOKEN_TYPE_REJECTED)
    return CompactJws(token, algorithm, key_id, payload, signature)


class _Header(NamedTuple):
    """`typ` without case and without `application/`."""

    algorithm: str
    typ: str | None
    key_id: str | None


@lru_cache(maxsize=_MOST_HEADERS)
def _header(segment: str) -> _Header:
    """What a header segment says. Raises ValueError, TokenRejectedError (`token-malformed`).

    Cache: issuers write one header for each of their keys. Key: the text of the segment; bound:
    256 segments, the least lately used goes first; no TTL, for it is a function of the text;
    what is refused is not kept.
    """
    header = read_json_object(decode_base64url(segment), malformed=Reason.TOKEN_MALFORMED)
    if not _REFUSED_MEMBERS.isdisjoint(header):
        raise _malformed("refused header member")
    algorithm, typ = header.get("alg"), header.get("typ")
    if not isinstance(algorithm, str):
        raise _malformed("no `alg`")
    if typ is not None and not isinstance(typ, str):
        raise _malformed("`typ` is not a string")
    plain = None if typ is None else typ.lower().removeprefix("application/")
    return _Header(algorithm, plain, _key_id(header))


def read_json_object(data: bytes, *, malformed: Reason) -> dict[str, object]:
    """A strict JSON object, at most 32 deep; else TokenRejectedError with reason `malformed`."""
    try:
        value = read_strict_json(data, max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise TokenRejectedError(malformed, detail=error.reason) from None
    if not isinstance(value, dict):
        raise TokenRejectedError(malformed, detail="not a JSON object")
    return value


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
