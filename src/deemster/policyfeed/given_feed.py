"""Policies that another process of the same service has loaded, tested and handed over."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import dataclass, replace

from deemster.policy.reading.files import PolicyFiles
from deemster.policyfeed.age import Confirmation, PolicyAge
from deemster.policyfeed.feed import Candidate, FeedFacts, Prepare

__all__ = ["GivenFeed", "SharedPolicies"]


@dataclass(frozen=True, slots=True)
class SharedPolicies:
    """What all processes of a service serve. `files` None: those that are there already."""

    files: PolicyFiles | None
    confirmation: Confirmation | None
    revision: str | None = None

    @property
    def without_files(self) -> SharedPolicies:
        """For a process that serves this revision."""
        return replace(self, files=None)

    def encoded(self) -> bytes:
        """For a process that trusts this one."""
        return pickle.dumps(self)

    @classmethod
    def decoded(cls, octets: bytes) -> SharedPolicies:
        """Of octets that came from the supervisor, over a socket that nobody else has."""
        found = pickle.loads(octets)  # noqa: S301
        if not isinstance(found, cls):
            raise TypeError("these are no shared policies")
        return found


class GivenFeed:
    """Takes what it was given last; satisfies PolicyFeed."""

    beside_settings = True

    def __init__(self, given: SharedPolicies, prepare: Prepare, age: PolicyAge | None) -> None:
        """`given` has files."""
        if given.files is None:
            raise ValueError("there are no policies")
        self._files = given.files
        self._prepare = prepare
        self._age = age
        self._is_new = True
        self._note(given)

    @property
    def age(self) -> PolicyAge | None:
        """See PolicyFeed."""
        return self._age

    def give(self, given: SharedPolicies) -> None:
        """The supervisor's from here on."""
        if given.files is not None:
            self._files = given.files
            self._is_new = True
        self._note(given)

    async def first(self) -> Candidate:
        """See PolicyFeed."""
        return await self._compiled()

    async def fresh(self) -> Candidate | None:
        """See PolicyFeed."""
        return await self._compiled() if self._is_new else None

    async def due(self) -> None:
        """See PolicyFeed."""
        await asyncio.Event().wait()

    def facts(self) -> FeedFacts:
        """See PolicyFeed."""
        return FeedFacts(source="supervisor")

    def confirmation(self) -> Confirmation | None:
        """See PolicyFeed."""
        return None if self._age is None else self._age.confirmation

    async def close(self) -> None:
        """Nothing is held."""

    async def _compiled(self) -> Candidate:
        self._is_new = False
        return await asyncio.to_thread(self._prepare, self._files)

    def _note(self, given: SharedPolicies) -> None:
        if self._age is not None and given.confirmation is not None:
            self._age.confirmation = given.confirmation
