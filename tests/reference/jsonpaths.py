"""JSONPath as RFC 9535 tells it, step by step over lists of nodes, and how a path is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.reference.declared import JsonPath

__all__ = ["is_singular", "located", "path_text", "selected"]

Node = tuple[tuple[str | int, ...], Any]


def selected(path: JsonPath, document: object) -> list[Any]:
    """Values in order; one that is selected twice is there twice."""
    return [value for _, value in nodes_of(path, document)]


def located(path: JsonPath, document: object) -> list[tuple[str | int, ...]]:
    """Where the selected values stand: names and indices from the root."""
    return [place for place, _ in nodes_of(path, document)]


def is_singular(path: JsonPath) -> bool:
    """Names and indices only: at most one value is meant."""
    return all(step[0] in ("name", "index") for step in path)


def nodes_of(path: JsonPath, document: object) -> list[Node]:
    nodes: list[Node] = [((), document)]
    for step in path:
        nodes = [found for node in nodes for found in stepped(step, node)]
    return nodes


def stepped(step: tuple[Any, ...], node: Node) -> Iterator[Node]:
    if step[0] == "below":
        yield from stepped(step[1], node)
        for child in children(node):
            yield from stepped(step, child)
    elif step[0] == "every":
        yield from children(node)
    elif step[0] == "name":
        yield from (child for child in children(node) if child[0][-1] == step[1])
    elif isinstance(node[1], list):
        inside = list(children(node))
        if step[0] == "slice":
            yield from inside[step[1] : step[2]]
        elif -len(inside) <= step[1] < len(inside):
            yield inside[step[1]]


def children(node: Node) -> Iterator[Node]:
    place, value = node
    if isinstance(value, dict):
        yield from (((*place, name), child) for name, child in value.items())
    elif isinstance(value, list):
        yield from (((*place, index), child) for index, child in enumerate(value))


def path_text(path: JsonPath) -> str:
    return "$" + "".join(step_text(step) for step in path)


def step_text(step: tuple[Any, ...]) -> str:
    if step[0] == "below":
        inner = step_text(step[1])
        return ".." + (inner.removeprefix(".") if inner.startswith(".") else inner)
    if step[0] == "every":
        return ".*"
    if step[0] == "index":
        return f"[{step[1]}]"
    if step[0] == "slice":
        return f"[{step[1]}:{step[2]}]"
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", step[1]):
        return f".{step[1]}"
    escaped = step[1].replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"
