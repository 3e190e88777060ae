"""Whether an accepted token was revoked since: looked at on every use, also of a remembered one."""

from __future__ import annotations

from collections.abc import Container

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import VerifiedClaims
from deemster.sharedstate.revocations import RevocationMirror

__all__ = ["RevocationCheck"]


class RevocationCheck:
    """For the tokens of `providers`; those of others are not looked up."""

    __slots__ = ("_mirror", "_providers")

    def __init__(self, mirror: RevocationMirror, providers: Container[str]) -> None:
        self._mirror = mirror
        self._providers = providers

    def check(self, claims: VerifiedClaims) -> None:
        """Raises TokenRejectedError (`token-revoked`), DependencyUnavailableError."""
        if claims.provider not in self._providers:
            return
        issued_at = claims.claims.get("iat")
        when = float(issued_at) if isinstance(issued_at, int | float) else None
        if self._mirror.is_revoked(claims.provider, claims.claims, when):
            raise TokenRejectedError(Reason.TOKEN_REVOKED)
