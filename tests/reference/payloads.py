"""Section 8: payloads with their values in place, what cannot be built, and what contradicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.reference import attributes, conditions, names
from tests.reference.declared import Expression, Placed, Scope, Statement, Value
from tests.reference.shape import Carried
from tests.reference.situation import WRONG, Error, Situation

__all__ = ["conflict", "json_text", "payload_of"]

LONGEST_HEADER = 8192
UNFIT = Error(WRONG)


def json_text(payload: Value) -> str:
    """JSON, members sorted: for a comparison."""
    return json.dumps(payload, sort_keys=True, ensure_ascii=False)


def payload_of(statement: Statement, scope: Scope, at: Situation) -> Value:
    """Plain JSON, or an error where it cannot be built."""
    payload = placed(statement.payload, scope, at, in_replace=False)
    if isinstance(payload, Error) or statement.code not in CHECKED:
        return payload
    return CHECKED[statement.code](payload)


def header_fields(payload: dict[str, Value]) -> Value:
    found = {name.lower(): in_text(value) for name, value in payload.items()}
    return found if all(map(is_header_value, texts_of(found))) else UNFIT


def query_parameters(payload: dict[str, Value]) -> Value:
    found = {name: in_text(value) for name, value in payload.items()}
    return UNFIT if any(map(has_control, texts_of(found))) else found


def challenge(payload: dict[str, Value]) -> Value:
    """Several `acr_values` are one text with blanks between them (RFC 9470 3)."""
    found = dict(payload)
    if "acr_values" in payload:
        texts = in_text(payload["acr_values"])
        texts = texts if isinstance(texts, list) else [texts]
        if not all(map(is_header_value, texts)):
            return UNFIT
        found["acr_values"] = " ".join(texts)
    age = payload.get("max_age", 0)
    if not isinstance(age, int) or isinstance(age, bool) or age < 0:
        return UNFIT
    return found


def words(payload: dict[str, Value]) -> Value:
    found = {name: value if name == "status" else written(value) for name, value in payload.items()}
    return UNFIT if "" in (found["code"], found["message"]) else found


CHECKED: dict[str, Callable[[dict[str, Value]], Value]] = {
    "modify-headers": header_fields,
    "modify-query": query_parameters,
    "auth-challenge": challenge,
    "denied-reason": words,
}


def placed(part: Value, scope: Scope, at: Situation, *, in_replace: bool) -> Value:
    """A payload with every place filled; keys are as written."""
    if isinstance(part, Placed):
        return filled(part, scope, at, in_replace=in_replace)
    if isinstance(part, tuple):
        members = [placed(item, scope, at, in_replace=in_replace) for item in part]
        return next((item for item in members if isinstance(item, Error)), members)
    if isinstance(part, dict):
        found = {
            name: placed(item, scope, at, in_replace=name == "replace" and "regex" in part)
            for name, item in part.items()
        }
        return next((item for item in found.values() if isinstance(item, Error)), found)
    return part


def filled(text: Placed, scope: Scope, at: Situation, *, in_replace: bool) -> Value:
    """A text that is one place and nothing else is the value itself, but for a timestamp."""
    values = []
    for part in text.parts:
        if isinstance(part, str):
            values.append(part)
            continue
        value = conditions.value_of(part, scope, at)
        if isinstance(value, Error):
            return value
        if is_instant(part, scope, at):
            value = instant_text(value)
        if in_replace:
            value = written(value).replace("$", "$$")
        values.append(value)
    return values[0] if len(values) == 1 else "".join(map(written, values))


def written(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def is_instant(name: Expression, scope: Scope, at: Situation) -> bool:
    if name[0] == "request":
        return bool(name[1] == "time")
    if name[0] == "attr":
        return attributes.attribute_of(scope, at, name[1], name[2])[0].entry.type == "timestamp"
    if name[0] == "access":
        return names.declared_in(scope, at.tree, name[1])[name[2]].type == "timestamp"
    return name[0] == "claim" and names.claim_type(scope, at, name[1]) == "timestamp"


def instant_text(seconds: float) -> str:
    """RFC 3339 in UTC, with as many decimals as it needs."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    decimals = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{decimals}Z"


# --- what may stand where -------------------------------------------------------------------------


def in_text(value: Value) -> Value:
    """A field's value: numbers and truth become text, a list stays one, null removes."""
    if isinstance(value, list):
        return [written(item) for item in value]
    return None if value is None else written(value)


def texts_of(payload: dict[str, Value]) -> list[str]:
    return [
        text
        for value in payload.values()
        if value is not None
        for text in (value if isinstance(value, list) else [value])
    ]


def is_header_value(text: str) -> bool:
    return (
        all(" " <= character <= "~" for character in text)
        and text == text.strip()
        and len(text) <= LONGEST_HEADER
    )


def has_control(text: str) -> bool:
    return any(character < " " or "\x7f" <= character <= "\x9f" for character in text)


# --- contradictions -------------------------------------------------------------------------------


def conflict(one: Carried, two: Carried) -> bool:
    """Two values for one header, query parameter or attribute."""
    kinds = ("modify-headers", "modify-query", "modify-attributes")
    if one.code != two.code or one.code not in kinds:
        return False
    left, right = [settings(statement) for statement in (one, two)]
    return any(left[name] != right[name] for name in left.keys() & right.keys())


def settings(statement: Carried) -> dict[str, Value]:
    payload = json.loads(statement.payload)
    if statement.code == "modify-attributes":
        return {name: json_text(value) for name, value in payload.items()}
    return {
        name.lower() if statement.code == "modify-headers" else name: (
            value if value is None or isinstance(value, list) else [value]
        )
        for name, value in payload.items()
    }
