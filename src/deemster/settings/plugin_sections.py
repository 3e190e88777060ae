"""Reads `plugin`: which installed plug-in it is, and what is written for it."""

from __future__ import annotations

from deemster.errors import ConfigurationError
from deemster.plugins import installed_plugins
from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode, Node, SequenceNode
from deemster.settings.provider_model import PluginSettings
from deemster.settings.scalars import parse_name
from deemster.settings.secret import is_reference, read_secret
from deemster.settings.section import Section
from deemster.settings.static_directory_sections import json_value

__all__ = ["read_plugin"]


def read_plugin(section: Section, group: str) -> PluginSettings | None:
    """`name` and `settings`; the plug-in is not loaded yet. None after an error."""
    name = section.required("name", parse_name)
    node = section.node("settings")
    settings: dict[str, object] = {}
    if isinstance(node, MappingNode):
        settings = {key.text: _value(section, item) for key, item in node.entries}
        # Their names only: which of them are secrets the plug-in knows.
        section.note("settings", ", ".join(settings))
    elif node is not None:
        message = f"`{section.path}.settings` is not a mapping"
        section.error(Code.WRONG_TYPE, message, node.span)
    section.finish()
    if name is None or not _is_installed(section, name, group):
        return None
    return PluginSettings(name, settings, section.reading.folder)


def _is_installed(section: Section, name: str, group: str) -> bool:
    installed = installed_plugins(group)
    found = installed.get(name, [])
    if len(found) == 1:
        return True
    if found:
        packages = sorted(entry.value for entry in found)
        message = f"several packages have a plug-in `{name}`: {', '.join(packages)}"
        section.error(Code.SETTING, message, section.span_at("name"), help="uninstall all but one")
        return False
    known = ", ".join(f"`{one}`" for one in sorted(installed)) or "none"
    near = did_you_mean(name, list(installed))
    section.error(
        Code.SETTING,
        f"no plug-in `{name}` is installed; installed for `{group}`: {known}",
        section.span_at("name"),
        help=near or "install the package that has it into this environment",
    )
    return False


def _value(section: Section, node: Node) -> object:
    """Free JSON in which any text may be a secret from elsewhere."""
    if isinstance(node, SequenceNode):
        return tuple([_value(section, item) for item in node.items])
    if isinstance(node, MappingNode):
        return {key.text: _value(section, item) for key, item in node.entries}
    if not is_reference(node.text):
        return json_value(node)
    reading = section.reading
    try:
        found = read_secret(node.text, environ=reading.environ, folder=reading.folder)
    except ConfigurationError as error:
        section.error(Code.SETTING, error.message, node.span)
        return None
    reading.note_file(found)
    return found
