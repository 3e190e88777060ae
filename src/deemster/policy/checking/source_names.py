"""Services and queries that attributes name: the settings must have them."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.policy import attribute_tree
from deemster.policy.attribute_tree import AttributeDeclaration
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing.scalars import listed
from deemster.policy.resolved import SourceFacts

__all__ = ["check_sources"]


def check_sources(
    attributes: Iterable[AttributeDeclaration], facts: SourceFacts, sink: DiagnosticSink
) -> None:
    """Report what the settings have not. Without settings nothing is compared."""
    for attribute in attributes:
        source = attribute.source
        if isinstance(source, attribute_tree.HttpSource):
            _check_service(source, facts, sink)
        elif isinstance(source, attribute_tree.SqlSource):
            _check_query(source, facts, sink)


def _check_service(
    source: attribute_tree.HttpSource, facts: SourceFacts, sink: DiagnosticSink
) -> None:
    own_headers = facts.services.get(source.service.value)
    if own_headers is None:
        sink.error(
            Code.UNKNOWN_SOURCE,
            f"the settings have no service `{source.service.value}`",
            source.service.span,
            help=did_you_mean(source.service.value, facts.services)
            or "add it to `services` in the settings, with its URL",
        )
        return
    for name, _ in source.headers:
        if name.value in own_headers:
            sink.error(
                Code.BAD_VALUE,
                f"the settings send the header `{name.value}` to `{source.service.value}`",
                name.span,
                help="leave it out here",
            )


def _check_query(
    source: attribute_tree.SqlSource, facts: SourceFacts, sink: DiagnosticSink
) -> None:
    query = source.query
    parameters = facts.queries.get(query.value)
    if parameters is None:
        sink.error(
            Code.UNKNOWN_SOURCE,
            f"the settings have no query `{query.value}`",
            query.span,
            help=did_you_mean(query.value, facts.queries)
            or "add it to `queries` in the settings, with its text and its database",
        )
        return
    written = {name.value for name, _ in source.parameters}
    for name, _ in source.parameters:
        if name.value not in parameters:
            sink.error(
                Code.UNKNOWN_SOURCE,
                f"the query `{query.value}` has no parameter `{name.value}`",
                name.span,
                help=did_you_mean(name.value, parameters)
                or (f"it has {listed(sorted(parameters), 'and')}" if parameters else "it has none"),
            )
    missing = sorted(parameters - written)
    if missing:
        sink.error(
            Code.UNKNOWN_SOURCE,
            f"the query `{query.value}` needs a value for {listed(missing, 'and')}",
            query.span,
            help=f'write `parameters: {{{missing[0]}: "{{claims.sub}}"}}`',
        )
