"""The seam between a service and where its policies come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from deemster.policy.reading.files import PolicyFiles
from deemster.policy.snapshot import PolicySnapshot
from deemster.policyfeed.age import Confirmation, PolicyAge

__all__ = ["Candidate", "FeedFacts", "PolicyFeed", "Prepare"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Policies that may serve: compiled of these files, and tested."""

    snapshot: PolicySnapshot
    files: PolicyFiles


Prepare = Callable[[PolicyFiles], Candidate]
"""Files ► what may serve; takes its time. Raises PolicyError and SelfTestFailedError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFacts:
    """What operators are told. `source` is `tree`, `bundle` or `last-known-good`.

    `trouble` is why what serves could not be asked for, or kept, lately; None where all is well.
    """

    source: str
    sequence: int | None = None
    expires: float | None = None
    trouble: str | None = None


class PolicyFeed(Protocol):
    """Where policies come from. One caller at a time."""

    beside_settings: bool
    """Whether a reload takes policies and secret files together: both, or neither."""

    @property
    def age(self) -> PolicyAge | None:
        """None where nobody has to confirm anything: the tree is at hand."""
        ...

    async def first(self) -> Candidate:
        """What the service starts with.

        Raises PolicyError, SelfTestFailedError and ConfigurationError.
        """
        ...

    async def fresh(self) -> Candidate | None:
        """What should serve from now on; None where that is what serves.

        Raises PolicyError, SelfTestFailedError, BundleRefusedError and CallFailedError: then
        nothing has changed.
        """
        ...

    async def due(self) -> None:
        """Return when there may be something fresh; never where only a signal says so."""
        ...

    def facts(self) -> FeedFacts:
        """For `/ready`, `/version` and metrics."""
        ...

    def confirmation(self) -> Confirmation | None:
        """For other processes that serve the same policies."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
