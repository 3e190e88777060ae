"""`resources:` and `roles:` of an Application."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.reading.nodes import ScalarNode, SequenceNode
from deemster.policy.tree import Text

__all__ = ["APPLICATION_KEYS", "parse_application"]

_RESOURCE = Shape(
    "a resource",
    Keys(
        {
            "permissions": Key(
                forms.ListOf(forms.Text("action")),
                "What may be done with the resource. A permission's key is `resource:action`.",
                "[view, pay]",
            )
        }
    ),
    required={"permissions": "for example `permissions: [view, pay]`"},
    example="invoices: {permissions: [view, pay]}",
    doc="One kind of thing that the application protects.",
)
_ROLE = Shape(
    "a role",
    Keys(
        {
            "permissions": Key(
                forms.ListOf(forms.Text("permission `resource:action`"), may_be_empty=True),
                "What a user of this role may do.",
                '["invoices:view"]',
            )
        }
    ),
    required={"permissions": 'for example `permissions: ["invoices:view"]`'},
    example='auditor: {permissions: ["invoices:view"]}',
    doc="A role that directories give to users.",
)
APPLICATION_KEYS = Keys(
    {
        "resources": Key(
            forms.MapOf(_RESOURCE, key=forms.Text("name without `:`", pattern="[^:]+")),
            "Resources by name, each with what may be done with it.",
            "{invoices: {permissions: [view, create, pay, void]}}",
        ),
        "roles": Key(
            forms.MapOf(_ROLE, key=forms.Text("name without `/`", pattern="[^/]+")),
            "Roles by name, each with its permissions. A role's key is `application/role`.",
            '{accountant: {permissions: ["invoices:view", "invoices:pay"]}}',
        ),
    }
)

NamedLists = tuple[tuple[Text, tuple[Text, ...]], ...]


def parse_application(fields: Fields) -> tuple[NamedLists, NamedLists]:
    """(resource ► actions, role ► permission keys); errors are in the sink."""
    # A permission is split at its first colon, a role's key at its slash.
    return (
        _named_lists(fields, "resources", _RESOURCE, forbidden=":"),
        _named_lists(fields, "roles", _ROLE, forbidden="/"),
    )


def _named_lists(fields: Fields, key: str, shape: Shape, *, forbidden: str) -> NamedLists:
    found = []
    for name, value in fields.entries(key):
        before = fields.sink.error_count
        _check_name(name, shape, forbidden, fields)
        inner = Fields.of(value, shape, fields.sink)
        permissions = () if inner is None else _permissions(inner, shape)
        if fields.sink.error_count == before:
            found.append((Text(name.text, name.span), permissions))
    return tuple(found)


def _permissions(fields: Fields, shape: Shape) -> tuple[Text, ...]:
    node = fields.node_of("permissions")
    # A role may be there to be tested by name only; a resource without permissions is a mistake.
    if shape is _ROLE and isinstance(node, SequenceNode) and not node.items:
        return ()
    return fields.texts("permissions")


def _check_name(name: ScalarNode, shape: Shape, forbidden: str, fields: Fields) -> None:
    if name.text and forbidden not in name.text and not name.text.isspace():
        return
    fields.sink.error(
        Code.BAD_ID,
        f"`{name.text}` cannot be the name of {shape.name}",
        name.span,
        help=f"a name without `{forbidden}`",
    )
