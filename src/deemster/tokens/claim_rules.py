"""What registered claims must look like, whoever vouches for them (RFC 7519 4.1, RFC 9068 2.2)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from deemster.errors import ConfigurationError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Confirmation

__all__ = ["CHECKED_CLAIMS", "MAX_SKEW", "ClaimNames", "ClaimReader", "TokenTimes", "checked_skew"]

MAX_SKEW = 60.0

# RFC 7519 2: NumericDate. Above 2^53 two readers of one JSON number may differ (RFC 8259 6).
_MAX_DATE = 2**53
# RFC 9449 6.1 and RFC 8705 3.1: SHA-256 in base64url without padding.
_CONFIRMATIONS = frozenset({"jkt", "x5t#S256"})
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_STRINGS = ("iss", "sub", "client_id", "azp", "jti", "acr")
_DATES = ("exp", "nbf", "iat", "auth_time")
CHECKED_CLAIMS = frozenset({*_STRINGS, *_DATES, "aud", "scope"})
"""Claims that have their type, where they are there, in every accepted claim set."""


class ClaimNames(NamedTuple):
    """Which claims a provider reads (`scopeClaim`, `permissionsClaim`, `userClaim`)."""

    scope: str = "scope"
    permissions: str | None = None
    user: str = "sub"


class TokenTimes(msgspec.Struct, frozen=True, gc=False):
    """Bounds in epoch seconds, as claimed; None where the claim is absent."""

    expires_at: float | None
    not_before: float | None
    issued_at: float | None

    @property
    def valid_from(self) -> float:
        """The latest of `nbf` and `iat`: RFC 7519 4.1.5; a token from the future is not ours."""
        return max(self.not_before or 0.0, self.issued_at or 0.0)


class ClaimReader:
    """Reads one claim set; a claim of the wrong shape is refused with `malformed`."""

    __slots__ = ("_claims", "_malformed")

    def __init__(self, claims: Mapping[str, object], *, malformed: Reason) -> None:
        """Checks every registered claim that is present, read by a policy or not."""
        self._claims = claims
        self._malformed = malformed
        for name in _STRINGS:
            self._string(name)
        for name in _DATES:
            self._date(name)

    @property
    def issuer(self) -> str | None:
        """`iss`."""
        return self._string("iss")

    @property
    def client_id(self) -> str | None:
        """`client_id` (RFC 9068 2.2), or `azp` where that is how the issuer spells it."""
        client_id = self._string("client_id")
        return client_id if client_id is not None else self._string("azp")

    @property
    def times(self) -> TokenTimes:
        """`exp`, `nbf` and `iat`."""
        return TokenTimes(self._date("exp"), self._date("nbf"), self._date("iat"))

    def audiences(self) -> frozenset[str]:
        """`aud`, one string or a list of strings; absent is the empty set."""
        found = self._claims.get("aud", [])
        return frozenset([found]) if isinstance(found, str) else self._strings("aud", found)

    def scopes(self, name: str) -> frozenset[str]:
        """A string split on single spaces (RFC 6749 3.3) or a list; absent is the empty set."""
        found = self._claims.get(name, [])
        names = found.split(" ") if isinstance(found, str) else found
        return self._strings(name, names) - {""}

    def permissions(self, name: str | None) -> frozenset[str] | None:
        """The list of strings under `name`; absent is the empty set, no `name` is None."""
        return None if name is None else self._strings(name, self._claims.get(name, []))

    def confirmation(self) -> Confirmation | None:
        """`cnf`, None where there is none.

        What nobody here can check (`jwk`, `jwe`, `kid`, …), or is no thumbprint, is refused as
        `binding-failed`: a token is not worth more than its issuer meant.
        """
        if "cnf" not in self._claims:
            return None
        found = self._claims["cnf"]
        if not isinstance(found, dict) or not found or not found.keys() <= _CONFIRMATIONS:
            raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound by unknown means")
        for value in found.values():
            if not isinstance(value, str) or not _THUMBPRINT.fullmatch(value):
                raise TokenRejectedError(Reason.BINDING_FAILED, detail="bound to no thumbprint")
        return Confirmation(found.get("jkt"), found.get("x5t#S256"))

    def user_id(self, name: str, *, absent: Reason) -> str | None:
        """The directory key under `name`; None for a client token (no `sub`, or the client's).

        A user token without that claim is refused with `absent`.
        """
        subject = self._string("sub")
        if subject is None or subject == self.client_id:
            return None
        user_id = self._string(name)
        if user_id is None:
            raise TokenRejectedError(absent, detail=f"no `{name}`")
        if not user_id:
            raise TokenRejectedError(self._malformed, detail=f"`{name}` is empty")
        return user_id

    def _string(self, name: str) -> str | None:
        if name not in self._claims:
            return None
        found = self._claims[name]
        if not isinstance(found, str):
            raise self._refusal(name, "a string")
        return found

    def _strings(self, name: str, found: object) -> frozenset[str]:
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise self._refusal(name, "a string or a list of strings")
        return frozenset(found)

    def _date(self, name: str) -> float | None:
        if name not in self._claims:
            return None
        found = self._claims[name]
        # INVARIANT: bool is an int to Python and must not be one here; NaN fails every comparison.
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self._refusal(name, "a number")
        if not 0 <= found < _MAX_DATE or not math.isfinite(found):
            raise self._refusal(name, "a NumericDate")
        return float(found)

    def _refusal(self, name: str, expected: str) -> TokenRejectedError:
        return TokenRejectedError(self._malformed, detail=f"`{name}` is not {expected}")


def checked_skew(skew: float) -> float:
    """`skew` in seconds if clocks may differ that much, else ConfigurationError."""
    if not 0 <= skew <= MAX_SKEW:
        raise ConfigurationError(f"`skew` is {skew:g} s; expected 0 s to {MAX_SKEW:g} s")
    return skew
