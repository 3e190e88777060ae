"""The policies that serve, from their first load on: taken, refused, too old, confirmed again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deemster.errors import (
    BundleRefusedError,
    ConfigurationError,
    PolicyError,
    SelfTestFailedError,
)
from deemster.management.status import PolicyStatus
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.outgoing.failures import CallFailedError
from deemster.policy.reading.files import PolicyFiles
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore
from deemster.policyfeed.feed import PolicyFeed
from deemster.policyfeed.given_feed import GivenFeed, SharedPolicies
from deemster.settings.policy_model import WhenTooOld
from deemster.telemetry.policy_figures import PolicyFigures
from deemster.telemetry.policy_reports import PolicyReports

__all__ = ["ServingPolicies", "told_of", "with_first_finding"]

_SETTINGS = "settings"
_LOOK_AT_AGE = 1.0
"""Seconds between two looks at how old policies are."""


class ServingPolicies:
    """One store, what feeds it, and what is told of both."""

    def __init__(
        self,
        *,
        store: PolicyStore,
        feed: PolicyFeed,
        when_too_old: WhenTooOld,
        figures: PolicyFigures,
        reports: PolicyReports,
        clock: Clock,
    ) -> None:
        self._store = store
        self._feed = feed
        self._when_too_old = when_too_old
        self._figures = figures
        self._reports = reports
        self._clock = clock
        self._files: PolicyFiles | None = None
        self._refused: dict[bool, str] = {}
        """Whether it is about settings ► why the last reload was refused."""
        self._too_old: str | None = None
        self._taking = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        if feed.age is not None:
            figures.bundle = self

    # --- what is told ---------------------------------------------------------------------------

    @property
    def beside_settings(self) -> bool:
        """Whether policies and secret files are taken together."""
        return self._feed.beside_settings

    @property
    def revision(self) -> str | None:
        """Of what was loaded last, whether it may decide or not."""
        return None if self._store.loaded is None else self._store.loaded.revision

    @property
    def degraded(self) -> str | None:
        """Why something is not as it should be."""
        too_old = self._too_old if self._when_too_old is not WhenTooOld.SERVE else None
        return next(iter(self._refused.values()), too_old)

    @property
    def status(self) -> PolicyStatus:
        """For `/ready` and `/version`."""
        facts, age = self._feed.facts(), self._feed.age
        return PolicyStatus(
            source=facts.source,
            sequence=facts.sequence,
            age=None if age is None else age.seconds,
            expires=facts.expires,
            too_old=self._too_old,
            trouble=facts.trouble,
        )

    @property
    def sequence(self) -> int:
        """See BundleFigures."""
        return self._feed.facts().sequence or 0

    @property
    def age(self) -> float:
        """See BundleFigures."""
        return (self._feed.age.seconds if self._feed.age is not None else None) or 0.0

    @property
    def expires(self) -> float:
        """See BundleFigures."""
        return self._feed.facts().expires or 0.0

    @property
    def is_too_old(self) -> bool:
        """See BundleFigures."""
        return self._too_old is not None

    # --- what is done ---------------------------------------------------------------------------

    async def load(self) -> PolicySnapshot:
        """The first load. Raises PolicyError, SelfTestFailedError and ConfigurationError."""
        candidate = await self._feed.first()
        self._files = candidate.files
        self._store.take(candidate.snapshot)
        self._figures.loaded_at = self._clock.wall()
        self.look_at_age()
        if self._feed.age is not None:
            self._looking = asyncio.create_task(self._look_on())
        return candidate.snapshot

    async def due(self) -> None:
        """Return when there may be other policies; never where only a signal says so."""
        await self._feed.due()

    async def take_fresh(self, taken: Callable[[PolicySnapshot], None]) -> bool:
        """Take what there is now, all or nothing. False: it was refused, and what served serves.

        `taken` is told what was swapped in, if anything was.
        """
        async with self._taking:
            try:
                candidate = await self._feed.fresh()
            except CallFailedError:
                # What serves is as good as before, and gets older; the feed has told of it.
                self.look_at_age()
                return True
            except Exception as failure:  # noqa: BLE001  (the old policies serve, whatever it was)
                self.refuse(*told_of(failure))
                self.look_at_age()
                return False
            if candidate is not None:
                self._files = candidate.files
                # One reference: a decision sees all of the one or all of the other.
                self._store.take(candidate.snapshot)
                self._figures.loaded_at = self._clock.wall()
                self._reports.taken()
                taken(candidate.snapshot)
            self._refused.pop(False, None)
            self.look_at_age()
            return True

    def refuse(self, cause: str, reason: str) -> None:
        """A reload is refused: nothing has changed."""
        self._refused[cause == _SETTINGS] = reason
        # Somebody who asked for a reload is told each time, a poll says the same only once.
        is_asked = cause == _SETTINGS or self.beside_settings
        self._reports.refused(cause, reason, again=is_asked)
        self._figures.degraded = True

    def settings_taken(self) -> None:
        """Secrets and the like were renewed."""
        self._refused.pop(True, None)
        if not self.beside_settings:
            self._reports.taken()
        self.look_at_age()

    def look_at_age(self) -> None:
        """Do as the settings say where policies are too old, and take it back where not."""
        age = self._feed.age
        too_old = None if age is None else age.too_old
        if (too_old is None) != (self._too_old is None):
            self._reports.age_changed(too_old, self._when_too_old.value)
            if self._when_too_old is WhenTooOld.DENY:
                if too_old is None:
                    self._store.restore()
                else:
                    self._store.withdraw(Reason.POLICY_TOO_OLD)
        self._too_old = too_old
        self._figures.degraded = self.degraded is not None

    def shared(self) -> SharedPolicies:
        """What other processes of this service are to serve."""
        return SharedPolicies(self._files, self._feed.confirmation(), self.revision)

    def give(self, given: SharedPolicies) -> None:
        """What the supervisor serves; taken by `take_fresh`."""
        if not isinstance(self._feed, GivenFeed):
            raise TypeError("this process loads its own policies")
        self._feed.give(given)
        self.look_at_age()

    async def close(self) -> None:
        """Look no more, and let go of connections."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))
        await self._feed.close()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_AGE)
            self.look_at_age()


def told_of(failure: Exception) -> tuple[str, str]:
    """(cause, reason) as counted and told."""
    if isinstance(failure, PolicyError):
        return "policy", with_first_finding(failure)
    if isinstance(failure, SelfTestFailedError):
        return "self-test", f"the policies failed their self-test: {failure.message}"
    if isinstance(failure, BundleRefusedError):
        return failure.cause.value, failure.message
    if isinstance(failure, ConfigurationError):
        return _SETTINGS, failure.message
    return "fault", f"the policy tree could not be loaded: {type(failure).__name__}"


def with_first_finding(refused: PolicyError | ConfigurationError) -> str:
    """The message, and the place of what is wrong first."""
    found = refused.diagnostics
    first = None if found is None else next(iter(found.errors), None)
    return refused.message if first is None else f"{refused.message}: {first.span}: {first.message}"
