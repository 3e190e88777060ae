"""The form of each payload that has one, for parser, schemas and reference."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.parsing import forms
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.statements.codes import KnownCode

__all__ = ["AUTH_CHALLENGE", "CODES", "DENIED_REASON", "PAYLOADS", "REPLACEMENT", "STATUSES"]

_TEXT = forms.Text()
STATUSES = forms.Choice({"401": 401, "403": 403, "404": 404})
DENIED_REASON = Shape(
    "the payload of `denied-reason`",
    Keys(
        {
            "code": Key(_TEXT, "A word that the caller's program can test.", "pay.not-allowed"),
            "message": Key(_TEXT, "A sentence for people.", '"Not today."'),
            "detail": Key(_TEXT, "More for people.", '"Ask your team lead."'),
            "status": Key(STATUSES, "The HTTP status of the answer.", "404", "403"),
        }
    ),
    required={
        "code": "a word that the caller's program can test, for example `pay.not-allowed`",
        "message": "a sentence for people",
    },
    example="payload: {code: pay.limit, message: '...'}",
    doc="Words for who is refused.",
)
AUTH_CHALLENGE = Shape(
    "the payload of `auth-challenge`",
    Keys(
        {
            "acr_values": Key(
                forms.OneOf((_TEXT, forms.ListOf(_TEXT, may_repeat=True))),
                "Authentication contexts that would do, the preferred one first.",
                "hwk",
            ),
            "max_age": Key(
                forms.OneOf((forms.Integer(0), forms.Text("a placeholder"))),
                "Seconds since the user last proved who they are.",
                "300",
            ),
        }
    ),
    example="payload: {acr_values: hwk, max_age: 300}",
    doc="Asks for a stronger or fresher authentication (RFC 9470).",
    at_least_one=(("acr_values", "max_age"),),
)
REPLACEMENT = Shape(
    "a replacement",
    Keys(
        {
            "regex": Key(_TEXT, "A regular expression (RE2).", '"[0-9]{12}"'),
            "replace": Key(
                forms.Text(may_be_empty=True),
                "What stands for each match; `$1` to `$9` are its groups, `$0` is the match.",
                '"****"',
            ),
            "path": Key(_TEXT, "JSONPath of what is looked at.", '"$.items"', "$"),
            "flags": Key(
                forms.Text("flags", pattern="[il]+"),
                "`i` ignores case, `l` takes the expression literally.",
                "i",
            ),
        }
    ),
    required={
        "regex": "a regular expression (RE2)",
        "replace": "what stands for each match, for example `****`",
    },
    example="payload: {regex: '[0-9]{12}', replace: '****'}",
    doc="Replaces parts of texts in the body.",
)
CODES = forms.Choice(
    {code.value: code for code in KnownCode},
    docs={
        KnownCode.DENIED_REASON: "words for who is refused",
        KnownCode.AUTH_CHALLENGE: "asks for a stronger or fresher login",
        KnownCode.MODIFY_HEADERS: "sets header fields; `null` removes one, a list repeats it",
        KnownCode.MODIFY_QUERY: "sets parameters of the query; `null` removes one",
        KnownCode.MODIFY_ATTRIBUTES: "sets values in the body, by JSONPath; `null` removes one",
        KnownCode.EXCLUDE_ATTRIBUTES: "removes values from the body, by JSONPath",
        KnownCode.INCLUDE_ATTRIBUTES: "removes all else from the body",
        KnownCode.REGEX_REPLACE_ATTRIBUTES: "replaces parts of texts in the body",
    },
)
_VALUE = forms.Text(may_be_empty=True)
_FIELD_VALUE = forms.OneOf((_VALUE, forms.ListOf(_VALUE, may_repeat=True), forms.Json("null")))
_PATHS = forms.ListOf(forms.Text("JSONPath", pattern=r"\$.*"), may_repeat=True)

PAYLOADS: Mapping[KnownCode, forms.Form] = {
    KnownCode.DENIED_REASON: DENIED_REASON,
    KnownCode.AUTH_CHALLENGE: AUTH_CHALLENGE,
    KnownCode.MODIFY_HEADERS: forms.MapOf(
        _FIELD_VALUE, forms.Text("header name"), may_be_empty=False
    ),
    KnownCode.MODIFY_QUERY: forms.MapOf(
        _FIELD_VALUE, forms.Text("query parameter"), may_be_empty=False
    ),
    KnownCode.MODIFY_ATTRIBUTES: forms.MapOf(
        forms.Json(), forms.Text("JSONPath", pattern=r"\$.+"), may_be_empty=False
    ),
    KnownCode.EXCLUDE_ATTRIBUTES: _PATHS,
    KnownCode.INCLUDE_ATTRIBUTES: _PATHS,
    KnownCode.REGEX_REPLACE_ATTRIBUTES: forms.OneOf((REPLACEMENT, forms.ListOf(REPLACEMENT))),
}
"""The form of each payload that has one, for schemas and reference."""
