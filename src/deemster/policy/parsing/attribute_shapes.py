"""What may stand under `attributes:`, with a sentence for authors on each key."""

from __future__ import annotations

from deemster.policy.parsing import forms
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.parsing.typed_declarations import TYPED_KEYS, TYPES
from deemster.policy.parsing.typed_values import JSON_TYPE, TYPE_NAMES

__all__ = ["ATTRIBUTE", "ATTRIBUTE_TYPES", "DERIVED", "HTTP", "ON_ERROR", "SOURCE", "SQL"]

ATTRIBUTE_TYPES = (*TYPE_NAMES, JSON_TYPE)

_PATH = forms.Text("JSONPath (RFC 9535, without filters)")
_TEMPLATE = forms.Text("text with `{names}` in it")
_TIMEOUT = Key(
    forms.Duration(),
    "How long to wait for this source: then the fetch has failed.",
    "150ms",
    "what `deadlines.attribute` of the settings allows",
)
_CACHE = Key(
    forms.Duration(),
    "How long an answer may be used again for the same request, interpolated values included."
    " A failure is never kept.",
    "60s",
    "not at all",
)
HTTP = Shape(
    "the source `http`",
    Keys(
        {
            "service": Key(
                forms.Text("name of a service"),
                "A service of the settings, which have its URL, credentials and TLS.",
                "risk",
            ),
            "path": Key(
                _TEMPLATE,
                "Path and query below the service's URL. Each value in `{…}` is percent-encoded"
                " into one segment.",
                '"/v1/score/{claims.sub}"',
            ),
            "method": Key(
                forms.Choice({"GET": "GET", "POST": "POST"}), "The method.", "GET", "GET"
            ),
            "headers": Key(
                forms.MapOf(_TEMPLATE, forms.Text("name of a header")),
                "Header fields of the request. Credentials belong to the settings.",
                '{x-tenant: "{claims.tenant}"}',
            ),
            "select": Key(
                _PATH, "What of the JSON answer is the value.", '"$.score"', "the whole answer"
            ),
            "timeout": _TIMEOUT,
            "cache": _CACHE,
        }
    ),
    required={
        "service": "the name of one of `services` in the settings",
        "path": 'for example `path: "/v1/score/{claims.sub}"`',
    },
    elsewhere={
        "url": "write `service: name` and `path`; the URL is the settings' business",
        "query": 'write it into the path: `path: "/score?user={claims.sub}"`',
        "body": "a request has no body",
    },
    example='http: {service: risk, path: "/v1/score/{claims.sub}", select: "$.score"}',
    doc="The JSON answer of an HTTP service.",
)
SQL = Shape(
    "the source `sql`",
    Keys(
        {
            "query": Key(
                forms.Text("name of a query"),
                "A query of the settings, which have its text and its database.",
                "payment-limit",
            ),
            "parameters": Key(
                forms.MapOf(_TEMPLATE, forms.Text("name of a parameter")),
                "The query's parameters. One that is a single `{…}` keeps its type.",
                '{user: "{claims.sub}"}',
            ),
            "column": Key(
                forms.Text("name of a column"),
                "The column that is the value.",
                "amount",
                "the only one",
            ),
            "select": Key(
                _PATH,
                "Instead of `column`: what of the rows is the value. They are a list of objects.",
                '"$[0].amount"',
            ),
            "timeout": _TIMEOUT,
            "cache": _CACHE,
        }
    ),
    required={"query": "the name of one of `queries` in the settings"},
    elsewhere={"sql": "write `query: name`; the text of a query is in the settings"},
    example='sql: {query: payment-limit, parameters: {user: "{claims.sub}"}}',
    at_most_one=(("column", "select"),),
    doc="The rows of a named query.",
)
DERIVED = Shape(
    "the source `attribute`",
    Keys(
        {
            "name": Key(
                forms.Text("name of an attribute"),
                "Another attribute: of this file by its name, of an imported Library by"
                " `alias.name`.",
                "profile",
            ),
            "select": Key(_PATH, "What of its value is the value.", '"$.tier"'),
        }
    ),
    required={
        "name": "the other attribute, for example `name: profile`",
        "select": 'for example `select: "$.tier"`',
    },
    example='attribute: {name: profile, select: "$.tier"}',
    doc="A part of another attribute.",
)
SOURCE = Shape(
    "the source of an attribute",
    Keys(
        {
            "http": Key(HTTP, "The JSON answer of an HTTP service."),
            "sql": Key(SQL, "The rows of a named query."),
            "body": Key(_PATH, "A part of the JSON body.", '"$.amount"'),
            "header": Key(
                forms.Text("name of a header, in lower case"), "A header field.", "x-tenant"
            ),
            "query": Key(forms.Text("name of a parameter"), "A parameter of the query.", "page"),
            "constant": Key(forms.Json(), "A value of the declared type.", "100"),
            "attribute": Key(DERIVED, "A part of another attribute."),
        }
    ),
    example='source: {body: "$.amount"}',
    exactly_one=(("http", "sql", "body", "header", "query", "constant", "attribute"),),
    doc="Where the value comes from: exactly one of these.",
)
ON_ERROR = Shape(
    "`onError`",
    Keys(
        {
            "value": Key(
                forms.Json("a value of the declared type"),
                "What stands for the value where it could not be fetched.",
                "100",
            )
        }
    ),
    required={"value": "for example `onError: {value: 100}`, or `onError: indeterminate`"},
    example="onError: {value: 100}",
    doc="A stand-in for a failed fetch. An absent value or one of a wrong type is none.",
)
_TYPE = forms.Choice(
    {name: name for name in ATTRIBUTE_TYPES},
    docs={JSON_TYPE: "a JSON document from which other attributes select"},
)
ATTRIBUTE = Shape(
    "the declaration of an attribute",
    TYPED_KEYS
    | Keys(
        {
            "type": Key(_TYPE, "The type of the value. A value of another type is an error."),
            "source": Key(SOURCE, "Where the value comes from.", '{body: "$.amount"}'),
            "onError": Key(
                forms.OneOf((forms.Choice({"indeterminate": None}), ON_ERROR)),
                "What a failed fetch means: an error, or a value that stands in.",
                "{value: 100}",
                "indeterminate",
            ),
        }
    ),
    required={
        "type": TYPES.replace("one of", "`json`, or one of"),
        "source": 'for example `source: {body: "$.amount"}`',
    },
    elsewhere={
        "cache": "`cache` belongs to the source: `http: {..., cache: 60s}`",
        "timeout": "`timeout` belongs to the source: `http: {..., timeout: 150ms}`",
        "select": "`select` belongs to the source: `http: {..., select: ...}`",
        **{
            word: f"write `source: {{{word}: ...}}`"
            for word in ("http", "sql", "body", "header", "query", "constant", "attribute")
        },
    },
    doc="A value that is fetched or computed when a condition reads it, at most once a decision.",
)
