"""Which parameters a decision request may have: their names, and their JSON Schemas.

A parameter is called by the name under which policies read it; docs/gateways/decision-endpoints.md
lists them for people.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ACCESS_TOKEN",
    "BODY",
    "CALL_SCHEMA",
    "CALL_TEXTS",
    "CLAIMS",
    "HEADERS",
    "KINDS",
    "QUESTION_GROUPS",
    "QUESTION_SCHEMA",
    "QUESTION_TEXTS",
    "SHARED_SCHEMA",
]

CALL_TEXTS = ("request.method", "request.url", "request.ip")
QUESTION_TEXTS = ("subject.type", "action.name", "resource.type", "resource.id")
QUESTION_GROUPS = ("subject.properties", "action.properties", "resource.properties", "context")
"""Objects, told as a whole or by a dotted name for each member."""

HEADERS = "request.headers"
BODY = "request.body"
CLAIMS = "claims"
ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a parameter

KINDS: Mapping[str, tuple[str, ...]] = {
    "request": (*CALL_TEXTS, HEADERS, BODY),
    "subject": ("subject.type", "subject.properties"),
    "action": ("action.name", "action.properties"),
    "resource": ("resource.type", "resource.id", "resource.properties"),
    "context": ("context",),
    CLAIMS: (CLAIMS,),
    ACCESS_TOKEN: (ACCESS_TOKEN,),
}
"""All of them, by what their names begin with."""

Schema = Mapping[str, object]

_TOKEN_CHARACTERS = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 5.6.2
_SOME_TEXT: Schema = {"type": "string", "minLength": 1}
_JSON_TEXT: Schema = {"type": "string", "contentMediaType": "application/json"}
_OBJECT: Schema = {"anyOf": [{"type": "object"}, _JSON_TEXT]}
_FIELD_VALUE: Schema = {"type": "string", "pattern": "^[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$"}
_FIELD: Schema = {"anyOf": [_FIELD_VALUE, {"type": "array", "items": _FIELD_VALUE}]}

_CALL: Schema = {
    "request.method": {"type": "string", "pattern": f"^{_TOKEN_CHARACTERS}$"},
    "request.url": {"type": "string", "format": "uri", "minLength": 1},
    "request.ip": {"type": "string"},
    HEADERS: {
        "anyOf": [
            {
                "type": "object",
                "propertyNames": {"pattern": f"^{_TOKEN_CHARACTERS}$"},
                "additionalProperties": _FIELD,
            },
            _JSON_TEXT,
        ]
    },
    BODY: {"type": ["string", "object", "array"]},
    CLAIMS: _OBJECT,
}
_DOTTED_HEADER = f"^request\\.headers\\.{_TOKEN_CHARACTERS}$"
_QUESTION: Schema = {
    **dict.fromkeys(QUESTION_TEXTS, _SOME_TEXT),
    **dict.fromkeys(QUESTION_GROUPS, _OBJECT),
}
_DOTTED_MEMBER = "^(subject\\.properties|action\\.properties|resource\\.properties|context)\\..+$"

CALL_SCHEMA: Schema = {
    "title": "An HTTP call, told whole",
    "type": "object",
    "properties": {**_CALL, ACCESS_TOKEN: _SOME_TEXT},
    "patternProperties": {_DOTTED_HEADER: _FIELD},
    "required": ["request.method", "request.url"],
    "additionalProperties": False,
}
QUESTION_SCHEMA: Schema = {
    "title": "A question, as in AuthZEN",
    "type": "object",
    "properties": {**_QUESTION, ACCESS_TOKEN: _SOME_TEXT},
    "patternProperties": {_DOTTED_MEMBER: {}},
    "required": ["action.name", "resource.type", "resource.id"],
    "additionalProperties": False,
}
SHARED_SCHEMA: Schema = {
    "title": "Some of what a call or a question consists of",
    "type": "object",
    "properties": {**_CALL, **_QUESTION, ACCESS_TOKEN: _SOME_TEXT},
    "patternProperties": {_DOTTED_HEADER: _FIELD, _DOTTED_MEMBER: {}},
    "additionalProperties": False,
}
