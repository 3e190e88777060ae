"""`statements:` of a document, and `attach:` of the nodes that carry them."""

from __future__ import annotations

import re

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.ids import checked_name
from deemster.policy.parsing.payloads.reading import read_payload
from deemster.policy.parsing.payloads.shapes import CODES, PAYLOADS
from deemster.policy.parsing.shapes import Key, Keys, Shape, Variant
from deemster.policy.reading.nodes import Node
from deemster.policy.statements.codes import (
    ALIASES,
    APPLIES_TO,
    CHANGES,
    KnownCode,
    NodeEffect,
)
from deemster.policy.statements.declared import StatementDeclaration
from deemster.policy.tree import Text

__all__ = ["ATTACH", "STATEMENTS", "parse_attach", "parse_statements"]

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?")
_APPLIES_TO = forms.Choice(
    APPLIES_TO,
    docs={
        "permit": "where the answer is a permit",
        "deny": "where it is a deny",
        "permit-or-deny": "either",
        "indeterminate": "where an error stands behind the deny",
        "anything": "all three",
    },
    synonyms={
        "PERMIT_OR_DENY": "permit-or-deny",
        "allow": "permit",
        "block": "deny",
        "both": "permit-or-deny",
        "any": "anything",
        "always": "anything",
    },
)
_APPLIES_IF = forms.Choice(
    {"final-decision-matches": False, "path-matches": True},
    docs={
        "final-decision-matches": "the node and all above it have the final effect",
        "path-matches": "the node's own effect counts, whatever the answer is",
    },
    synonyms={
        "FINAL_DECISION_MATCHES": "final-decision-matches",
        "PATH_MATCHES": "path-matches",
        "PATCH_MATCHES": "path-matches",
    },
)
_STATEMENT = Shape(
    "a statement",
    Keys(
        {
            "code": Key(
                forms.OneOf((CODES, forms.Text("another code", pattern=_CODE.pattern))),
                "What is to be done; a code that is not known here is passed on as it is.",
                "modify-headers",
            ),
            "appliesTo": Key(_APPLIES_TO, "For which effect it is meant.", "permit"),
            "appliesIf": Key(
                _APPLIES_IF, "Whose effect counts.", "path-matches", "final-decision-matches"
            ),
            "obligatory": Key(
                forms.Flag(),
                "Whether a permit without it is none.",
                "true",
                "false",
            ),
            "payload": Key(
                forms.Json("what the code asks for"),
                "The particulars; `${name}` in its texts stands for a value.",
                "{x-tier: '${claims.partner_tier}'}",
            ),
        }
    ),
    required={
        "code": "for example `code: modify-headers`",
        "appliesTo": "`permit`, `deny`, `permit-or-deny`, `indeterminate` or `anything`",
    },
    elsewhere={
        "when": "a statement is attached to a node and goes with what comes of it",
        "effect": "write `appliesTo: permit` or `appliesTo: deny`",
        "id": "a statement is named by its key",
        "name": "a statement is named by its key",
        "attach": "the nodes that carry a statement attach it",
        "attributes": "a payload names values as `${attr.x}`; they are not listed",
    },
    example="mask: {code: exclude-attributes, appliesTo: permit, payload: ['$.iban']}",
    variants=tuple(
        Variant(
            "code",
            (code.value, *(alias for alias, meant in ALIASES.items() if meant is code)),
            "payload",
            form,
        )
        for code, form in PAYLOADS.items()
    ),
    doc="Something the gateway must or may do with an answer.",
)

STATEMENTS = Key(
    forms.MapOf(_STATEMENT),
    "Statements that nodes of this file, or of files that import it, can attach.",
    "{mask: {code: exclude-attributes, appliesTo: permit, payload: ['$.iban']}}",
)
ATTACH = Key(
    forms.ListOf(forms.Text("name of a statement", pattern=_NAME.pattern)),
    "Statements that go with what comes of this node.",
    "[mask_iban, std.step_up]",
)


def parse_statements(fields: Fields) -> tuple[StatementDeclaration, ...]:
    """`statements:` of a document; those with an error are left out."""
    found = []
    for key, value in fields.entries("statements"):
        name = checked_name(key, fields.sink)
        statement = _statement(name, value, fields.sink)
        if statement is not None:
            found.append(statement)
    return tuple(found)


def parse_attach(fields: Fields) -> tuple[Text, ...]:
    """Names as written: `mask`, or `std.mask` of an import."""
    return fields.texts("attach", _checked_reference)


def _statement(name: Text | None, node: Node, sink: DiagnosticSink) -> StatementDeclaration | None:
    before = sink.error_count
    fields = Fields.of(node, _STATEMENT, sink)
    if fields is None:
        return None
    written = fields.text("code")
    code = None if written is None else _code(written, sink)
    applies_to = fields.choice("appliesTo", _APPLIES_TO)
    own_effect = bool(fields.choice("appliesIf", _APPLIES_IF))
    obligatory = fields.flag("obligatory", default=False)
    payload = None
    payload_node = fields.node_of("payload")
    if payload_node is not None and code is not None:
        payload = read_payload(code, payload_node, sink)
    elif code in set(KnownCode) and fields.keys_are_known:
        sink.error(Code.MISSING_KEY, f"`{code}` needs a `payload`", fields.head_span)
    if code is not None and applies_to is not None and fields.keys_are_known:
        _check_effects(code, applies_to, fields, own_effect=own_effect)
    # INVARIANT: a statement of which a part was refused is not one without that part.
    if sink.error_count > before or name is None or code is None or applies_to is None:
        return None
    return StatementDeclaration(
        name=name,
        code=code,
        applies_to=applies_to,
        own_effect=own_effect,
        obligatory=obligatory,
        payload=payload,
        span=fields.node.span,
    )


def _code(written: Text, sink: DiagnosticSink) -> str | None:
    code = written.value
    if code in ALIASES:
        return ALIASES[code].value
    if _CODE.fullmatch(code) is None:
        sink.error(
            Code.BAD_VALUE,
            f"`{code[:60]}` cannot be the code of a statement",
            written.span,
            help="codes have letters, digits and `-._:/`, at most 128 of them",
        )
        return None
    known = [*KnownCode, *ALIASES]
    guess = None if code in known else did_you_mean(code, known)
    if guess is not None:
        sink.warning(
            Code.UNKNOWN_STATEMENT_CODE,
            f"`{code}` means nothing here and is passed on to the gateway as it is",
            written.span,
            help=guess,
        )
    return code


def _check_effects(
    code: str, applies_to: frozenset[NodeEffect], fields: Fields, *, own_effect: bool
) -> None:
    span = _place_of(fields, "appliesTo")
    if code in {KnownCode.DENIED_REASON, KnownCode.AUTH_CHALLENGE}:
        if applies_to != {NodeEffect.DENY}:
            fields.sink.error(
                Code.STATEMENT_EFFECT,
                f"`{code}` says something about a deny and goes with nothing else",
                span,
                help="write `appliesTo: deny`",
            )
        elif own_effect:
            fields.sink.error(
                Code.STATEMENT_EFFECT,
                f"`{code}` words the final deny, so the final decision must match",
                _place_of(fields, "appliesIf"),
                help="leave `appliesIf` out",
            )
    elif code in CHANGES and NodeEffect.PERMIT not in applies_to and not own_effect:
        fields.sink.error(
            Code.STATEMENT_EFFECT,
            f"`{code}` changes what is let through, but nothing is let through here",
            span,
            help="write `appliesTo: permit`",
        )


def _place_of(fields: Fields, key: str) -> SourceSpan:
    node = fields.node_of(key)
    return fields.head_span if node is None else node.span


def _checked_reference(text: Text, sink: DiagnosticSink) -> Text | None:
    if _NAME.fullmatch(text.value):
        return text
    sink.error(
        Code.BAD_ID,
        f"`{text.value[:60]}` cannot name a statement",
        text.span,
        help="write `name`, or `alias.name` for a statement of an import",
    )
    return None
