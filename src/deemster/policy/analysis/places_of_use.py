"""Policies where they are used, and findings that must hold in every such place.

INVARIANT: a text that several places use is reported only if the finding holds in all of them:
what is dead in one place may decide in another.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.resolved import ResolvedPolicy, ResolvedTree

__all__ = ["Verdicts", "policies_in_use"]


def policies_in_use(resolved: ResolvedTree) -> Iterator[tuple[ResolvedPolicy, bool]]:
    """(policy, whether as a guard): every top-level use, a service's guards once.

    Policies over the upstream's answer are guards of it.

    Under `unmatched: guards` they grant as well, what no operation matches.
    """
    for service in resolved.services:
        for guard in service.guards:
            yield guard, True
            if service.document.service.unmatched is not None:
                yield guard, False
        seen = {id(guard) for guard in service.guards}
        yield from ((policy, True) for policy in service.response)
        seen.update(map(id, service.response))
        for operation in service.operations:
            for guard in (*operation.guards, *operation.response):
                if id(guard) not in seen:
                    yield guard, True
            yield from ((policy, False) for policy in operation.policies)


class Verdicts:
    """One verdict for each use of a text; a finding is told only if all of them agree."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[SourceSpan, str], Diagnostic | None] = {}

    def add(self, place: SourceSpan, question: str, verdict: Diagnostic | None) -> None:
        """What is to be said of the text at `place` as far as this use of it goes."""
        key = (place, question)
        if verdict is None:
            self._by_place[key] = None
        else:
            self._by_place.setdefault(key, verdict)

    def report(self, sink: DiagnosticSink, told: Container[SourceSpan] = ()) -> None:
        """Tell what holds everywhere, but of the places in `told`."""
        for verdict in self._by_place.values():
            if verdict is not None and verdict.span not in told:
                sink.add(verdict)
