"""`allow`: public, authenticated, or a conjunction of lines."""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing import forms
from deemster.policy.parsing.conditions import parse_condition
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.scalars import describe
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policy.tree import (
    AllowAuthenticated,
    AllowLines,
    AllowPublic,
    AnyAll,
    Condition,
    GroupMatch,
    Groups,
    Text,
)

__all__ = ["ALLOW", "parse_allow"]

_LINES = ("scopes", "groups", "permissions", "when", "authentication")
_WORDS = ("public", "authenticated")
_MEMBERS = "names belong below a line, for example `scopes: {any: [...]}`"
_TEXTS = forms.ListOf(forms.Text())


def _names(of_what: str, example: str) -> Keys:
    return Keys(
        {
            "any": Key(_TEXTS, f"One of these {of_what} is enough.", example),
            "all": Key(_TEXTS, f"All of these {of_what} are needed.", example),
        }
    )


_EITHER = (("any", "all"),)
_NAME_LISTS = {
    "scopes": Shape(
        "`scopes`",
        _names("scopes", "[invoices.read]"),
        example="scopes: {any: [invoices.read]}",
        at_least_one=_EITHER,
        doc="Scopes of the token, compared exactly.",
    ),
    "permissions": Shape(
        "`permissions`",
        _names("permissions", '["invoices:pay"]'),
        example='permissions: {all: ["invoices:pay"]}',
        at_least_one=_EITHER,
        doc="Permissions of the user, by the roles that the user has.",
    ),
}
_MATCH = forms.Choice(
    {match.value: match for match in GroupMatch},
    docs={
        "exact": "character for character",
        "ignore-case": "letters are folded as Unicode does",
        "dn": "as distinguished names (RFC 4514)",
    },
)
_GROUPS = Shape(
    "`groups`",
    _names("groups", "[finance]")
    | Keys({"match": Key(_MATCH, "How names are compared.", "ignore-case", "exact")}),
    example="groups: {any: [finance]}",
    at_least_one=_EITHER,
    doc="Groups of the user, as the directory has them.",
)
_AUTHENTICATION = Shape(
    "`authentication`",
    Keys(
        {
            "acr": Key(
                _TEXTS,
                "The claim `acr` is one of these; else the answer asks for a step-up.",
                "[mfa, hwk]",
            ),
            "maxAge": Key(
                forms.Duration(whole_seconds=True),
                "How long ago the user may have logged in, by the claim `auth_time`.",
                "300s",
            ),
        }
    ),
    elsewhere={
        "amr": "test it in `when`: `\"'hwk' in claims.amr\"`",
        "max_age": "in policies it is written `maxAge`",
        "acr_values": "in policies it is written `acr`",
    },
    example="authentication: {acr: [mfa], maxAge: 300s}",
    at_least_one=(("acr", "maxAge"),),
    doc="How the user must have logged in.",
)
ALLOW_LINES = Shape(
    "`allow`",
    Keys(
        {
            "scopes": Key(
                _NAME_LISTS["scopes"], "Scopes that the token must have.", "{any: [invoices.read]}"
            ),
            "groups": Key(
                _GROUPS, "Groups that the user must be in.", "{any: [finance], match: dn}"
            ),
            "permissions": Key(
                _NAME_LISTS["permissions"],
                "Permissions that the user must have.",
                '{all: ["invoices:pay"]}',
            ),
            "authentication": Key(
                _AUTHENTICATION,
                "How strongly and how recently the user must have logged in.",
                "{acr: [mfa], maxAge: 300s}",
            ),
            "when": Key(forms.Condition(), "A condition that must hold.", "std.office_hours"),
        }
    ),
    elsewhere={
        "public": "write `allow: public`",
        "authenticated": "write `allow: authenticated`",
        "acr": "write `authentication: {acr: [...]}`",
        "maxAge": "write `authentication: {maxAge: 300s}`",
        "any": _MEMBERS,
        "all": _MEMBERS,
        "roles": "test roles in `when`: `\"'accountant' in user.roles\"`",
        "not": "write `when: {not: ...}`",
    },
    noun="line",
    unknown=Code.UNKNOWN_SCOPE_LINE,
    at_least_one=(_LINES,),
    doc="Lines that must all hold.",
)
ALLOW = forms.OneOf(
    (
        forms.Choice(
            {word: word for word in _WORDS},
            docs={
                "public": "anybody; no credential is read",
                "authenticated": "any accepted token",
            },
        ),
        ALLOW_LINES,
    )
)

Allow = AllowPublic | AllowAuthenticated | AllowLines


def parse_allow(fields: Fields) -> Allow | None:
    """`allow` of an operation; None where it is absent or was refused."""
    node = fields.node_of("allow")
    if node is None:
        return None
    if isinstance(node, ScalarNode) and node.text in _WORDS:
        return AllowPublic(node.span) if node.text == "public" else AllowAuthenticated(node.span)
    if isinstance(node, MappingNode):
        return _parse_lines(node, fields.sink)
    _refuse_word(node, fields.sink)
    return None


def _refuse_word(node: Node, sink: DiagnosticSink) -> None:
    guess = did_you_mean(node.text, _WORDS) if isinstance(node, ScalarNode) else None
    expected = "expected `public`, `authenticated` or lines such as `scopes: {any: [...]}`"
    sink.error(
        Code.BAD_VALUE,
        f"`allow` cannot be {describe(node)}",
        node.span,
        help=f"{guess} {expected}" if guess else expected,
    )


def _parse_lines(node: MappingNode, sink: DiagnosticSink) -> AllowLines | None:
    before = sink.error_count
    fields = Fields(node, ALLOW_LINES, sink)
    if not node.entries:
        sink.error(
            Code.EMPTY_LIST,
            "`allow` has no lines",
            node.span,
            help="write `allow: authenticated` if any accepted token will do",
        )
    scopes = _named(fields, "scopes")
    groups = _groups(fields)
    permissions = _named(fields, "permissions")
    when = _when(fields)
    acr, max_age = _authentication(fields)
    if sink.error_count > before:
        return None
    return AllowLines(
        scopes=scopes,
        groups=groups,
        permissions=permissions,
        when=when,
        acr=acr,
        max_age=max_age,
        span=node.span,
        line_spans=tuple((line, fields.key_span(line)) for line in _LINES if line in fields),
    )


def _named(parent: Fields, line: str) -> AnyAll | None:
    node = parent.node_of(line)
    fields = None if node is None else Fields.of(node, _NAME_LISTS[line], parent.sink)
    return None if fields is None else _any_all(fields)


def _groups(parent: Fields) -> Groups | None:
    node = parent.node_of("groups")
    fields = None if node is None else Fields.of(node, _GROUPS, parent.sink)
    if fields is None:
        return None
    names = _any_all(fields)
    match = fields.choice("match", _MATCH) or GroupMatch.EXACT
    return None if names is None else Groups(names, match)


def _any_all(fields: Fields) -> AnyAll | None:
    if "any" not in fields and "all" not in fields:
        fields.sink.error(
            Code.EMPTY_LIST,
            f"{fields.shape.name} names nothing",
            fields.head_span,
            help="write `{any: [...]}` if one of the names is enough, `{all: [...]}` if not",
        )
        return None
    return AnyAll(fields.texts("any"), fields.texts("all"), fields.node.span)


def _when(fields: Fields) -> Condition | None:
    node = fields.node_of("when")
    return None if node is None else parse_condition(node, fields.sink)


def _authentication(parent: Fields) -> tuple[tuple[Text, ...] | None, int | None]:
    node = parent.node_of("authentication")
    fields = None if node is None else Fields.of(node, _AUTHENTICATION, parent.sink)
    if fields is None:
        return None, None
    if not len(fields):
        parent.sink.error(
            Code.EMPTY_LIST,
            "`authentication` asks for nothing",
            fields.node.span,
            help="write `acr: [...]`, `maxAge: 300s` or both",
        )
    acr = fields.texts("acr") if "acr" in fields else None
    return acr, _max_age(fields)


def _max_age(fields: Fields) -> int | None:
    """Whole seconds: RFC 9470's `max_age` has no other unit."""
    milliseconds = fields.milliseconds("maxAge")
    if milliseconds is None:
        return None
    if milliseconds % 1000:
        fields.sink.error(
            Code.BAD_VALUE,
            "`maxAge` must be whole seconds",
            fields.key_span("maxAge"),
            help="gateways and clients count the age of a login in seconds",
        )
    return milliseconds // 1000
