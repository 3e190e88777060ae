"""Attributes of one file: what each names, circles among them, and how deep they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deemster.policy import attribute_tree
from deemster.policy.attribute_tree import AttributeDeclaration, ValueTemplate
from deemster.policy.checking.circles import Use, find_circles
from deemster.policy.checking.condition_cycles import used_names
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink

__all__ = ["MOST_LEVELS", "attribute_depths", "named_by"]

MOST_LEVELS = 16
"""Attributes made of each other: evaluation descends one level for each."""


def named_by(declaration: AttributeDeclaration) -> Iterator[Use]:
    """Every dotted name in a source as a condition would write it; of a long one its beginnings."""
    source = declaration.source
    match source:
        case attribute_tree.HttpSource():
            yield from _named_in(source.path)
            for _, template in source.headers:
                yield from _named_in(template)
        case attribute_tree.SqlSource():
            for _, template in source.parameters:
                yield from _named_in(template)
        case attribute_tree.DerivedSource(attribute=other):
            yield other.value if "." in other.value else f"attr.{other.value}", other.span
        case _:
            return


def _named_in(template: ValueTemplate) -> Iterator[Use]:
    for piece in template.pieces:
        if not isinstance(piece, str):
            yield from used_names(piece)


def attribute_depths(
    attributes: Mapping[str, AttributeDeclaration],
    depth_of_import: Callable[[str], int],
    sink: DiagnosticSink,
) -> dict[str, int]:
    """How many levels each attribute has; those in a circle and those too deep are left out.

    `attributes` are one file's own, by name; `depth_of_import` knows `alias.name`. Each circle and
    each chain is reported once.
    """

    def uses(name: str) -> Iterator[Use]:
        for used, span in named_by(attributes[name]):
            own = used.removeprefix("attr.")
            if own != used and own in attributes:
                yield own, span

    circles = find_circles(attributes, uses)
    for circle, span in circles.found:
        sink.error(
            Code.ATTRIBUTE_CYCLE,
            f"attributes are made of each other in a circle: {circle}",
            span,
            help="one of them needs a source of its own",
        )
    depths: dict[str, int] = {}
    for name in circles.order:
        own = [used for used, _ in uses(name)]
        if name in circles.members or any(used not in depths for used in own):
            continue
        imported = [depth_of_import(used) for used, _ in named_by(attributes[name])]
        depth = 1 + max([*(depths[used] for used in own), *imported], default=0)
        if depth <= MOST_LEVELS:
            depths[name] = depth
            continue
        sink.error(
            Code.EXPRESSION_TOO_DEEP,
            f"attributes are made of each other more than {MOST_LEVELS} deep",
            attributes[name].span,
            help="select from the first of them, not from the last",
        )
    return depths
