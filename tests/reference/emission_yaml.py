"""Plain mappings and lists as YAML in block style, flow style here and there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.reference.shape import Value

__all__ = ["Literal", "Plain", "block"]


class Plain(str):
    """Text to write without quotes."""

    __slots__ = ()


class Literal(str):
    """Text to write as a literal block, which flow style has no room for."""

    __slots__ = ()


def block(value: Mapping[str, Any], indent: str, rng: Random) -> list[str]:
    """Lines of a mapping in block style; its parts may be in flow style."""
    lines: list[str] = []
    for key, item in value.items():
        if isinstance(item, Literal):
            lines += [f"{indent}{key_text(key)}: |", f"{indent}  {item}"]
        elif is_leaf(item) or (rng.random() < 0.3 and may_flow(item)):
            lines.append(f"{indent}{key_text(key)}: {flow(item)}")
        elif isinstance(item, Mapping):
            lines += [f"{indent}{key_text(key)}:", *block(item, indent + "  ", rng)]
        else:
            lines.append(f"{indent}{key_text(key)}:")
            for member in item:
                lines += sequence_item(member, indent + "  ", rng)
    return lines


def sequence_item(member: Value, indent: str, rng: Random) -> list[str]:
    if isinstance(member, Literal):
        return [f"{indent}- |", f"{indent}  {member}"]
    if not isinstance(member, Mapping) or (rng.random() < 0.3 and may_flow(member)):
        return [f"{indent}- {flow(member)}"]
    first, *others = block(member, indent + "  ", rng)
    return [f"{indent}- {first.lstrip()}", *others]


def is_leaf(item: Value) -> bool:
    return not isinstance(item, Mapping | list) or not item


def may_flow(item: Value) -> bool:
    """Whether there is no literal block inside."""
    if isinstance(item, Mapping):
        return all(may_flow(member) for member in item.values())
    if isinstance(item, list):
        return all(may_flow(member) for member in item)
    return not isinstance(item, Literal)


def flow(item: Value) -> str:
    """A value in flow style: every text in double quotes, so JSON but for plain words."""
    if isinstance(item, Plain):
        return item
    if isinstance(item, Mapping):
        return (
            "{" + ", ".join(f"{key_text(key)}: {flow(value)}" for key, value in item.items()) + "}"
        )
    if isinstance(item, list):
        return "[" + ", ".join(flow(member) for member in item) + "]"
    return json.dumps(item, ensure_ascii=False)


def key_text(key: str) -> str:
    return key if re.fullmatch(r"\$?[A-Za-z][A-Za-z0-9_-]*", key) else json.dumps(key)
