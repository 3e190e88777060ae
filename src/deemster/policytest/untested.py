"""API services and operations that no test case asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree
from deemster.policy.reading.nodes import ScalarNode
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.tree import AccessMatch, Document, PolicyTestDocument
from deemster.policytest.cases import AccessRecipe, CallRecipe, Suite, SuiteCase

__all__ = ["report_untested"]

_MOST_NAMES = 5


def report_untested(loaded: LoadedTree, suites: Sequence[Suite], sink: DiagnosticSink) -> None:
    """A warning for each service without a suite; a hint for one with gaps.

    `suites` are those that could be read: where one could not, its service is passed over.
    """
    named = {_service_of(document) for document in loaded.tree.documents}
    readable = {suite.service for suite in suites}
    reached = frozenset(_reached(loaded.snapshot, suites))
    asked = frozenset(_asked(suites))
    for service in loaded.resolved.services:
        id_ = service.document.metadata.id
        if id_.value not in named:
            sink.warning(
                Code.UNTESTED_SERVICE,
                f"no PolicyTest is written for the API service `{id_.value}`",
                id_.span,
                help=f"begin one: `kind: PolicyTest` with `service: {id_.value}`",
            )
        elif id_.value in readable:
            missing = [
                name
                for operation in service.operations
                if (id_.value, name := operation.operation.id.value) not in reached
                and not _is_asked(operation.operation.access, asked)
            ]
            if missing:
                sink.hint(
                    Code.UNTESTED_OPERATION,
                    f"no test case of `{id_.value}` asks for {_listed(missing)}",
                    id_.span,
                    help="write a case that is permitted and one that is denied for each",
                )


def _service_of(document: Document) -> str | None:
    if not isinstance(document, PolicyTestDocument):
        return None
    node = document.root.get("service")
    return node.text if isinstance(node, ScalarNode) else None


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


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
