"""Policies from signed bundles: fetched, verified, compiled, tested, kept, and then served.

    start   the last known good bundle from disk, else the source; neither: no start
    poll    fetch ► verify ► compile ► self-test ► keep on disk ► (swap, by the caller)

A bundle that is refused at any step changes nothing: what served goes on. Only an answer that was
verified confirms it: a 304 to the entity tag of what serves, or the same bundle once more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

from deemster.bundles.keys import BundleKeys
from deemster.bundles.verifying import VerifiedBundle, verify_bundle
from deemster.errors import (
    BundleRefusedError,
    ConfigurationError,
    PolicyError,
    SelfTestFailedError,
)
from deemster.model.clock import Clock
from deemster.outgoing.failures import CallFailedError
from deemster.policy.reading.files import files_from_memory
from deemster.policyfeed.age import Confirmation, PolicyAge
from deemster.policyfeed.feed import Candidate, FeedFacts, Prepare
from deemster.policyfeed.last_known_good import KeptBundle, KeptState, LastKnownGood
from deemster.policyfeed.sources import BundleSource, Fetched

__all__ = ["BundleFeed", "FeedReports"]

_MOST_BACK_OFF = 60.0
_JITTER = 0.1
_NOTED_EVERY = 60.0
"""Seconds between two notes on disk that the source confirmed what serves: after a restart the
policies count as at most that much older than they are."""


class FeedReports(Protocol):
    """Who is told what happens between two answers; counters and log lines."""

    def polled(self, outcome: str) -> None:
        """`changed`, `unchanged`, `refused` or `failed`."""
        ...

    def source_changed(self, failure: str | None) -> None:
        """The source stopped answering, or (None) answers again."""
        ...

    def last_known_good_damaged(self, text: str) -> None:
        """A bundle that was kept cannot be used."""
        ...

    def started_from_last_known_good(self, sequence: int, age: float) -> None:
        """Nobody has confirmed it for `age` seconds."""
        ...

    def not_kept(self, text: str) -> None:
        """What serves could not be written to disk."""
        ...


class BundleFeed:
    """Bundles of one source; satisfies PolicyFeed."""

    beside_settings = False

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        *,
        source: BundleSource,
        shown_source: str,
        keys: BundleKeys,
        environment: str,
        kept: LastKnownGood,
        prepare: Prepare,
        age: PolicyAge,
        poll: float,
        clock: Clock,
        reports: FeedReports,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        drawn: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._shown_source = shown_source
        self._keys = keys
        self._environment = environment
        self._kept = kept
        self._prepare = prepare
        self._age = age
        self._poll = poll
        self._clock = clock
        self._reports = reports
        self._sleep = sleep
        self._drawn = drawn
        self._serving: VerifiedBundle | None = None
        self._state: KeptState | None = None
        self._is_confirmed = False
        self._noted_at = float("-inf")
        self._not_kept: bytes | None = None
        self._failures = 0
        self._source_failure: str | None = None
        self._polls_at_once = False

    @property
    def age(self) -> PolicyAge:
        """See PolicyFeed."""
        return self._age

    async def first(self) -> Candidate:
        """See PolicyFeed."""
        await asyncio.to_thread(self._kept.open)
        self._state = await asyncio.to_thread(self._kept.state)
        found, wrong = await asyncio.to_thread(self._kept.read, self._keys)
        for text in wrong:
            self._reports.last_known_good_damaged(text)
        if found is not None:
            candidate = await self._from_disk(found)
            if candidate is not None:
                # What the source has by now is asked for as soon as this serves.
                self._polls_at_once = True
                return candidate
        return await self._from_source(wrong)

    async def fresh(self) -> Candidate | None:
        """See PolicyFeed."""
        try:
            candidate = await self._asked()
        except CallFailedError as failed:
            self._failures += 1
            self._reports.polled("failed")
            self._tell_of_source(str(failed))
            raise
        except (BundleRefusedError, PolicyError, SelfTestFailedError):
            self._failures += 1
            self._reports.polled("refused")
            self._tell_of_source(None)
            raise
        self._failures = 0
        self._tell_of_source(None)
        self._reports.polled("unchanged" if candidate is None else "changed")
        return candidate

    async def due(self) -> None:
        """See PolicyFeed."""
        if self._polls_at_once:
            self._polls_at_once = False
            return
        # A source that is down, or has something bad, is asked less and less often; replicas
        # that were started together do not ask together.
        most = max(self._poll, _MOST_BACK_OFF)
        pause = min(self._poll * 2.0 ** min(self._failures, 16), most)
        await self._sleep(pause * (1.0 + _JITTER * (2.0 * self._drawn() - 1.0)))

    def facts(self) -> FeedFacts:
        """See PolicyFeed."""
        manifest = None if self._serving is None else self._serving.manifest
        trouble = self._source_failure
        if self._not_kept is not None:
            trouble = "the bundle that serves could not be written to `policies.bundle.cache`"
        return FeedFacts(
            source="bundle" if self._is_confirmed else "last-known-good",
            sequence=None if manifest is None else manifest.sequence,
            expires=None if manifest is None else manifest.expires,
            trouble=trouble,
        )

    def confirmation(self) -> Confirmation | None:
        """See PolicyFeed."""
        return self._age.confirmation

    def renew(self, keys: BundleKeys, headers: Mapping[str, str] | None) -> None:
        """Whom bundles are believed, and what the source is asked with, from here on."""
        self._keys = keys
        if headers is not None:
            self._source.replace_headers(headers)

    async def close(self) -> None:
        """See PolicyFeed."""
        await self._source.close()

    # --- the start ------------------------------------------------------------------------------

    async def _from_disk(self, kept: KeptBundle) -> Candidate | None:
        try:
            candidate = await self._prepared(kept.bundle)
        except (PolicyError, SelfTestFailedError) as refused:
            # It was good with other settings, or by another release.
            self._reports.last_known_good_damaged(f"`{kept.file}` is not taken: {refused.message}")
            return None
        manifest, state = kept.bundle.manifest, self._state
        # Of a bundle that nothing is noted of, its own date is the last that is known.
        confirmed = manifest.issued_at if state is None else state.confirmed(kept.bundle)
        age = max(0.0, self._clock.wall() - confirmed)
        if state is None or state.newest < manifest.sequence:
            self._state = self._state_of(kept.bundle, None, confirmed)
        self._serving = kept.bundle
        self._age.confirmation = Confirmation(
            self._clock.monotonic() - age, manifest.expires, manifest.sequence
        )
        self._reports.started_from_last_known_good(manifest.sequence, age)
        return candidate

    async def _from_source(self, wrong: list[str]) -> Candidate:
        kept = "; ".join(wrong) or "none is kept in `policies.bundle.cache`"
        try:
            candidate = await self._asked()
        except CallFailedError as failed:
            raise ConfigurationError(
                f"there is no policy bundle to start with: `{self._shown_source}` {failed}, and "
                f"{kept}"
            ) from None
        except BundleRefusedError as refused:
            raise ConfigurationError(
                f"there is no policy bundle to start with: {refused.message} (from "
                f"`{self._shown_source}`); {kept}"
            ) from None
        if candidate is None:  # pragma: no cover  (nothing was known that it could be unchanged to)
            raise ConfigurationError("the source of policy bundles says that nothing has changed")
        self._reports.polled("changed")
        return candidate

    # --- one poll -------------------------------------------------------------------------------

    async def _asked(self) -> Candidate | None:
        serving, state = self._serving, self._state
        # INVARIANT: an entity tag is sent only where it names the octets that serve.
        known = None
        if serving is not None and state is not None and state.digest == serving.digest:
            known = state.etag
        fetched = await self._source.fetch(known)
        if fetched is None:
            await self._confirmed(known)
            return None
        bundle = await asyncio.to_thread(self._verified, fetched.octets)
        if serving is not None and bundle.digest == serving.digest:
            await self._confirmed(fetched.etag)
            return None
        candidate = await self._prepared(bundle)
        await self._keep(bundle, fetched)
        self._serving = bundle
        self._take_confirmation(bundle)
        return candidate

    def _verified(self, octets: bytes) -> VerifiedBundle:
        state = self._state
        return verify_bundle(
            octets,
            keys=self._keys,
            environment=self._environment,
            now=self._clock.wall(),
            newest=None if state is None else state.newest,
            newest_digest=None if state is None else state.digest,
        )

    async def _prepared(self, bundle: VerifiedBundle) -> Candidate:
        shown = f"bundle {bundle.manifest.sequence}"
        files = files_from_memory(bundle.files, shown_under=shown)
        return await asyncio.to_thread(self._prepare, files)

    async def _confirmed(self, etag: str | None) -> None:
        if self._serving is None or self._state is None:
            return
        self._take_confirmation(self._serving)
        tag_is_new = self._state.etag != etag
        if tag_is_new:
            self._state = replace(self._state, etag=etag)
        if self._not_kept is not None:
            await self._keep(self._serving, Fetched(self._not_kept, etag))
        elif tag_is_new or self._clock.monotonic() - self._noted_at >= _NOTED_EVERY:
            await self._note()

    def _take_confirmation(self, bundle: VerifiedBundle) -> None:
        self._is_confirmed = True
        self._age.confirmation = Confirmation(
            self._clock.monotonic(), bundle.manifest.expires, bundle.manifest.sequence
        )

    # --- the disk -------------------------------------------------------------------------------

    async def _keep(self, bundle: VerifiedBundle, fetched: Fetched) -> None:
        """On disk before it serves: what was served once is known after any restart.

        Where that fails it serves all the same, because what it forbids should be forbidden now,
        and it is tried again at every poll.
        """
        state = self._state = self._state_of(bundle, fetched.etag, self._clock.wall())
        try:
            await asyncio.to_thread(self._kept.keep, fetched.octets, state)
        except OSError as error:
            self._not_kept = fetched.octets
            self._reports.not_kept(error.strerror or type(error).__name__)
            return
        self._not_kept = None
        self._noted_at = self._clock.monotonic()

    def _state_of(self, bundle: VerifiedBundle, etag: str | None, confirmed_at: float) -> KeptState:
        before = self._state
        previous = None
        if before is not None:
            same = before.digest == bundle.digest
            previous = before.previous if same else (before.digest, before.confirmed_at)
        return KeptState(
            environment=self._environment,
            newest=bundle.manifest.sequence,
            digest=bundle.digest,
            confirmed_at=confirmed_at,
            etag=etag,
            previous=previous,
        )

    async def _note(self) -> None:
        state = self._state
        if state is None:
            return
        noted = self._state = replace(state, confirmed_at=self._clock.wall())
        try:
            await asyncio.to_thread(self._kept.note, noted)
        except OSError as error:
            self._reports.not_kept(error.strerror or type(error).__name__)
            return
        self._noted_at = self._clock.monotonic()

    def _tell_of_source(self, failure: str | None) -> None:
        if (failure is None) != (self._source_failure is None):
            self._reports.source_changed(failure)
        self._source_failure = failure
