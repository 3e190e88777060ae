"""Attributes and statements of `declared` as plain mappings, as an author would write them."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from tests.reference.declared import UNSET, Attribute, Parts, Placed, Source, Statement, Value
from tests.reference.emission_yaml import Plain
from tests.reference.jsonpaths import path_text
from tests.reference.notation import expression_text

__all__ = ["attribute_written", "payload_written", "statement_written"]


def attribute_written(attribute: Attribute, rng: Random) -> dict[str, Any]:
    """Less its type, which is written as every declaration's is."""
    written: dict[str, Any] = {"source": source_written(attribute.source, rng)}
    if attribute.on_error != UNSET:
        written["onError"] = {"value": plain(attribute.on_error)}
    elif rng.random() < 0.1 and attribute.source.kind in ("http", "sql", "body"):
        written["onError"] = Plain("indeterminate")
    return written


def source_written(source: Source, rng: Random) -> dict[str, Any]:
    if source.kind == "constant":
        return {"constant": plain(source.value)}
    if source.kind in ("header", "query"):
        return {source.kind: source.name}
    path = path_text(source.select or ())
    if source.kind == "body":
        return {"body": path}
    if source.kind == "attribute":
        alias, name = source.of
        return {"attribute": {"name": name if alias is None else f"{alias}.{name}", "select": path}}
    parameters = {name: parts_text(parts, rng) for name, parts in source.parameters.items()}
    if source.kind == "sql":
        written: dict[str, Any] = {"query": source.name}
        written |= {"parameters": parameters} if parameters else {}
    else:
        written = {"service": source.name, "path": parts_text(source.path, rng)}
        written |= {"headers": parameters} if parameters else {}
    if source.column is not None:
        written["column"] = source.column
    if source.select is not None:
        written["select"] = path
    return {source.kind: written}


def parts_text(parts: Parts, rng: Random) -> str:
    """`/v1/{claims.sub}`: braces of the text itself are escaped."""
    return "".join(
        re.sub(r"([{}\\])", r"\\\1", part)
        if isinstance(part, str)
        else "{" + name_text(part, rng) + "}"
        for part in parts
    )


def statement_written(statement: Statement, rng: Random) -> dict[str, Any]:
    written: dict[str, Any] = {"code": statement.code, "appliesTo": Plain(statement.applies_to)}
    if statement.path_matches:
        written["appliesIf"] = Plain("path-matches")
    elif rng.random() < 0.1:
        written["appliesIf"] = Plain("final-decision-matches")
    if statement.obligatory or rng.random() < 0.1:
        written["obligatory"] = statement.obligatory
    return {**written, "payload": payload_written(statement.payload, rng)}


def payload_written(payload: Value, rng: Random) -> Value:
    if isinstance(payload, Placed):
        return "".join(
            part.replace("${", "$${")
            if isinstance(part, str)
            else "${" + name_text(part, rng) + "}"
            for part in payload.parts
        )
    if isinstance(payload, dict):
        return {name: payload_written(value, rng) for name, value in payload.items()}
    if isinstance(payload, tuple):
        return [payload_written(value, rng) for value in payload]
    return payload.replace("${", "$${") if isinstance(payload, str) else payload


def name_text(expression: tuple[Any, ...], rng: Random) -> str:
    text = expression_text(expression, rng)
    return text.strip("()")  # the notation's superfluous parentheses are none of a name


def plain(value: Value) -> Value:
    return list(value) if isinstance(value, tuple) else value
