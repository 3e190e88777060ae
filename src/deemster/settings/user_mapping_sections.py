"""Reads where groups, roles and attributes stand in a document about a user."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, SequenceNode
from deemster.settings.scalars import parse_name
from deemster.settings.section import Section
from deemster.usercontext.mapping import MemberPath, UserMapping

__all__ = ["read_user_mapping"]

_HELP = "write a member's name, a list of names from the outside in, or `{path: …, optional: true}`"
_NAMES = ("groups", "roles")


def read_user_mapping(section: Section) -> UserMapping:
    """`groups`, `roles` and `attributes` of a section that may have more."""
    groups, roles = [_read_names(section, key) for key in _NAMES]
    written = section.mapping("attributes")
    attributes = []
    for key, node in () if written is None else written.entries:
        path = _path(section, f"{section.path}.attributes.{key.text}", node)
        if path is not None:
            attributes.append((key.text, MemberPath(path)))
    if attributes:
        section.note("attributes", ", ".join([f"{name}: {path}" for name, path in attributes]))
    if section.written((*_NAMES, "attributes")) == []:
        section.error(
            Code.SETTING,
            f"`{section.path}` maps nothing",
            section.span,
            help="write at least one of `groups`, `roles` and `attributes`",
        )
    return UserMapping(groups, roles, tuple(attributes))


def _read_names(section: Section, key: str) -> MemberPath | None:
    node = section.node(key)
    if node is None:
        return None
    name, optional = f"{section.path}.{key}", False
    if isinstance(node, MappingNode):
        below = Section(section.reading, node, name)
        optional = below.flag("optional", default=False)
        found = below.node("path")
        below.finish()
        if found is None:
            below.missing("path", help=_HELP)
            return None
        node, name = found, f"{name}.path"
    path = _path(section, name, node)
    if path is None:
        return None
    section.note(key, str(MemberPath(path)) + (", optional" if optional else ""))
    return MemberPath(path, optional)


def _path(section: Section, name: str, node: Node) -> tuple[str, ...] | None:
    items = node.items if isinstance(node, SequenceNode) else (node,)
    names = []
    for item in items:
        if not isinstance(item, ScalarNode) or not item.text:
            section.error(Code.WRONG_TYPE, f"`{name}` is no path", item.span, help=_HELP)
            return None
        try:
            names.append(parse_name(item.text))
        except ValueError as error:
            section.error(Code.BAD_VALUE, f"`{item.text}`: {error}", item.span)
            return None
    if not names:
        section.error(Code.EMPTY_LIST, f"`{name}` is empty", node.span, help=_HELP)
        return None
    return tuple(names)
