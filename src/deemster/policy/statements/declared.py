"""Statements as declared: parsed and positioned, the names in their payloads not resolved yet."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.model.source import SourceSpan
from deemster.policy.statements.codes import NodeEffect
from deemster.policy.statements.templates import JsonTemplate
from deemster.policy.tree import Text

__all__ = ["StatementDeclaration"]


@dataclass(frozen=True, slots=True, eq=False)
class StatementDeclaration:
    """One entry of `statements:`, or what `deniedReason:` is short for.

    `code` is ours where PingOne has another word for it; `applies_to` the effects that count,
    `own_effect` that those of the ancestors do not (`appliesIf: path-matches`). `payload` has the
    shape that the code asks for; of any other code it is as written. `span` is the whole entry's.
    """

    name: Text
    code: str
    applies_to: frozenset[NodeEffect]
    own_effect: bool
    obligatory: bool
    payload: JsonTemplate
    span: SourceSpan
