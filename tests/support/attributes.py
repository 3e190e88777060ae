"""Sources of attributes for tests: a table of answers, and what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.model.attributes import AttributeAnswer, AttributeFetch, Fetched, FetchFailed, Origin

__all__ = ["HANGS", "FakeSources"]

HANGS = FetchFailed("hangs")
"""An answer that never comes."""


@dataclass
class FakeSources:
    """Documents by the name of the attribute, or the answer itself; everything else has failed."""

    documents: Mapping[str, object] = field(default_factory=dict)
    known: Mapping[str, object] = field(default_factory=dict)
    """Documents that are at hand without waiting."""
    fetched: list[AttributeFetch] = field(default_factory=list)
    recalled: list[AttributeFetch] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the attributes that were fetched, in order."""
        return [_name(fetch) for fetch in self.fetched]

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        """What is at hand."""
        if _name(fetch) not in self.known:
            return None
        self.recalled.append(fetch)
        return Fetched(self.known[_name(fetch)], Origin.CACHED)

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        """What the table says, after a turn of the loop."""
        self.fetched.append(fetch)
        self.shares.append(within)
        await asyncio.sleep(0)
        document = self.documents.get(_name(fetch), FetchFailed("not in the table"))
        if document is HANGS:
            await asyncio.Event().wait()
        if isinstance(document, Fetched | FetchFailed):
            return document
        if isinstance(document, Exception):
            raise document
        return Fetched(document)


def _name(fetch: AttributeFetch) -> str:
    return fetch.attribute.partition("#")[2]
