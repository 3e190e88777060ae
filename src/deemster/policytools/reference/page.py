"""The whole page: chapters about documents, expressions, combining and reasons."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.model.decision import Reason
from deemster.policy.parsing.conditions import CONDITION
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policy.parsing.header import METADATA
from deemster.policy.parsing.ids import ID_PATTERN, NAME_PATTERN
from deemster.policytools.reference.decisions import combining_lines, reason_lines
from deemster.policytools.reference.expressions import expression_lines
from deemster.policytools.reference.markdown import code, table
from deemster.policytools.reference.shapes import CONDITIONS, Chapter, ShapePages

__all__ = ["reference"]

_TITLE = """\
# Reference of the policy language

`deemster/v1`, made by `deemster schema --reference` of the same model that reads policies. Keys in
**bold** are needed; an unknown key is an error. In an editor, the [schemas](../../schemas/) show
the same where you write.
"""
_EVERY = """\
A policy tree is a folder of `.yaml` files, one document a file. Each document says its version, its
kind and its id. Aliases, anchors, tags, merge keys and several documents in a file are errors.
"""
_VALUES = (
    ("id", f"{code(ID_PATTERN)}, unique among its siblings."),
    ("name", f"{code(NAME_PATTERN)}: a name that expressions can use."),
    ("text", "Not empty. `NO`, `10:30`, `017` and `2026-11-22` stay text where text is declared."),
    ("`true` or `false`", "Nothing else is a boolean."),
    ("integer", "JSON's, in 64 bits."),
    ("duration", "A whole number and a unit: `150ms`, `300s`, `5m`, `1h`."),
    ("time", "RFC 3339 with its offset: `2026-11-22T09:00:00Z`."),
)
_CONDITION = """\
An expression in double quotes or a `|` block, or the bare name of a condition, or one of these
mappings. An unquoted expression is an error, because ` #` would cut off the rest of it unseen. See
[Expressions](#expressions).
"""


def reference(statuses: Mapping[Reason, int]) -> str:
    """The page as Markdown. `statuses` are the HTTP statuses of reasons."""
    lines = [*_TITLE.splitlines(), ""]
    lines += ShapePages(*_chapters()).lines()
    lines += expression_lines()
    lines += combining_lines()
    lines += reason_lines(statuses)
    return "\n".join(lines).rstrip("\n") + "\n"


def _chapters() -> tuple[tuple[Chapter, ...], tuple[Chapter, ...]]:
    """In the order of the page, and in the order in which they take shapes that several have."""
    values = "\n".join(table(("value", ""), _VALUES))
    every = Chapter("Every document", f"{_EVERY}\n{values}", (METADATA,))
    conditions = Chapter(CONDITIONS, _CONDITION.strip(), (CONDITION,), is_root_told=True)
    kinds = {
        kind: Chapter(f"Kind {code(kind)}", shape.doc, (shape,), is_root_told=True)
        for kind, shape in DOCUMENTS.items()
    }
    library, policy = kinds["Library"], kinds["Policy"]
    others = tuple(chapter for kind, chapter in kinds.items() if kind not in {"Library", "Policy"})
    told = (every, kinds["ApiService"], policy, library, conditions, *others[1:])
    return told, (every, conditions, library, policy, *others)
