"""Which operations the cases of suites ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.tree import AccessMatch, Operation
from deemster.policytest.cases import AccessRecipe, CallRecipe, Suite, SuiteCase

__all__ = ["AskedOperations"]


class AskedOperations:
    """`services`: ids of the API services that suites are about."""

    def __init__(self, snapshot: PolicySnapshot, suites: Sequence[Suite]) -> None:
        self.services = frozenset(suite.service for suite in suites)
        self._reached = frozenset(_reached(snapshot, suites))
        self._asked = frozenset(_asked(suites))

    def include(self, service: str, operation: Operation) -> bool:
        """Whether some case asks for the operation, or expects it."""
        return (service, operation.id.value) in self._reached or _is_asked(
            operation.access, self._asked
        )


_Operation = tuple[str, str]
"""(id of the service, id of the operation)."""


def _reached(snapshot: PolicySnapshot, suites: Iterable[Suite]) -> Iterator[_Operation]:
    for suite in suites:
        for case in suite.cases:
            expected = case.expectation.operation
            found = (suite.service, expected) if expected else _routed(snapshot, case)
            if found is not None:
                yield found


def _routed(snapshot: PolicySnapshot, case: SuiteCase) -> _Operation | None:
    if not isinstance(case.call, CallRecipe):
        return None
    try:
        url = canonical_url(case.call.url)
    except MalformedUrlError:
        return None
    found = snapshot.find(url)
    if found is None:
        return None
    routed, path = found
    match = routed.service.operations.match(case.call.method, path)
    return None if match is None else (routed.service.id, match.value.id)


def _asked(suites: Iterable[Suite]) -> Iterator[tuple[str, str]]:
    """(type of the resource, action) of each question of AuthZEN."""
    for suite in suites:
        for case in suite.cases:
            if isinstance(case.call, AccessRecipe):
                yield case.call.resource.type, case.call.action


def _is_asked(access: AccessMatch | None, asked: frozenset[tuple[str, str]]) -> bool:
    return access is not None and any(
        (access.resource_type.value, action.value) in asked for action in access.actions
    )
