"""The members of AuthZEN's bodies, of questions and of answers, as msgspec reads and writes them.

Authorization API 1.0 sections 5 to 7. A module of its own, which is never compiled: msgspec asks
the annotations for the types.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "UNSET",
    "ActionMembers",
    "DeniedContext",
    "DenyAnswer",
    "EntityMembers",
    "ItemError",
    "OpenEnded",
    "PermitAnswer",
    "PermittedContext",
    "QuestionMembers",
    "QuestionsMembers",
    "RefusedAnswer",
    "RefusedContext",
    "ToldStatement",
]

UNSET = msgspec.UNSET
"""What a member that was not received has; never written."""

OpenEnded = dict[str, object] | msgspec.UnsetType
"""What may hold anything."""


class EntityMembers(msgspec.Struct, gc=False):
    """A subject or a resource."""

    type: str
    id: str
    properties: OpenEnded = msgspec.UNSET


class ActionMembers(msgspec.Struct, gc=False):
    """An action."""

    name: str
    properties: OpenEnded = msgspec.UNSET


class QuestionMembers(msgspec.Struct, gc=False):
    """A body of the evaluation API, an item of several, or what those have in common."""

    subject: EntityMembers | msgspec.UnsetType = msgspec.UNSET
    action: ActionMembers | msgspec.UnsetType = msgspec.UNSET
    resource: EntityMembers | msgspec.UnsetType = msgspec.UNSET
    context: OpenEnded = msgspec.UNSET


class QuestionsMembers(QuestionMembers, gc=False):
    """A body of the evaluations API, but for its `options`."""

    evaluations: list[QuestionMembers] | msgspec.UnsetType = msgspec.UNSET


class ToldStatement(msgspec.Struct, gc=False):
    """A statement as data."""

    id: str
    code: str
    payload: object


class PermittedContext(msgspec.Struct, gc=False):
    """What is told beside a permit."""

    decision_id: str
    reason: str
    statements: list[ToldStatement] | msgspec.UnsetType = msgspec.UNSET


class PermitAnswer(msgspec.Struct, gc=False):
    """A permit: `decision` is true."""

    decision: bool
    context: PermittedContext


class DeniedContext(msgspec.Struct, gc=False):
    """What is told beside a deny: for the PEP, and in words for its user."""

    decision_id: str
    reason: str
    status: int
    message: str
    code: str | msgspec.UnsetType = msgspec.UNSET
    acr_values: str | msgspec.UnsetType = msgspec.UNSET
    max_age: int | msgspec.UnsetType = msgspec.UNSET
    scope: str | msgspec.UnsetType = msgspec.UNSET
    missing: list[dict[str, object]] | msgspec.UnsetType = msgspec.UNSET
    statements: list[ToldStatement] | msgspec.UnsetType = msgspec.UNSET


class DenyAnswer(msgspec.Struct, gc=False):
    """A deny: `decision` is false."""

    decision: bool
    context: DeniedContext


class ItemError(msgspec.Struct, gc=False):
    """Why an item of several was not judged."""

    status: int
    message: str
    id: str


class RefusedContext(msgspec.Struct, gc=False):
    """Where nothing was decided."""

    error: ItemError


class RefusedAnswer(msgspec.Struct, gc=False):
    """The answer to one malformed question of several: `decision` is false."""

    decision: bool
    context: RefusedContext
