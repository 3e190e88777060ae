"""Bodies of AuthZEN 1.0 ► questions: one, or several with what they have in common.

Authorization API 1.0 sections 5 to 7 (facts/authzen.md 2 and 3). Members that the protocol does not
have are ignored, but for being strict JSON. An empty type, id or name is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from deemster.errors import MalformedCallError
from deemster.gateways.json_members import (
    object_of,
    optional_object,
    read_object,
    required_object,
    required_text,
)
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.identity import Credential

__all__ = [
    "AuthzenQuestion",
    "Evaluations",
    "Semantic",
    "read_evaluation_strictly",
    "read_evaluations_strictly",
]


class Semantic(Enum):
    """`options.evaluations_semantic`: which of several questions are asked at all."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


class AuthzenQuestion(msgspec.Struct, frozen=True, gc=False):
    """One question, and the bearer token that stood in `subject.properties.token`.

    INVARIANT: the token is in no property of the subject any more, so no condition reads it and
    nothing that shows properties shows it.
    """

    request: AccessRequest
    credential: Credential | None = None


class Evaluations(NamedTuple):
    """Several questions in order; one that is malformed stands for itself alone."""

    semantic: Semantic
    questions: tuple[AuthzenQuestion | MalformedCallError, ...]


def read_evaluation_strictly(body: bytes, *, max_depth: int) -> AuthzenQuestion:
    """The question of a body of the evaluation API. Raises MalformedCallError."""
    return _question(_Defaults(), read_object(body, max_depth=max_depth))


def read_evaluations_strictly(
    body: bytes, *, max_depth: int, most: int
) -> AuthzenQuestion | Evaluations:
    """The questions of a body of the evaluations API; the one question of a body without any items.

    Raises MalformedCallError where the body itself is wrong, and for more than `most` items.
    """
    members = read_object(body, max_depth=max_depth)
    semantic = _semantic(optional_object(members, "options"))
    items = members.get("evaluations", ())
    if not isinstance(items, list | tuple):
        raise MalformedCallError("`evaluations` must be an array")
    if not items:
        # Section 7.1: then the body is one of the evaluation API.
        return _question(_Defaults(), members)
    if len(items) > most:
        raise MalformedCallError(f"`evaluations` has {len(items)} items, more than {most}")
    defaults = _Defaults.of(members)
    return Evaluations(
        semantic, tuple([_item(defaults, item, at) for at, item in enumerate(items)])
    )


class _Defaults(NamedTuple):
    """What items are about that do not say so themselves. Each is taken whole or not at all."""

    subject: tuple[Subject, Credential | None] | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Mapping[str, object] | None = None

    @classmethod
    def of(cls, members: Mapping[str, object]) -> _Defaults:
        """Raises MalformedCallError: a default that is wrong is so for the whole body."""
        return cls(
            _subject(members) if "subject" in members else None,
            _action(members) if "action" in members else None,
            _resource(members) if "resource" in members else None,
            optional_object(members, "context"),
        )


def _item(defaults: _Defaults, item: object, position: int) -> AuthzenQuestion | MalformedCallError:
    try:
        if isinstance(item, dict):
            return _question(defaults, item)
        # Which says what is wrong with it.
        return _question(defaults, object_of(item, f"`evaluations[{position}]`"))
    except MalformedCallError as error:
        return error


def _question(defaults: _Defaults, members: Mapping[str, object]) -> AuthzenQuestion:
    subject, action, resource, surroundings = defaults
    if subject is None or "subject" in members:
        subject = _subject(members)
    if action is None or "action" in members:
        action = _action(members)
    if resource is None or "resource" in members:
        resource = _resource(members)
    if "context" in members:
        surroundings = optional_object(members, "context")
    request = AccessRequest(subject[0], action, resource, surroundings or _NOTHING)
    return AuthzenQuestion(request, subject[1])


def _subject(members: Mapping[str, object]) -> tuple[Subject, Credential | None]:
    subject = required_object(members, "subject")
    properties = optional_object(subject, "properties", "subject.") or _NOTHING
    credential = None
    if "token" in properties:
        credential = Credential("bearer", _token(properties["token"]))
        properties = {name: value for name, value in properties.items() if name != "token"}
    return (
        Subject(
            required_text(subject, "type", "subject."),
            required_text(subject, "id", "subject."),
            properties,
        ),
        credential,
    )


def _token(value: object) -> str:
    # A token in any other shape is not left out: nobody would notice that it was not looked at.
    if not isinstance(value, str):
        raise MalformedCallError("`subject.properties.token` must be a string: a bearer token")
    return value


def _action(members: Mapping[str, object]) -> Action:
    action = required_object(members, "action")
    return Action(
        required_text(action, "name", "action."),
        optional_object(action, "properties", "action.") or _NOTHING,
    )


def _resource(members: Mapping[str, object]) -> Resource:
    resource = required_object(members, "resource")
    kind, id_, properties = resource.get("type"), resource.get("id"), resource.get("properties")
    if kind and id_ and isinstance(kind, str) and isinstance(id_, str):
        # What every item of many is made of, without a word about what else it could be.
        if isinstance(properties, dict):
            return Resource(kind, id_, properties)
        if "properties" not in resource:
            return Resource(kind, id_)
    return Resource(
        required_text(resource, "type", "resource."),
        required_text(resource, "id", "resource."),
        optional_object(resource, "properties", "resource.") or _NOTHING,
    )


def _semantic(options: Mapping[str, object] | None) -> Semantic:
    value = (options or _NOTHING).get("evaluations_semantic", Semantic.EXECUTE_ALL.value)
    for semantic in Semantic:
        if value == semantic.value:
            return semantic
    # Rather than another one in silence: what is asked decides who sees which decision.
    known = ", ".join([f"`{semantic.value}`" for semantic in Semantic])
    raise MalformedCallError(f"`options.evaluations_semantic` must be one of {known}")


_NOTHING: Mapping[str, object] = MappingProxyType({})
