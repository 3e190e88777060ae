"""`users:` of a suite."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import Node, ScalarNode
from deemster.policytest.cases import SuiteUser
from deemster.policytest.fields import FieldReader

__all__ = ["read_users"]

_KEYS = ("groups", "roles", "attributes", "enabled")


def read_users(
    node: Node | None, fields: FieldReader, *, known_roles: frozenset[str]
) -> Mapping[str, SuiteUser]:
    """Users by subject. A role outside `known_roles` would grant nothing, silently: a warning."""
    mapping = fields.mapping(node, "`users`")
    users: dict[str, SuiteUser] = {}
    for key, value in mapping.entries if mapping is not None else ():
        what = f"user `{key.text}`"
        written = fields.mapping(value, what)
        if written is None:
            continue
        fields.only(written, _KEYS, what)
        _warn_of_unknown_roles(written.get("roles"), fields, known_roles)
        attributes = fields.mapping(written.get("attributes"), "`attributes`")
        users[key.text] = SuiteUser(
            enabled=fields.boolean(written.get("enabled"), "`enabled`", default=True),
            groups=fields.texts(written.get("groups"), "`groups`"),
            roles=fields.texts(written.get("roles"), "`roles`"),
            attributes=(
                {name.text: fields.json(item) for name, item in attributes.entries}
                if attributes is not None
                else {}
            ),
        )
    return users


def _warn_of_unknown_roles(
    node: Node | None, fields: FieldReader, known_roles: frozenset[str]
) -> None:
    for item in fields.sequence(node, "`roles`"):
        if isinstance(item, ScalarNode) and item.text not in known_roles:
            fields.sink.warning(
                Code.TEST_SUITE,
                f"no Application has a role `{item.text}`, or more than one has it",
                item.span,
                help=did_you_mean(item.text, sorted(known_roles))
                or "a role is written `application/role`",
            )
