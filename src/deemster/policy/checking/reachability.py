"""Operations that no call can reach, and base URLs that two services claim."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from msgspec.structs import replace

from deemster.model.urls import CanonicalUrl
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.routing.routed import RoutedOperation, RoutedService, RoutedTemplate
from deemster.policy.routing.tables import BaseUrlTable, OperationTable
from deemster.policy.routing.templates import Literal, Segment, Template, rank_of
from deemster.policy.routing.witnesses import SegmentWitnesses, path_of
from deemster.policy.tree import Text

__all__ = ["UNLISTED", "Shadows", "check_base_urls", "check_shadowed"]

PATH_LIMIT = 64
"""Paths looked at to prove that a template is never chosen."""

UNLISTED = "*"
"""Stands for all the methods that no operation lists."""


def check_base_urls(services: Sequence[RoutedService], sink: DiagnosticSink) -> None:
    """Base URLs that occur twice, and operations behind another service's longer base URL."""
    if _report_twice(services, sink):
        return  # whose operations are out of reach depends on who keeps the base URL
    table = BaseUrlTable(
        (url, (service, text)) for service in services for url, text in service.base_urls
    )
    for service in services:
        for operation in service.operations:
            _check_reachable(service, operation, table, sink)


def _report_twice(services: Sequence[RoutedService], sink: DiagnosticSink) -> bool:
    owners: dict[tuple[str, str], tuple[RoutedService, Text]] = {}
    found = False
    for service in services:
        for url, text in service.base_urls:
            owner, first = owners.setdefault((url.origin, url.path), (service, text))
            if first is text:
                continue
            found = True
            whose = "this service" if owner is service else f"service `{owner.id}`"
            sink.error(
                Code.BASE_URL_TWICE,
                f"the base URL `{text.value}` is one of {whose} already",
                text.span,
                help="remove it here" if owner is service else "write both as one service",
                notes=(Note(f"`{first.value}` stands", first.span),),
            )
    return found


def _check_reachable(
    service: RoutedService,
    operation: RoutedOperation,
    table: BaseUrlTable[tuple[RoutedService, Text]],
    sink: DiagnosticSink,
) -> None:
    taken: list[tuple[RoutedService, Text]] = []
    for url, _ in service.base_urls:
        for template in operation.templates:
            # All that the template matches begins with its leading literals, so whoever owns
            # that much by a longer base URL owns all of it.
            found = table.find(_leading(url, template))
            if found is None or found[0][0] is service:
                return
            taken.append(found[0])
    if not taken:
        return
    other, text = taken[0]
    sink.error(
        Code.UNREACHABLE,
        f"no call reaches `{operation.id}` of `{service.id}`: the longer base URL "
        f"`{text.value}` belongs to `{other.id}`",
        operation.span,
        help=f"move the operation to `{other.id}`, or change a base URL",
        notes=(Note(f"`{text.value}` stands", text.span),),
    )


def _leading(url: CanonicalUrl, template: Template) -> CanonicalUrl:
    literals: list[str] = []
    for segment in template.segments:
        if not isinstance(segment, Literal):
            break
        literals.append(segment.text)
    prefix = "" if url.path == "/" else url.path
    path = prefix + path_of(literals) if literals else url.path
    return replace(url, path=path)


# --- operations that others cover ---------------------------------------------------------------


def check_shadowed(
    service: RoutedService,
    table: OperationTable[RoutedTemplate],
    witnesses: SegmentWitnesses,
    sink: DiagnosticSink,
) -> None:
    """Report operations that are never chosen, where a handful of paths proves it."""
    for operation in service.operations:
        shadows = Shadows(service, table, witnesses)
        by = {id(each): each for each in shadows.of(operation)}
        if by:
            names = ", ".join(f"`{each.id}`" for each in by.values())
            sink.error(
                Code.SHADOWED,
                f"`{operation.id}` is never chosen: {names} take its every call",
                operation.span,
                help="remove it, or make its path more specific",
                notes=tuple(Note(f"`{each.id}` stands", each.span) for each in by.values()),
            )


class Shadows:
    """Who is chosen instead of an operation, at every call it could have."""

    def __init__(
        self,
        service: RoutedService,
        table: OperationTable[RoutedTemplate],
        witnesses: SegmentWitnesses,
    ) -> None:
        self._service = service
        self._table = table
        self._witnesses = witnesses

    def of(self, operation: RoutedOperation) -> list[RoutedOperation]:
        """Empty where the operation is chosen somewhere, or might be."""
        found: list[RoutedOperation] = []
        for template in operation.templates:
            for method in operation.methods or (UNLISTED,):
                taking = self.taking(operation, template, method)
                if not taking:
                    return []
                found.extend(taking)
        return found

    def taking(
        self,
        operation: RoutedOperation,
        template: Template,
        method: str,
        tails: Sequence[tuple[str, ...]] = (),
    ) -> list[RoutedOperation]:
        """Who takes every call by one template and method; empty where nothing proves it.

        `tails` are what stands for all that a `**` matches; without them nothing is proved of one.
        """
        found: list[RoutedOperation] = []
        for path in self._all_paths(template, tails) or ():
            winner = self._table.match(method, path)
            if winner is None or not self._outranks(winner.value, operation, template):
                return []
            found.append(winner.value.operation)
        return found

    def _all_paths(self, template: Template, tails: Sequence[tuple[str, ...]]) -> list[str] | None:
        """Paths that stand for all that a template matches, or None if these cannot be given."""
        if template.rest and not tails:
            return None
        choices = [self._texts(segment) for segment in self._service.segments(template)]
        count = 1
        for texts in choices:
            count *= len(texts or ())
        if not 0 < count <= PATH_LIMIT:
            return None
        return [
            path_of([*segments, *tail])
            for segments in product(*[texts or () for texts in choices])
            for tail in (tails if template.rest else ((),))
        ]

    def _texts(self, segment: Segment) -> Sequence[str] | None:
        if isinstance(segment, Literal):
            return [segment.text]
        if segment.constraint is None:
            # The fresh segment stands for all others only where whatever fits it fits all.
            return [self._witnesses.fresh] if self._witnesses.fresh_stands_for_all else None
        enumerated = self._witnesses.enumerated(segment.constraint)
        return None if enumerated is None else sorted(enumerated)

    def _outranks(
        self, winner: RoutedTemplate, operation: RoutedOperation, template: Template
    ) -> bool:
        if winner.operation is operation:
            return False
        ours = rank_of(self._service.segments(template), rest=template.rest)
        theirs = rank_of(self._service.segments(winner.template), rest=winner.template.rest)
        # Equal rank is an overlap, and reported as that.
        return theirs < ours
