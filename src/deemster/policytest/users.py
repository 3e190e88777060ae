"""`users:` of a suite."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import USER
from deemster.policy.reading.nodes import ScalarNode, SequenceNode
from deemster.policytest.cases import SuiteUser
from deemster.policytest.fields import json_members, possibly_empty_texts

__all__ = ["read_users"]


def read_users(suite: Fields, *, known_roles: frozenset[str]) -> Mapping[str, SuiteUser]:
    """Users by subject. A role outside `known_roles` would grant nothing, silently: a warning."""
    users: dict[str, SuiteUser] = {}
    for key, value in suite.entries("users"):
        fields = Fields.of(value, USER, suite.sink)
        if fields is None:
            continue
        _warn_of_unknown_roles(fields, known_roles)
        users[key.text] = SuiteUser(
            enabled=fields.flag("enabled", default=True),
            groups=possibly_empty_texts(fields, "groups"),
            roles=possibly_empty_texts(fields, "roles"),
            attributes=json_members(fields, "attributes"),
        )
    return users


def _warn_of_unknown_roles(fields: Fields, known_roles: frozenset[str]) -> None:
    roles = fields.node_of("roles")
    for item in roles.items if isinstance(roles, SequenceNode) else ():
        if isinstance(item, ScalarNode) and item.text not in known_roles:
            fields.sink.warning(
                Code.TEST_SUITE,
                f"no Application has a role `{item.text}`, or more than one has it",
                item.span,
                help=did_you_mean(item.text, sorted(known_roles))
                or "a role is written `application/role`",
            )
