"""`match: {resourceType: …, actions: […]}`: an operation that answers AuthZEN questions.

Source: policy-language section 12.
"""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Note
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.shapes import Key, Keys
from deemster.policy.reading.nodes import MappingNode, SequenceNode
from deemster.policy.tree import AccessMatch

__all__ = [
    "ACCESS_KEYS",
    "answers_questions",
    "answers_questions_only",
    "parse_access_match",
    "refuse_call_keys",
]

ACCESS_KEYS = Keys(
    {
        "resourceType": Key(
            forms.Text("resource type"),
            "The type of resource that AuthZEN questions are about. With `actions`, instead of"
            " methods and paths.",
            "todo",
        ),
        "actions": Key(
            forms.ListOf(forms.Text("action name")),
            "Names of actions. A resource type with an action belongs to one operation.",
            "[can_read_todos]",
        ),
    }
)
_CALL_KEYS = ("methods", "path", "paths")
_ROUTED_TYPES = ("route", "uri")


def answers_questions(match: Fields) -> bool:
    """Whether a `match` is about questions, or was meant to be."""
    return any(key in match for key in ACCESS_KEYS)


def answers_questions_only(service: Fields) -> bool:
    """Whether every operation of a service is about questions, as far as can be read."""
    operations = service.node_of("operations")
    items = operations.items if isinstance(operations, SequenceNode) else ()
    matches = [item.get("match") if isinstance(item, MappingNode) else None for item in items]
    return bool(matches) and all(
        isinstance(match, MappingNode) and any(match.get(key) is not None for key in ACCESS_KEYS)
        for match in matches
    )


def parse_access_match(match: Fields) -> AccessMatch | None:
    """What the operation answers, or None after an error."""
    sink = match.sink
    before = sink.error_count
    other = next((key for key in _CALL_KEYS if key in match), None)
    if other is not None:
        own = next(key for key in ACCESS_KEYS if key in match)
        sink.error(
            Code.BAD_VALUE,
            f"`match` is about AuthZEN questions by `{own}` and about HTTP calls by `{other}`",
            match.key_span(own),
            help="write two operations",
            notes=(Note(f"`{other}` is written", match.key_span(other)),),
        )
        return None
    for needed in ACCESS_KEYS:
        if needed not in match:
            sink.error(
                Code.MISSING_KEY,
                f"`match` needs `{needed}`",
                match.head_span,
                help="for example `match: {resourceType: todo, actions: [can_read_todos]}`",
            )
    resource_type = match.text("resourceType")
    actions = match.texts("actions")
    if resource_type is not None and resource_type.value in _ROUTED_TYPES:
        sink.error(
            Code.BAD_VALUE,
            f"questions about a `{resource_type.value}` are answered by operations of HTTP calls",
            resource_type.span,
            help="write `match: {methods: [...], path: ...}`; the action is the method",
        )
    if resource_type is None or sink.error_count > before:
        return None
    return AccessMatch(resource_type, actions)


def refuse_call_keys(operation: Fields) -> None:
    """Keys of an operation that are about paths, where it answers questions."""
    for key in ("params", "paths", "alsoCovers"):
        if key in operation:
            operation.sink.error(
                Code.NOT_FOR_AUTHZEN,
                f"`{key}` is about paths, and this operation answers AuthZEN questions",
                operation.key_span(key),
                help="remove it: a question names its resource by type and id",
            )
