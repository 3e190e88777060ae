"""What a case says that the sources of attributes answer."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.model.attributes import AttributeAnswer, AttributeFetch, Fetched, FetchFailed, Origin
from deemster.policytest.cases import AttributeFault, GivenAttribute

__all__ = ["GivenAttributes"]

_FAULTS = {
    AttributeFault.TIMEOUT: FetchFailed("did not answer in time"),
    AttributeFault.UNAVAILABLE: FetchFailed("cannot be connected to"),
    AttributeFault.GARBAGE: FetchFailed("answered no strict JSON"),
}


class GivenAttributes:
    """An AttributeFetcher that asks nobody. What a case does not name has failed."""

    def __init__(self) -> None:
        self._answers: dict[str, AttributeAnswer] = {}

    def give(self, answers: Iterable[GivenAttribute]) -> None:
        """Answer with these, and with nothing that was given before."""
        self._answers = {}
        for answer in answers:
            given = (
                Fetched(answer.value, Origin.GIVEN, is_value=True)
                if answer.fault is None
                else _FAULTS[answer.fault]
            )
            self._answers.update(dict.fromkeys(answer.attributes, given))

    def recall(self, fetch: AttributeFetch) -> Fetched | None:
        """Everything is at hand but what has failed."""
        answer = self._answers.get(fetch.attribute)
        return answer if isinstance(answer, Fetched) else None

    async def fetch(self, fetch: AttributeFetch, within: float) -> AttributeAnswer:
        """The fault that the case names, or that it names nothing."""
        del within
        name = fetch.attribute.partition("#")[2]
        return self._answers.get(
            fetch.attribute, FetchFailed(f"the case has no `attributes: {{{name}: …}}`")
        )
