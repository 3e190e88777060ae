"""Reads `directories[].static`: users written down in the settings, or in a file beside them."""

from __future__ import annotations

import re
from pathlib import Path

from deemster.policy.codes import Code
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.reading.reader import read_document
from deemster.settings.directory_model import StaticDirectory, StaticUser
from deemster.settings.scalars import parse_name
from deemster.settings.section import Section

__all__ = ["json_value", "read_static_directory"]


def read_static_directory(section: Section) -> StaticDirectory | None:
    if section.has("file") == section.has("users"):
        section.take("file", "users")
        section.error(
            Code.SETTING, f"`{section.path}` is exactly one of `users` and `file`", section.span
        )
        section.finish()
        return None
    holder: Section | None = section
    if section.has("file"):
        path = section.file_path("file")
        holder = None if path is None else _read_file(section, path)
    users = None if holder is None else holder.mapping("users")
    if holder is not None:
        holder.finish()
    if holder is not section:
        section.finish()
    if users is None or holder is None:
        return None
    return StaticDirectory(
        tuple(
            [_read_user(holder, key, node, f"{holder.path}.users") for key, node in users.entries]
        )
    )


def _read_file(section: Section, path: Path) -> Section | None:
    reading = section.reading
    reading.files.append(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror or 'no such file'}"
        section.error(Code.SETTING, message, section.span_at("file"))
        return None
    root = read_document(content, str(path), reading.sink)
    reading.sources[str(path)] = content.decode("utf-8", "replace")
    if root is None:
        return None
    if not isinstance(root, MappingNode) or root.get("users") is None:
        section.error(
            Code.SETTING, f"`{path}` has no `users`", root.span, help="write `users: {alice: {}}`"
        )
        return None
    return Section(reading, root, section.path)


def _read_user(holder: Section, key: ScalarNode, node: Node, path: str) -> StaticUser:
    try:
        parse_name(key.text)
    except ValueError as error:
        holder.error(Code.BAD_VALUE, f"user `{key.text}`: {error}", key.span)
    if not isinstance(node, MappingNode):
        holder.error(Code.WRONG_TYPE, f"user `{key.text}` is not a mapping", node.span)
        node = MappingNode((), node.span)
    section = Section(holder.reading, node, f"{path}.{key.text}")
    attributes = section.mapping("attributes")
    if attributes is not None:
        # The names only: values are about people.
        section.note("attributes", ", ".join([name.text for name, _ in attributes.entries]))
    user = StaticUser(
        subject=key.text,
        enabled=section.flag("enabled", default=True),
        groups=section.texts("groups", parse_name, default=()),
        roles=section.texts("roles", parse_name, default=()),
        attributes={}
        if attributes is None
        else {name.text: json_value(value) for name, value in attributes.entries},
    )
    section.finish()
    return user


_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def json_value(node: Node) -> object:
    """Free JSON: JSON's own scalars, anything else plain is text (policy-language 1)."""
    if isinstance(node, SequenceNode):
        return [json_value(item) for item in node.items]
    if isinstance(node, MappingNode):
        return {key.text: json_value(value) for key, value in node.entries}
    if node.style is not ScalarStyle.PLAIN:
        return node.text
    if node.text in _WORDS:
        return _WORDS[node.text]
    number = _NUMBER.fullmatch(node.text)
    if number is None or len(node.text) > 40:
        return node.text
    return float(node.text) if number[2] or number[3] else int(node.text)
