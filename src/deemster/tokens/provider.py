"""The seam between the decision point and whatever vouches for an end user's claims."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Protocol

from deemster.model.identity import Credential, VerifiedClaims
from deemster.model.sender import SenderRules

__all__ = ["ProviderKind", "TokenProvider"]


class ProviderKind(Enum):
    """Seed 0: internal tokens are verified here and their users known here; external are not."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class TokenProvider(Protocol):
    """One entry of `tokenProviders:`. One suite in tests/contract/ is passed by every one.

    `now` is the decision's instant in epoch seconds; `audience` the API service's, None where
    the service declares none (external, asserted).
    """

    @property
    def id(self) -> str:
        """As the settings and the policy tree name it."""
        ...

    @property
    def kind(self) -> ProviderKind:
        """Internal or external."""
        ...

    @property
    def skew(self) -> float:
        """Tolerance for clocks in seconds; used for tokens and `maxAge` alike."""
        ...

    @property
    def verifies_credentials(self) -> bool:
        """False where only a gateway can vouch (external, `claims: asserted`)."""
        ...

    @property
    def senders(self) -> SenderRules:
        """What whoever presents a token must prove, unless the API service says otherwise."""
        ...

    def recall(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """The claims of a token accepted before and still good; None means ask `verify`.

        Neither here nor there is it looked at who presents it: that is `sender_constraints`.

        Synchronous: the decision's common path. Raises TokenRejectedError where the remembered
        token is accepted no longer (expired, wrong audience for this service).
        """
        ...

    def verify_at_hand(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims | None:
        """As `verify`, where nothing has to be awaited for it; None means ask `verify`.

        Synchronous. Raises TokenRejectedError.
        """
        ...

    async def verify(
        self, credential: Credential, *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """Verify from scratch, fetching keys where needed.

        Raises TokenRejectedError or DependencyUnavailableError; nothing else, whatever the token.
        """
        ...

    def accept(
        self, asserted: Mapping[str, object], *, audience: str | None, now: float
    ) -> VerifiedClaims:
        """Claims that an authenticated gateway, entitled to assert them, says it verified.

        Raises TokenRejectedError (`claims-malformed`, `token-inactive`, `token-expired`, …).
        """
        ...
