"""Bodies of AuthZEN ► questions: a fast way, and a strict way that has the word.

Whatever the fast way dislikes is read again strictly, so there is one place that refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from deemster.gateways.authzen_members import (
    UNSET,
    ActionMembers,
    EntityMembers,
    OpenEnded,
    QuestionMembers,
    QuestionsMembers,
)
from deemster.gateways.authzen_questions import (
    AuthzenQuestion,
    Evaluations,
    Semantic,
    read_evaluation_strictly,
    read_evaluations_strictly,
)
from deemster.gateways.strict_body import Census, count_untyped, hides_nothing
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.identity import Credential

__all__ = ["read_evaluation", "read_evaluations"]


def read_evaluation(body: bytes, *, max_depth: int) -> AuthzenQuestion:
    """The question of a body of the evaluation API. Raises MalformedCallError."""
    try:
        read = _ONE.decode(body)
        question = _plain(body, read, max_depth) if max_depth > 1 else None
        if question is not None:
            return question
        question = _question(read, None, None, None, None)
        # An entity nests one deeper than the body, its properties two.
        if question is not None and _is_all(body, [read], max_depth - 1):
            return question
    except _UNREADABLE:
        pass
    return read_evaluation_strictly(body, max_depth=max_depth)


def read_evaluations(body: bytes, *, max_depth: int, most: int) -> AuthzenQuestion | Evaluations:
    """The questions of a body of the evaluations API; the one question of a body without any items.

    Raises MalformedCallError where the body itself is wrong, and for more than `most` items.
    """
    try:
        found = _several(body, max_depth, most)
    except _UNREADABLE:
        found = None
    return found or read_evaluations_strictly(body, max_depth=max_depth, most=most)


_ONE = msgspec.json.Decoder(QuestionMembers)
_SEVERAL = msgspec.json.Decoder(QuestionsMembers)
_PLAIN_MEMBERS = 8
_BARE_MEMBERS = 3  # `resource`, and its `type` and `id`
_NONE = Census(0, 0)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NOTHING: Mapping[str, object] = MappingProxyType({})


def _plain(body: bytes, read: QuestionMembers, max_depth: int) -> AuthzenQuestion | None:
    """The question of a body that has what it must have, and a token or nothing else: as most."""
    subject, action, resource = read.subject, read.action, read.resource
    if subject is UNSET or action is UNSET or resource is UNSET:
        return None
    texts = [subject.type, subject.id, action.name, resource.type, resource.id]
    members = _PLAIN_MEMBERS
    credential = None
    if subject.properties is not UNSET:
        token = subject.properties.get("token")
        if not isinstance(token, str) or len(subject.properties) != 1 or max_depth <= 2:
            return None
        credential = Credential("bearer", token)
        members += 2
        texts.append(token)
    # As `_is_all` counts; one with more properties or a context has more colons than these.
    if "" in texts or not hides_nothing(body, Census(members, "".join(texts).count(":"))):
        return None
    request = AccessRequest(
        Subject(subject.type, subject.id),
        Action(action.name),
        Resource(resource.type, resource.id),
    )
    return AuthzenQuestion(request, credential)


def _several(body: bytes, max_depth: int, most: int) -> Evaluations | None:
    """Items that are as they should be, of the usual semantic."""
    read = _SEVERAL.decode(body)
    items = read.evaluations
    if items is UNSET or not 0 < len(items) <= most:
        return None
    subject = _subject(read.subject)
    action = _action(read.action)
    resource = _resource(read.resource)
    context = None if read.context is UNSET else read.context
    told: list[AuthzenQuestion] = []
    said: list[QuestionMembers] = [read]
    plain = 0
    texts: list[str] = []
    for item in items:
        about = item.resource
        if subject is not None and action is not None and about is not UNSET and _is_bare(item):
            # A resource alone, which is what nearly every item is.
            request = AccessRequest(
                subject, action, Resource(about.type, about.id), context or _NOTHING
            )
            told.append(AuthzenQuestion(request))
            plain += 1
            texts.append(about.type)
            texts.append(about.id)
            continue
        question = _question(item, subject, action, resource, context)
        if question is None:
            return None
        told.append(question)
        said.append(item)
    bare = Census(_BARE_MEMBERS * plain, "".join(texts).count(":"))
    if not _is_all(body, said, max_depth - 3, bare, in_list=True):
        return None
    return Evaluations(Semantic.EXECUTE_ALL, tuple(told))


def _is_bare(item: QuestionMembers) -> bool:
    about = item.resource
    return (
        about is not UNSET
        and about.properties is UNSET
        and bool(about.type)
        and bool(about.id)
        and item.subject is UNSET
        and item.action is UNSET
        and item.context is UNSET
    )


def _question(
    read: QuestionMembers,
    subject: Subject | None,
    action: Action | None,
    resource: Resource | None,
    context: Mapping[str, object] | None,
) -> AuthzenQuestion | None:
    """What it is about, each part taken whole from the body or from the defaults.

    None where a part is missing or not as plain as these.
    """
    if read.subject is not UNSET:
        subject = _subject(read.subject)
    if read.action is not UNSET:
        action = _action(read.action)
    if read.resource is not UNSET:
        resource = _resource(read.resource)
    if read.context is not UNSET:
        context = read.context
    if subject is None or action is None or resource is None:
        return None
    return AuthzenQuestion(AccessRequest(subject, action, resource, context or _NOTHING))


def _subject(read: EntityMembers | msgspec.UnsetType) -> Subject | None:
    """One without a token: that is for the strict way to take out."""
    if read is UNSET or not read.type or not read.id:
        return None
    if read.properties is UNSET:
        return Subject(read.type, read.id)
    return None if "token" in read.properties else Subject(read.type, read.id, read.properties)


def _action(read: ActionMembers | msgspec.UnsetType) -> Action | None:
    if read is UNSET or not read.name:
        return None
    return Action(read.name, _NOTHING if read.properties is UNSET else read.properties)


def _resource(read: EntityMembers | msgspec.UnsetType) -> Resource | None:
    if read is UNSET or not read.type or not read.id:
        return None
    return Resource(read.type, read.id, _NOTHING if read.properties is UNSET else read.properties)


def _is_all(
    body: bytes,
    read: list[QuestionMembers],
    max_depth: int,
    counted_before: Census = _NONE,
    *,
    in_list: bool = False,
) -> bool:
    """Whether nothing of `body` was dropped, nor is anything in it only the strict way's to judge.

    `max_depth`: how deep an entity and what is in it may nest. `in_list`: there are `evaluations`,
    of which `counted_before` are not in `read`.
    """
    members = counted_before.members + in_list  # `evaluations`
    texts: list[str] = []
    nested: list[tuple[OpenEnded, int]] = []
    for one in read:
        nested.append((one.context, max_depth))
        for entity in (one.subject, one.resource):
            if entity is not UNSET:
                members += 3
                texts += (entity.type, entity.id)
                nested.append((entity.properties, max_depth - 1))
        if one.action is not UNSET:
            members += 2
            texts.append(one.action.name)
            nested.append((one.action.properties, max_depth - 1))
    colons = counted_before.colons + "".join(texts).count(":")
    for found, depth in nested:
        if found is not UNSET:
            counted = count_untyped(found, max_depth=depth)
            if counted is None:
                return False
            members += 1 + counted.members
            colons += counted.colons
    return max_depth > 0 and hides_nothing(body, Census(members, colons))
