"""The term that reads a member of an AuthZEN question: `subject.id`, `context.channel`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deemster.model.source import SourceSpan
from deemster.policy.expressions.types import Narrowing, Type

__all__ = ["AccessField", "AccessRead"]


class AccessField(Enum):
    """What is read: the members that every question has, or a declared property of a part."""

    SUBJECT_TYPE = "subject.type"
    SUBJECT_ID = "subject.id"
    SUBJECT_PROPERTY = "subject.properties"
    ACTION_NAME = "action.name"
    ACTION_PROPERTY = "action.properties"
    RESOURCE_TYPE = "resource.type"
    RESOURCE_ID = "resource.id"
    RESOURCE_PROPERTY = "resource.properties"
    CONTEXT_PROPERTY = "context"

    @property
    def is_property(self) -> bool:
        """Whether the question may lack it."""
        return self in _PROPERTIES


_PROPERTIES = frozenset(
    {
        AccessField.SUBJECT_PROPERTY,
        AccessField.ACTION_PROPERTY,
        AccessField.RESOURCE_PROPERTY,
        AccessField.CONTEXT_PROPERTY,
    }
)


@dataclass(frozen=True, slots=True)
class AccessRead:
    """`resource.properties.owner`, with what its declaration says; `member` is its last part.

    A member that every question has is built in: it has no `declared_at` and cannot fail.
    """

    name: str
    field: AccessField
    member: str
    narrowing: Narrowing
    optional: bool
    has_default: bool
    default: object
    declared_at: SourceSpan | None
    span: SourceSpan

    @property
    def type(self) -> Type:
        return self.narrowing.type
