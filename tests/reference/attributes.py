"""Section 7 of the language page: where an attribute comes from, and when it is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.reference import conditions, names
from tests.reference.bodies import NO_BODY, body_of_call, body_of_response
from tests.reference.declared import (
    UNSET,
    Attribute,
    Declared,
    Expression,
    Parts,
    Scope,
    Source,
    Value,
)
from tests.reference.jsonpaths import is_singular, selected
from tests.reference.shape import Bug
from tests.reference.situation import ABSENT, BODY, UNAVAILABLE, WRONG, Error, Situation

__all__ = ["attribute_of", "attribute_value", "has_attribute"]

NOTHING = names.NOTHING
MARK = "\0"
"""Where a value ended: only what a value made of a segment has to be looked at."""


def attribute_of(
    scope: Scope, at: Situation, alias: str | None, name: str
) -> tuple[Attribute, Scope]:
    """The declaration and the document that it stands in."""
    owner = names.owner_of(scope, at.tree, alias)
    return owner.attributes[name], owner


def attribute_value(scope: Scope, at: Situation, alias: str | None, name: str) -> Value:
    attribute, owner = attribute_of(scope, at, alias, name)
    found = sourced(attribute, owner, at)
    value = found if isinstance(found, Error) else names.declared_value(attribute.entry, found, at)
    at.seen[f"attribute {attribute.source.kind}", word_for(found, value)] += 1
    if attribute.on_error != UNSET and isinstance(value, Error):
        failed = value.reason in (UNAVAILABLE, BODY)
        if failed or (at.bug == Bug.ON_ERROR_FOR_WRONG_TYPE and value.reason == WRONG):
            at.seen[f"attribute {attribute.source.kind}", "onError"] += 1
            return attribute.on_error
    return value


def word_for(found: Value, value: Value) -> str:
    """What came of a source, for the figures."""
    if isinstance(found, Error):
        return "inherited" if found.inherited else found.reason
    if isinstance(value, Error):
        return "absent" if value.reason == ABSENT else "wrong"
    return "default" if found is NOTHING or found is None else "value"


def has_attribute(scope: Scope, at: Situation, alias: str | None, name: str) -> Value:
    return names.has(attribute_value(scope, at, alias, name))


def sourced(attribute: Attribute, owner: Scope, at: Situation) -> Value:
    """What the source has: a JSON value, `NOTHING`, or an error."""
    ways: dict[str, Callable[[Attribute, Scope, Situation], Any]] = {
        "constant": lambda attribute, _owner, _at: jsonlike(attribute.source.value),
        "header": from_header,
        "query": from_query,
        "body": from_body,
        "attribute": from_attribute,
        "http": from_service,
        "sql": from_table,
    }
    unknown = {"header", "body"} if at.question is not None else set()
    if at.question is not None and at.question.kind != "uri":
        unknown.add("query")
    if attribute.source.kind in unknown:
        return Error(ABSENT, inherited=True)
    found = ways[attribute.source.kind](attribute, owner, at)
    if found == Error(UNAVAILABLE) and at.bug == Bug.FAILED_AS_ABSENT:
        return NOTHING
    return found


def jsonlike(value: Value) -> Value:
    return list(value) if isinstance(value, tuple) else value


# --- the request ----------------------------------------------------------------------------------


def from_header(attribute: Attribute, _owner: Scope, at: Situation) -> Value:
    headers = at.call.headers if at.response is None else at.response.headers
    values = [value for name, value in headers if name.lower() == attribute.source.name]
    return from_texts(attribute.entry, values)


def from_query(attribute: Attribute, owner: Scope, at: Situation) -> Value:
    values = names.query(owner, at, attribute.source.name)
    return values if isinstance(values, Error) else from_texts(attribute.entry, list(values))


def from_texts(entry: Declared, values: list[str]) -> Value:
    """Text is read by the declared type; a list has all values, a scalar one."""
    if not values:
        return NOTHING
    if entry.type.startswith("list<"):
        return [from_text(entry.type[5:-1], value) for value in values]
    return from_text(entry.type, values[0]) if len(values) == 1 else Error(WRONG)


def from_text(kind: str, text: str) -> Value:
    """What is no such text stays text, which is the wrong type then."""
    if kind == "int" and re.fullmatch("-?(0|[1-9][0-9]*)", text):
        return int(text)
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    return instant(text) if kind == "timestamp" else text


def instant(value: Value) -> Value:
    """RFC 3339 text as a NumericDate; everything else as it is."""
    if isinstance(value, str) and re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value
    ):
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return value
    return value


def from_body(attribute: Attribute, _owner: Scope, at: Situation) -> Value:
    if at.response is None:
        document = body_of_call(at.call.method, at.call.headers, at.call.body)
    else:
        response = at.response
        document = body_of_response(
            at.call.method, response.status, response.headers, response.body
        )
    if document is NO_BODY:
        return NOTHING
    return document if isinstance(document, Error) else within(attribute, document)


# --- other attributes, services, tables -----------------------------------------------------------


def from_attribute(attribute: Attribute, owner: Scope, at: Situation) -> Value:
    value = attribute_value(owner, at, *attribute.source.of)
    if value == Error(ABSENT):
        return NOTHING
    return value if isinstance(value, Error) else within(attribute, jsonlike(value))


def from_service(attribute: Attribute, owner: Scope, at: Situation) -> Value:
    source = attribute.source
    target = target_of(source.path, owner, at)
    if isinstance(target, Error):
        return target
    headers: dict[str, str] = {}
    for name, parts in source.parameters.items():
        text = joined(parts, owner, at)
        if isinstance(text, Error):
            return text
        if not all(" " <= character <= "~" for character in text) or text != text.strip():
            return Error(WRONG)
        headers[name] = text
    answer = fetched(source, json.dumps([target, sorted(headers.items())]), at)
    return answer if isinstance(answer, Error) else within(attribute, answer)


def from_table(attribute: Attribute, owner: Scope, at: Situation) -> Value:
    source, parameters = attribute.source, {}
    for name, parts in source.parameters.items():
        value = single(parts, owner, at)
        if isinstance(value, Error):
            return value
        if isinstance(value, str) and has_control(value):
            return Error(WRONG)
        parameters[name] = value
    rows = fetched(source, json.dumps(sorted(parameters.items())), at)
    if isinstance(rows, Error):
        return rows
    found = within(attribute, rows) if source.select is not None else cells_of(attribute, rows)
    # Not every database has truth or times of its own.
    is_truth = attribute.entry.type == "bool" and type(found) is int and found in (0, 1)
    if attribute.entry.type == "timestamp":
        return instant(found)
    return bool(found) if is_truth else found


def cells_of(attribute: Attribute, rows: list[dict[str, Value]]) -> Value:
    source = attribute.source
    cells = [row[source.column or next(iter(row))] for row in rows]
    if attribute.entry.type.startswith("list<"):
        return cells or NOTHING
    if len(cells) > 1:
        return Error(WRONG)
    return cells[0] if cells else NOTHING


def fetched(source: Source, request: str, at: Situation) -> Value:
    """The answer to one request; the same one twice in a decision is the same answer."""
    key = f"{source.name} {request}"
    if at.bug == Bug.CACHE_KEY_WITHOUT_VALUE:
        key = f"{source.name} {source.path} {source.parameters}"
    at.seen["fetch", "shared" if key in at.fetched else "first"] += 1
    if key not in at.fetched:
        world = at.call.world
        at.fetched[key] = (
            Error(UNAVAILABLE)
            if source.name in world.faults
            else world.chosen(source.name, request)
        )
    return at.fetched[key]


def within(attribute: Attribute, document: Value) -> Value:
    """What the path selects of a document, as the declared type asks for it."""
    path, kind = attribute.source.select or (), attribute.entry.type
    found = selected(path, document)
    value = (found[0] if found else NOTHING) if is_singular(path) else found or NOTHING
    return instant(value) if kind == "timestamp" else value


# --- places for values ----------------------------------------------------------------------------


def target_of(path: Parts, owner: Scope, at: Situation) -> Value:
    """Path and query with every value percent-encoded into one segment, or why that is unsafe."""
    texts = [
        part if isinstance(part, str) else plain_text(named_value(part, owner, at)) for part in path
    ]
    failed = next((text for text in texts if isinstance(text, Error)), None)
    if failed is not None:
        return failed
    raw, written, in_query = "", "", False
    for part, text in zip(path, texts, strict=True):
        if isinstance(part, str):
            raw, written = raw + part, written + part
            in_query = in_query or "?" in part
            continue
        if has_control(text) or (not in_query and climbs(text)):
            return Error(WRONG)
        # A slash inside a value does not end the segment: it is encoded like all the rest.
        raw, written = raw + text.replace("/", "x") + MARK, written + quote(text, safe="")
    made = [segment for segment in raw.partition("?")[0].split("/") if MARK in segment]
    unsafe = any(segment.replace(MARK, "") in ("", ".", "..") for segment in made)
    return Error(WRONG) if unsafe else written


def climbs(value: str) -> bool:
    """A server that decodes the slashes of a value must not leave the path by its dots."""
    return any(part in (".", "..") for part in re.split(r"[/\\]", value))


def has_control(value: str) -> bool:
    return any(character < " " or "\x7f" <= character < "\xa0" for character in value)


def named_value(name: Expression, owner: Scope, at: Situation) -> Value:
    value = conditions.value_of(name, owner, at)
    return Error(value.reason, inherited=True) if isinstance(value, Error) else value


def joined(parts: Parts, owner: Scope, at: Situation) -> Value:
    texts = []
    for part in parts:
        text = part if isinstance(part, str) else plain_text(named_value(part, owner, at))
        if isinstance(text, Error):
            return text
        texts.append(text)
    return "".join(texts)


def single(parts: Parts, owner: Scope, at: Situation) -> Value:
    """One place and nothing else keeps its type."""
    if len(parts) == 1 and not isinstance(parts[0], str):
        return named_value(parts[0], owner, at)
    return joined(parts, owner, at)


def plain_text(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value
