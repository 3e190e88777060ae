"""Load errors of routing, each with a call that shows it.

Two templates that nothing ranks (here), methods that leak through a broader template
(`method_grants`), operations that no call reaches (`reachability`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from deemster.policy.checking.method_grants import check_method_grants
from deemster.policy.checking.reachability import check_base_urls, check_shadowed
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.routing.routed import (
    RoutedOperation,
    RoutedService,
    RoutedTemplate,
    operation_table,
)
from deemster.policy.routing.templates import Literal
from deemster.policy.routing.witnesses import Doubt, SegmentWitnesses, path_of

__all__ = ["RoutedOperation", "RoutedService", "check_overlaps"]


def check_overlaps(services: Sequence[RoutedService], sink: DiagnosticSink) -> None:
    """Report what the base URLs and templates of a whole tree make unclear or unreachable.

    Every diagnostic that shows a call shows one that the tables route as it says.
    """
    check_base_urls(services, sink)
    for service in services:
        _check_also_covers(service, sink)
        routes = list(service.routes())
        table = operation_table(service, routes)
        witnesses = SegmentWitnesses(
            [route.template for route in routes],
            fold_case=service.fold_case,
            opened=service.openings,
        )
        _check_equal_ranks(service, witnesses, sink)
        check_method_grants(service, routes, table, witnesses, sink)
        check_shadowed(service, table, witnesses, sink)


def _check_also_covers(service: RoutedService, sink: DiagnosticSink) -> None:
    known = {operation.id for operation in service.operations}
    for operation in service.operations:
        for named in operation.also_covers:
            if named.value not in known:
                sink.error(
                    Code.UNKNOWN_OPERATION,
                    f"service `{service.id}` has no operation `{named.value}`",
                    named.span,
                    help=did_you_mean(named.value, sorted(known - {operation.id}))
                    or "`alsoCovers` lists operations of this service by their ids",
                )


# --- two templates of equal rank ----------------------------------------------------------------


def _check_equal_ranks(
    service: RoutedService, witnesses: SegmentWitnesses, sink: DiagnosticSink
) -> None:
    for group in _of_equal_rank(service):
        by_method: defaultdict[str | None, list[int]] = defaultdict(list)
        for number, entry in enumerate(group):
            for method in entry.operation.methods or (None,):
                by_method[method].append(number)
        clashes: dict[tuple[int, int], list[str | None]] = {}
        for method, numbers in by_method.items():
            for pair in _clashing(service, group, numbers, witnesses):
                clashes.setdefault(pair, []).append(method)
        for (earlier, later), methods in clashes.items():
            _report_clash(service, group[earlier], group[later], methods, witnesses, sink)


def _of_equal_rank(service: RoutedService) -> Iterator[list[RoutedTemplate]]:
    """Templates alike at every position but for the constraints: only these can tie."""
    groups: defaultdict[tuple[object, ...], list[RoutedTemplate]] = defaultdict(list)
    for route in service.routes():
        key: list[object] = [route.template.rest]
        for segment in service.segments(route.template):
            if isinstance(segment, Literal):
                key.append(ascii_lower(segment.text) if service.fold_case else segment.text)
            else:
                # Bools, so that no literal is taken for a parameter.
                key.append(segment.constraint is not None)
        groups[tuple(key)].append(route.value)
    for group in groups.values():
        if len(group) > 1:
            yield sorted(group, key=lambda entry: entry.template.span)


def _clashing(
    service: RoutedService,
    group: Sequence[RoutedTemplate],
    numbers: Sequence[int],
    witnesses: SegmentWitnesses,
) -> Iterator[tuple[int, int]]:
    """Pairs of which the later has not been proved apart from the earlier; one for each later."""
    for position, later in enumerate(numbers):
        for earlier in numbers[:position]:
            if _shared_segments(service, group[earlier], group[later], witnesses) is not None:
                yield earlier, later
                break


def _shared_segments(
    service: RoutedService,
    left: RoutedTemplate,
    right: RoutedTemplate,
    witnesses: SegmentWitnesses,
) -> list[str | Doubt] | None:
    found: list[str | Doubt] = []
    pairs = zip(service.segments(left.template), service.segments(right.template), strict=True)
    for ours, theirs in pairs:
        shared = witnesses.shared(ours, theirs)
        if shared is None:
            return None
        found.append(shared)
    return found


def _report_clash(
    service: RoutedService,
    earlier: RoutedTemplate,
    later: RoutedTemplate,
    methods: Sequence[str | None],
    witnesses: SegmentWitnesses,
    sink: DiagnosticSink,
) -> None:
    shared = _shared_segments(service, earlier, later, witnesses) or []
    segments = [segment for segment in shared if isinstance(segment, str)]
    named = ", ".join(sorted(method for method in methods if method is not None))
    if len(segments) == len(shared):
        call = f"{sorted(named.split(', '))[0] or 'GET'} {path_of(segments)}"
        finding = f"match the same calls with equal rank, `{call}` for one"
    else:
        doubtful = next(n for n, segment in enumerate(shared, 1) if isinstance(segment, Doubt))
        finding = (
            f"may match the same calls on {named or 'every method'}: nothing proves "
            f"that the patterns of segment {doubtful} exclude each other"
        )
    other = earlier.operation.id
    whose = "of this operation" if earlier.operation is later.operation else f"of `{other}`"
    sink.error(
        Code.OVERLAP,
        f"`{later.template.text}` of `{later.operation.id}` and `{earlier.template.text}` "
        f"{whose} {finding}",
        later.template.span,
        help="give them different methods, or make one of them more specific",
        notes=(Note(f"`{earlier.template.text}` stands", earlier.template.span),),
    )
