"""The seam between the decision point and whatever answers for attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from deemster.model.attributes import AttributeAnswer, AttributeFetch, Fetched, FetchFailed

__all__ = ["AttributeFetcher", "NoSources"]


class AttributeFetcher(Protocol):
    """Answers fetches: the services of the settings, or what a policy test has written down."""

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        """An answer that is at hand, or None: then `fetch` must be awaited."""
        ...

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        """The answer, after `within` seconds at most. Raises nothing: no answer is one too."""
        ...


@dataclass(frozen=True, slots=True)
class NoSources:
    """Where there are no settings, nothing can be fetched."""

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        """Nothing is ever at hand."""
        del fetch
        return None

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        """Always failed."""
        del fetch, within
        return FetchFailed("there are no settings that name its source")
