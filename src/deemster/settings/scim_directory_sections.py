"""Reads `directories[].scim`: where users are, and which of their attributes say what."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.reading.nodes import ScalarNode
from deemster.settings.directory_model import BasicCredentials, ScimDirectory
from deemster.settings.outgoing_sections import check_header_value, read_outgoing
from deemster.settings.reading import one_of
from deemster.settings.secret import Secret
from deemster.settings.section import Section
from deemster.usercontext.scim import ScimRules
from deemster.usercontext.scim_answers import ScimPath

__all__ = ["read_scim_directory"]

_BASIC_USER = "printable ASCII without a colon"


def read_scim_directory(section: Section) -> ScimDirectory | None:
    """`url`, `auth`, `user`, `groups`, `roles`, `mapping` and how the service may be asked."""
    outgoing = read_outgoing(section)
    section.take("auth", "user", "groups", "roles", "mapping")
    auth = _read_auth(section)
    user = section.section("user")
    user_by = user.required("by", ScimPath.of, shown=_text)
    user.finish()
    groups, group_name = _read_groups(section.section("groups"))
    roles = section.section("roles")
    role_name = roles.optional("name", one_of(("value", "display")), "value")
    roles.finish()
    mapping = section.section("mapping")
    attributes = _read_attributes(mapping)
    mapping.finish()
    section.finish()
    if outgoing is None or user_by is None:
        return None
    by_id = user_by.urn is None and user_by.sub is None and user_by.name == "id"
    if user_by.sub is not None:
        section.error(
            Code.SETTING,
            "`by` is an attribute of the user itself: `id`, `userName`, `externalId`, …",
            user.span_at("by"),
        )
    rules = ScimRules(
        user_by=None if by_id else user_by,
        groups=groups,
        group_name=group_name,
        roles=ScimPath.of(f"roles.{role_name}"),
        attributes=attributes,
    )
    return ScimDirectory(outgoing, auth, rules)


def _read_auth(section: Section) -> Secret | BasicCredentials | None:
    auth = section.section("auth")
    written = auth.written(("bearer", "basic"))
    auth.take("bearer", "basic")
    found: Secret | BasicCredentials | None = None
    if section.has("auth") and len(written) != 1:
        message = f"`{auth.path}` is exactly one of `bearer` and `basic`"
        auth.error(Code.SETTING, message, auth.span)
    elif written == ["bearer"]:
        found = auth.secret("bearer")
        if found is not None:
            check_header_value(auth, "bearer", found)
    elif written == ["basic"]:
        found = _read_basic(auth.section("basic"))
    auth.finish()
    return found


def _read_basic(section: Section) -> BasicCredentials | None:
    user = section.required("user", _basic_user)
    password = section.secret("password")
    section.finish()
    return None if user is None or password is None else BasicCredentials(user, password)


def _basic_user(text: str) -> str:
    # RFC 7617 2: a colon would end it.
    if not text.isascii() or not text.isprintable() or ":" in text:
        raise ValueError(f"expected {_BASIC_USER}")
    return text


def _read_groups(section: Section) -> tuple[ScimPath | None, ScimPath]:
    source = section.optional("from", one_of(("user", "groups")), "user")
    name = section.optional("name", one_of(("display", "value")), "display")
    section.finish()
    # A group itself calls them otherwise (RFC 7643 4.2).
    of_group = ScimPath.of("displayName" if name == "display" else "id")
    return (ScimPath.of(f"groups.{name}") if source == "user" else None), of_group


def _read_attributes(section: Section) -> tuple[tuple[str, ScimPath], ...]:
    written = section.mapping("attributes")
    found = []
    for key, node in () if written is None else written.entries:
        text = node.text if isinstance(node, ScalarNode) else ""
        try:
            found.append((key.text, ScimPath.of(text)))
        except ValueError as error:
            message = f"`{section.path}.attributes.{key.text}`: {error}"
            section.error(Code.BAD_VALUE, message, node.span)
    if found:
        section.note("attributes", ", ".join([f"{name}: {path.text}" for name, path in found]))
    return tuple(found)


def _text(path: ScimPath) -> str:
    return path.text
