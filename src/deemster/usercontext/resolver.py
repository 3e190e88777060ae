"""Subject of an internal provider's token ► user context, part by part and only as far as read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, replace

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.clock import Clock
from deemster.model.decision import Reason
from deemster.model.identity import (
    NOT_FETCHED,
    Credential,
    UserContext,
    UserPart,
    VerifiedClaims,
)
from deemster.outgoing.single_flight import SingleFlight
from deemster.usercontext.cache import PartValue, RefusalCache, UserCache, UserKey
from deemster.usercontext.claims import ClaimsDirectory
from deemster.usercontext.counters import DirectoryCounters, DirectoryOutcome
from deemster.usercontext.source import OneAnswerSource, Presented, TokenUserSource, UserSource

__all__ = ["UserResolver"]


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a directory gave no answer; each waiter makes its own exception of it."""

    directory: str
    detail: str

    def error(self) -> DependencyUnavailableError:
        return DependencyUnavailableError(self.directory, detail=self.detail)


_Flight = tuple[UserKey, Credential | None]
"""Whoever asks with a token of its own waits for no other token's answer."""

MOST_CHANGED = 10_000
_LONG_AGO = float("-inf")
_NOBODY = "warm-up"
"""A subject whose answer is not looked at."""


class UserResolver:
    """The directories of all internal providers, behind one cache.

    Whether a user exists and is enabled is looked at for every user token; groups, roles and
    attributes only when a policy reads them. An unavailable directory is never an empty answer.
    """

    def __init__(  # noqa: PLR0913  (its parts, each by keyword)
        self,
        sources: Mapping[str, UserSource],
        *,
        clock: Clock,
        token_sources: Mapping[str, TokenUserSource] | None = None,
        claims_directories: Mapping[str, ClaimsDirectory] | None = None,
        ttl: float = 60.0,
        ttls: Mapping[str, float] | None = None,
        refusal_ttl: float = 5.0,
        timeout: float = 0.3,
        max_users: int = 50_000,
        counters: DirectoryCounters | None = None,
    ) -> None:
        """`sources` by token provider id; times in seconds, `timeout` for each question.

        A provider has one source: one of `sources`, of `token_sources`, which are asked with the
        user's token, or of `claims_directories`, which are not asked at all.

        `ttls`: the lifetime of what one provider's directory said, where it is not `ttl`.
        """
        self._sources = dict(sources)
        self._token_sources = dict(token_sources or {})
        self._claims_directories = dict(claims_directories or {})
        self._clock = clock
        self._timeout = timeout
        self._counters = counters or DirectoryCounters()
        self._users = UserCache(ttl=ttl, ttls=ttls or {}, max_users=max_users)
        self._refusals = RefusalCache(
            ttl=min(refusal_ttl, ttl), ttls=ttls or {}, max_users=max_users
        )
        self._changed: dict[UserKey, float] = {}
        self._all_changed: dict[str, float] = {}
        self._looks: SingleFlight[_Flight, UserContext | Reason | _Failure] = SingleFlight()
        self._fetches: SingleFlight[tuple[_Flight, UserPart], PartValue | _Failure] = SingleFlight()

    def recall(
        self, provider: str, subject: str, claims: VerifiedClaims | None = None
    ) -> UserContext | None:
        """A user looked at lately, with the parts known so far; None means ask `resolve`.

        `claims` are those of the user's token, None where nobody showed one. Raises
        DependencyUnavailableError where they are the directory, and are none.
        """
        directory = self._claims_directories.get(provider)
        if directory is not None:
            return directory.user(subject, claims)
        return self._users.get((provider, subject), self._clock.monotonic())

    @property
    def caches(self) -> Mapping[str, UserCache | RefusalCache]:
        """What is remembered, by what it is."""
        return {"users": self._users, "refused-users": self._refusals}

    def asks_with_token(self, provider: str) -> bool:
        """Whether `resolve` and `fetch` need the user's token to ask."""
        return provider in self._token_sources

    async def resolve(
        self, provider: str, subject: str, presented: Presented | None = None
    ) -> UserContext:
        """The user, with the parts known so far.

        Raises TokenRejectedError (`user-unknown`, `user-disabled`) or DependencyUnavailableError.
        """
        key = (provider, subject)
        now = self._clock.monotonic()
        known = self._users.renewed(key, now)
        if known is not None:
            return known
        refused = self._refusals.get(key, now)
        if refused is not None:
            raise TokenRejectedError(refused)
        source = self._source(provider, presented)
        flight = self._flight(key, presented)
        found = await self._looks.run(flight, lambda: self._look(key, source))
        if isinstance(found, _Failure):
            raise found.error()
        if isinstance(found, Reason):
            raise TokenRejectedError(found)
        return found

    async def fetch(
        self,
        provider: str,
        user: UserContext,
        parts: frozenset[UserPart],
        presented: Presented | None = None,
        claims: VerifiedClaims | None = None,
    ) -> UserContext:
        """`user` with these parts fetched; one that cannot be had is its exception.

        Parts that `user` holds already, failures included, are not asked for again: one decision
        sees one answer. Raises as `recall`.
        """
        directory = self._claims_directories.get(provider)
        if directory is not None:
            return directory.user(user.id, claims)
        wanted = [part for part in UserPart if part in parts and _part(user, part) is NOT_FETCHED]
        key = (provider, user.id)
        found = await asyncio.gather(*[self._part_of(key, part, presented) for part in wanted])
        values = {part.value: value for part, value in zip(wanted, found, strict=True)}
        return replace(user, **values)  # type: ignore[arg-type] # named by UserPart

    def forget(self, providers: Iterable[str], subject: str | None) -> None:
        """A user was changed, or (None) anybody may have been: nothing of before is used again.

        What is being asked right now is not kept either: it may be an answer of before.
        """
        now = self._clock.monotonic()
        for provider in providers:
            if subject is None or len(self._changed) >= MOST_CHANGED:
                self._all_changed[provider] = now
                self._users.clear(provider)
                self._refusals.clear(provider)
                self._changed = {k: at for k, at in self._changed.items() if k[0] != provider}
            if subject is not None:
                key = (provider, subject)
                self._changed[key] = now
                self._users.discard(key)
                self._refusals.discard(key)

    def _was_changed(self, key: UserKey, asked_at: float) -> bool:
        """Whether an answer that was asked for then may be older than a change."""
        changed = max(self._changed.get(key, _LONG_AGO), self._all_changed.get(key[0], _LONG_AGO))
        return asked_at <= changed

    async def warm_up(self) -> tuple[str, ...]:
        """Ask every source once, so that no call waits while connections are opened.

        Nothing is kept of the answers. Returns the ids of those that could not answer: they are
        asked again when a call needs them.
        """
        answers = {
            source.id: await self._asked(source, source.is_enabled(_NOBODY))
            for source in self._each_source()
        }
        return tuple(id for id, answer in answers.items() if isinstance(answer, _Failure))

    async def close(self) -> None:
        """End what is under way and close every source once."""
        await self._looks.close()
        await self._fetches.close()
        for source in self._each_source():
            await source.close()
        token_sources = {id(source): source for source in self._token_sources.values()}
        for token_source in token_sources.values():
            await token_source.close()

    def _each_source(self) -> list[UserSource]:
        return list({id(source): source for source in self._sources.values()}.values())

    def _source(self, provider: str, presented: Presented | None) -> UserSource | _Failure:
        token_source = self._token_sources.get(provider)
        if token_source is None:
            source = self._sources.get(provider)
            return source or _Failure("directory", f"provider `{provider}` has none")
        if presented is None:
            return _Failure(token_source.id, "nobody showed a token to ask with")
        try:
            return token_source.presented_with(presented)
        except DependencyUnavailableError as error:
            return _Failure(error.dependency, error.detail)

    def _flight(self, key: UserKey, presented: Presented | None) -> _Flight:
        with_token = presented is not None and key[0] in self._token_sources
        return key, presented.credential if presented is not None and with_token else None

    async def _part_of(
        self, key: UserKey, part: UserPart, presented: Presented | None
    ) -> PartValue | DependencyUnavailableError:
        known = self._users.part(key, part, self._clock.monotonic())
        if known is not None:
            return known
        source = self._source(key[0], presented)
        flight = self._flight(key, presented)
        found = await self._fetches.run((flight, part), lambda: self._fetch(key, part, source))
        return found.error() if isinstance(found, _Failure) else found

    async def _look(
        self, key: UserKey, source: UserSource | _Failure
    ) -> UserContext | Reason | _Failure:
        if isinstance(source, _Failure):
            return source
        asked_at = self._clock.monotonic()
        enabled = await self._asked(source, source.is_enabled(key[1]))
        if isinstance(enabled, _Failure):
            return enabled
        # INVARIANT: only a bool or None is an answer; 1 and "false" are faults of the source.
        changed = self._was_changed(key, asked_at)
        if enabled is True:
            return UserContext(id=key[1]) if changed else self._kept(key, source, asked_at)
        if enabled is not False and enabled is not None:
            return _Failure(source.id, "neither enabled nor disabled")
        reason = Reason.USER_UNKNOWN if enabled is None else Reason.USER_DISABLED
        self._users.discard(key)
        if not changed:
            self._refusals.add(key, reason, asked_at=asked_at)
        return reason

    def _kept(self, key: UserKey, source: UserSource, asked_at: float) -> UserContext:
        """A user who is enabled, with what the answer told of him besides."""
        now = self._clock.monotonic()
        user = self._users.add_user(key, asked_at=asked_at, now=now)
        if not isinstance(source, OneAnswerSource):
            return user
        for part, value in source.told_along().items():
            self._users.add_part(key, part, value, asked_at=asked_at, now=now)
        return self._users.renewed(key, now) or user

    async def _fetch(
        self, key: UserKey, part: UserPart, source: UserSource | _Failure
    ) -> PartValue | _Failure:
        if isinstance(source, _Failure):
            return source
        asked_at = self._clock.monotonic()
        value = await self._asked(source, _question(source, part, key[1]))
        if isinstance(value, _Failure):
            return value
        expected = Mapping if part is UserPart.ATTRIBUTES else frozenset
        if not isinstance(value, expected):
            return _Failure(source.id, f"{part.value} of the wrong type")
        if not self._was_changed(key, asked_at):
            now = self._clock.monotonic()
            self._users.add_part(key, part, value, asked_at=asked_at, now=now)
        return value

    async def _asked(self, source: UserSource, answer: Awaitable[object]) -> object:
        found = await self._within_time(source, answer)
        failed = isinstance(found, _Failure)
        outcome = DirectoryOutcome.FAILED if failed else DirectoryOutcome.ANSWERED
        self._counters.count(source.id, outcome)
        return found

    async def _within_time(self, source: UserSource, answer: Awaitable[object]) -> object:
        try:
            async with asyncio.timeout(self._timeout):
                return await answer
        except DependencyUnavailableError as error:
            return _Failure(error.dependency, error.detail)
        except TimeoutError:
            return _Failure(source.id, "timed out")
        except Exception as error:  # noqa: BLE001 - a source's own fault is no empty answer either
            return _Failure(source.id, type(error).__name__)


def _question(source: UserSource, part: UserPart, subject: str) -> Awaitable[object]:
    match part:
        case UserPart.GROUPS:
            return source.groups(subject)
        case UserPart.ROLES:
            return source.roles(subject)
        case UserPart.ATTRIBUTES:
            return source.attributes(subject)


def _part(user: UserContext, part: UserPart) -> object:
    match part:
        case UserPart.GROUPS:
            return user.groups
        case UserPart.ROLES:
            return user.roles
        case UserPart.ATTRIBUTES:
            return user.attributes
