"""Members of a JSON object that arrived from outside, each with its type or refused by its name.

For protocols whose bodies are read whole before their members are looked at. Messages name the
place and the type, never what was found there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from deemster.errors import MalformedCallError
from deemster.gateways.strict_body import count_untyped, hides_nothing
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = [
    "ABSENT",
    "object_of",
    "optional_object",
    "read_object",
    "required_object",
    "required_text",
    "wrong_member",
]

ABSENT = object()
"""What `wrong_member` takes for a member that is not there."""


def read_object(body: bytes, *, max_depth: int) -> dict[str, object]:
    """The object that `body` is, as strictly as `read_strict_json`, and nearly always faster.

    Raises MalformedCallError; an integer beyond 64 bits too, which other readers would round.
    """
    try:
        value = _DECODER.decode(body)
        census = count_untyped(value, max_depth=max_depth)
        if census is not None and hides_nothing(body, census):
            return object_of(value, "the body")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = read_strict_json(body, max_depth=max_depth)
    except StrictJsonError as error:
        raise MalformedCallError(f"the body is not JSON as accepted here: {error}") from None
    if count_untyped(value, max_depth=max_depth) is None:
        raise MalformedCallError("the body has an integer beyond 64 bits")
    return object_of(value, "the body")


def object_of(value: object, place: str) -> dict[str, object]:
    """`value`, which must be an object. Raises MalformedCallError."""
    if not isinstance(value, dict):
        raise wrong_member(place, "an object", value)
    return value


def required_object(
    members: Mapping[str, object], name: str, within: str = ""
) -> dict[str, object]:
    """The member `name`; `within` is where it stands (`resource.`). Raises MalformedCallError."""
    value = members.get(name, ABSENT)
    if not isinstance(value, dict):
        raise wrong_member(f"`{within}{name}`", "an object", value)
    return value


def optional_object(
    members: Mapping[str, object], name: str, within: str = ""
) -> dict[str, object] | None:
    """As `required_object`, None where there is no such member. null is not absence."""
    value = members.get(name, ABSENT)
    if value is ABSENT:
        return None
    if not isinstance(value, dict):
        raise wrong_member(f"`{within}{name}`", "an object", value)
    return value


def required_text(members: Mapping[str, object], name: str, within: str = "") -> str:
    """The member `name`, a string that is not empty. Raises MalformedCallError."""
    value = members.get(name, ABSENT)
    if not isinstance(value, str):
        raise wrong_member(f"`{within}{name}`", "a string", value)
    if not value:
        raise MalformedCallError(f"`{within}{name}` must not be empty")
    return value


_DECODER = msgspec.json.Decoder()


def wrong_member(place: str, expected: str, found: object) -> MalformedCallError:
    """What is told of a value of the wrong JSON type: where, what it must be, what it is."""
    if found is ABSENT:
        return MalformedCallError(f"{place} is missing: it must be {expected}")
    return MalformedCallError(f"{place} must be {expected}, found {_kind(found)}")


def _kind(value: object) -> str:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "null"


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),  # before int, which it is too
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)
