"""`when`, `target` and named conditions: the lists, and the quoting of expressions.

An expression stands in double quotes or a `|` block. A plain scalar must be a bare name, because
an unquoted ` #` would cut the rest of a condition off unseen.
"""

from __future__ import annotations

import re

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.scalars import describe
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.tree import (
    Condition,
    ConditionAll,
    ConditionAny,
    ConditionNot,
    ConditionText,
)

__all__ = ["CONDITION", "parse_condition"]

_BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
CONDITION = Shape(
    "a condition",
    Keys(
        {
            "all": Key(
                forms.ListOf(forms.Condition(), may_repeat=True),
                "Every item must hold.",
                '[in_office, "user.level >= 3"]',
            ),
            "any": Key(
                forms.ListOf(forms.Condition(), may_repeat=True),
                "One item is enough.",
                "[\"'finance' in user.groups\", senior]",
            ),
            "not": Key(forms.Condition(), "The item must not hold.", "std.office_hours"),
        }
    ),
    exactly_one=(("all", "any", "not"),),
    doc="Conditions put together. Where a condition is expected, an expression in double quotes or"
    " a `|` block, or the bare name of a condition, does as well.",
)


def parse_condition(node: Node, sink: DiagnosticSink) -> Condition | None:
    """The condition, or None after an error. The reader has bounded the depth."""
    if isinstance(node, ScalarNode):
        return ConditionText(node) if _is_well_quoted(node, sink) else None
    if isinstance(node, SequenceNode):
        sink.error(
            Code.WRONG_TYPE,
            "a condition must be an expression or `all`, `any` or `not`, found a list",
            node.span,
            help="write `all: [...]` if every item must hold, `any: [...]` if one is enough",
        )
        return None
    return _parse_combination(node, sink)


def _parse_combination(node: MappingNode, sink: DiagnosticSink) -> Condition | None:
    before = sink.error_count
    fields = Fields(node, CONDITION, sink)
    if sink.error_count > before:
        return None
    if len(fields) != 1:
        sink.error(
            Code.BAD_VALUE,
            "a condition has one of `all`, `any` and `not`",
            fields.head_span,
            help="put them as items of one `all` or `any` list",
        )
        return None
    if "not" in fields:
        return _parse_not(fields, node, sink)
    key = "all" if "all" in fields else "any"
    items = [parse_condition(item, sink) for item in fields.items(key)]
    if sink.error_count > before:
        return None
    kept = tuple(item for item in items if item is not None)
    return ConditionAll(kept, node.span) if key == "all" else ConditionAny(kept, node.span)


def _parse_not(fields: Fields, node: MappingNode, sink: DiagnosticSink) -> Condition | None:
    inner = fields.node_of("not")
    item = None if inner is None else parse_condition(inner, sink)
    return None if item is None else ConditionNot(item, node.span)


def _is_well_quoted(node: ScalarNode, sink: DiagnosticSink) -> bool:
    if not node.text.strip():
        sink.error(Code.WRONG_TYPE, "a condition must be an expression, found nothing", node.span)
        return False
    if node.style is ScalarStyle.PLAIN:
        return _is_bare_name(node, sink)
    if node.style is ScalarStyle.SINGLE_QUOTED:
        _refuse_style(node, sink, "in single quotes", "texts inside it need the single quotes")
    elif node.style is ScalarStyle.FOLDED:
        _refuse_style(node, sink, "in a folded block (`>`)", "places in it could not be shown")
    elif not node.verbatim:
        _refuse_style(
            node,
            sink,
            "with escapes or on several lines inside double quotes",
            "places in it could not be shown",
        )
    return node.verbatim and node.style in {ScalarStyle.DOUBLE_QUOTED, ScalarStyle.LITERAL}


def _is_bare_name(node: ScalarNode, sink: DiagnosticSink) -> bool:
    if _BARE_NAME.fullmatch(node.text):
        return True
    sink.error(
        Code.UNQUOTED_EXPRESSION,
        f"the expression {describe(node)} is not quoted",
        node.span,
        help="put it in double quotes: unquoted, a ` #` would cut off the rest of it unseen",
    )
    return False


def _refuse_style(node: ScalarNode, sink: DiagnosticSink, how: str, why: str) -> None:
    sink.error(
        Code.EXPRESSION_STYLE,
        f"an expression cannot stand {how}",
        node.span,
        help=f"write it in double quotes on one line, or as a `|` block; {why}",
    )
