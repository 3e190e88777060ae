"""Shapes of operations, of what they match and of their parameters."""

from __future__ import annotations

import re

from deemster.policy.parsing import forms
from deemster.policy.parsing.access_match import ACCESS_KEYS
from deemster.policy.parsing.denied_reasons import OTHERWISE
from deemster.policy.parsing.grants import ALLOW
from deemster.policy.parsing.paths import OPERATION_PATHS
from deemster.policy.parsing.policy_shapes import GUARDS, POLICIES, RESPONSE
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.parsing.statements import ATTACH

__all__ = ["MATCH", "MAX_PATHS", "METHOD", "OPERATION", "PARAMETER", "PARAMETER_TYPE"]

MAX_PATHS = 10
# RFC 9110 5.6.2: token.
METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PARAMETER_TYPE = forms.Choice(
    {"int": "int", "uuid": "uuid"},
    docs={
        "int": "ASCII digits without sign or leading zero, in 64 bits; read as an integer",
        "uuid": "a UUID in its usual form",
    },
)
PARAMETER = Shape(
    "a parameter's constraint",
    Keys(
        {
            "pattern": Key(
                forms.Text("RE2 pattern"),
                "A pattern that the whole segment matches.",
                '"[0-9]{1,12}"',
            ),
            "type": Key(PARAMETER_TYPE, "The type of the segment.", "int"),
        }
    ),
    example="params: {id: {type: int}}",
    exactly_one=(("pattern", "type"),),
    doc="What a path parameter must look like for the operation to match.",
)
_EITHER_WAY = (("path", "paths", "resourceType"),)
MATCH = Shape(
    "`match`",
    Keys(
        {
            "methods": Key(
                forms.ListOf(forms.Text("HTTP method", pattern=METHOD.pattern)),
                "HTTP methods, case-sensitive. HEAD and OPTIONS are never implied.",
                "[GET, HEAD]",
                "every method",
            ),
            "path": Key(
                forms.Text("path template"),
                "A template of the path below the base URL: `{name}` and `*` are one segment, a"
                " final `**` is the rest.",
                '"/invoices/{id}"',
            ),
            "paths": Key(
                forms.ListOf(forms.Text("path template"), at_most=MAX_PATHS),
                "Several templates, any of which matches.",
                "[/invoices, /bills]",
            ),
        }
    )
    | ACCESS_KEYS,
    elsewhere={"method": "methods are a list: `methods: [GET]`"},
    example="match: {methods: [GET], path: /invoices}",
    exactly_one=_EITHER_WAY,
    doc="Which calls, or which AuthZEN questions, the operation is about. Of several that match a"
    " call the most specific one decides.",
)
OPERATION = Shape(
    "an operation",
    Keys(
        {
            "id": Key(forms.Id(), "Names the operation, uniquely in its service.", "pay-invoice"),
            "match": Key(MATCH, "Which calls it is about.", "{methods: [GET], path: /invoices}"),
            "params": Key(
                forms.MapOf(PARAMETER),
                "Constraints of path parameters by name. A call that fails one does not match.",
                '{id: {pattern: "[0-9]{1,12}"}}',
            ),
            "paths": Key(
                OPERATION_PATHS,
                "What counts as data in its paths.",
                "{encodedSlash: data}",
                "what the service opens",
            ),
            "alsoCovers": Key(
                forms.ListOf(forms.Id()),
                "Operations of narrower paths whose other methods fall to this one, on purpose.",
                "[read-invoice]",
            ),
            "guards": Key(
                GUARDS, "Policies that can only refuse. Each passes unless it denies or fails."
            ),
            "allow": Key(ALLOW, "Who may call: a word, or lines that must all hold."),
            "policies": Key(
                POLICIES, "Custom policies, folded by deny-overrides: together they must permit."
            ),
            "otherwise": Key(
                OTHERWISE,
                "The author's own words where `allow` denies.",
                '{code: pay.not-allowed, message: "Paying needs the finance group."}',
            ),
            "response": Key(RESPONSE, "Policies over the upstream's answer to it."),
            "attach": ATTACH,
        }
    ),
    required={
        "id": "an id of lower-case letters, digits and hyphens, unique in its service",
        "match": "for example `match: {methods: [GET], path: /invoices}`",
    },
    elsewhere={
        "enabled": "an operation cannot be disabled, or its path would fall to a wider template; "
        "only policies and rules can",
        "deniedReason": "an operation's own words on a deny are `otherwise`",
        "path": "write `match: {path: ...}`",
        "methods": "write `match: {methods: [...]}`",
        "when": "write `allow: {when: ...}`",
        "scopes": "write `allow: {scopes: ...}`",
        "rules": "rules belong to a policy: `policies: [{id: ..., combiningAlgorithm: ..., "
        "rules: [...]}]`",
        "exempt": "a guard says which operations it exempts",
        "attributes": "attributes belong to the top of the file",
        "statements": "statements are declared at the top of the file; an operation names them by "
        "`attach`",
    },
    at_least_one=(("allow", "policies"),),
    doc="One thing that callers may do. Each of `allow` and `policies` that is there must permit.",
)
