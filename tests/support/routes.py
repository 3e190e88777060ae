"""Templates, operations and services as a policy file would give them."""

from collections.abc import Collection, Mapping, Sequence
from itertools import count

from deemster.model.source import SourceSpan
from deemster.model.urls import PathFeature, parse_base_url
from deemster.policy.checking.overlaps import RoutedOperation, RoutedService, check_overlaps
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.routing.templates import Template, parse_templates
from deemster.policy.tree import ParameterConstraint, Text

__all__ = [
    "a_constraint",
    "a_service",
    "a_template",
    "a_text",
    "an_operation",
    "findings_of",
]

_lines = count(1)


def a_text(value: str) -> Text:
    """A plain scalar on a line of its own."""
    line = next(_lines)
    return Text(value, SourceSpan("api.yaml", line, 1, line, 1 + len(value)))


def a_constraint(name: str, written: str) -> ParameterConstraint:
    """`int` and `uuid` are types, anything else is a pattern."""
    is_type = written in {"int", "uuid"}
    return ParameterConstraint(
        a_text(name),
        None if is_type else a_text(written),
        written if is_type else None,
        a_text(name).span,
    )


def a_template(path: str, params: Mapping[str, str] | None = None) -> Template:
    """One template with its constraints; fails on any diagnostic."""
    return _templates([path], params or {})[0]


def an_operation(
    id: str,
    methods: str,
    *paths: str,
    params: Mapping[str, str] | None = None,
    also_covers: Sequence[str] = (),
    opened: Collection[PathFeature] = (),
) -> RoutedOperation:
    """`methods`: `GET POST`, or `*` for every method."""
    return RoutedOperation(
        id,
        None if methods == "*" else tuple(methods.split()),
        _templates(paths, params or {}),
        tuple(a_text(other) for other in also_covers),
        a_text(id).span,
        frozenset(opened),
    )


def a_service(
    *operations: RoutedOperation,
    id: str = "api",
    base_urls: Sequence[str] = ("https://api.example.com",),
    fold_trailing_slash: bool = False,
    fold_case: bool = False,
) -> RoutedService:
    return RoutedService(
        id,
        tuple((parse_base_url(url), a_text(url)) for url in base_urls),
        operations,
        fold_trailing_slash=fold_trailing_slash,
        fold_case=fold_case,
    )


def findings_of(*services: RoutedService) -> list[Diagnostic]:
    """All that `check_overlaps` has to say."""
    sink = DiagnosticSink()
    check_overlaps(services, sink)
    return list(sink.finish())


def _templates(paths: Sequence[str], params: Mapping[str, str]) -> tuple[Template, ...]:
    sink = DiagnosticSink()
    constraints = [a_constraint(name, written) for name, written in params.items()]
    templates = parse_templates([a_text(path) for path in paths], constraints, sink)
    assert templates is not None, [finding.message for finding in sink.finish()]
    return templates
