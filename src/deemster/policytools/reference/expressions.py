"""The chapter about expressions: names, operators, functions. A test compiles every example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from deemster.policy.expressions.registered import REGISTERED_CLAIMS
from deemster.policytools.reference.markdown import code, table

__all__ = ["FUNCTIONS", "NAMES", "OPERATORS", "Place", "Row", "expression_lines"]


class Place(Enum):
    """Where a condition stands that may name something."""

    CALL = "an operation that calls match"
    QUESTION = "an operation that answers AuthZEN"
    RESPONSE = "the response phase"


@dataclass(frozen=True, slots=True)
class Row:
    """What is written, its type, what it is, and a condition that shows it, in a place."""

    written: str
    type: str
    meaning: str
    example: str
    place: Place = Place.CALL


NAMES = (
    Row("request.method", "string", "The method, exact.", "request.method == 'POST'"),
    Row("request.scheme", "string", "`https` or `http`.", "request.scheme == 'https'"),
    Row("request.host", "string", "The host, in lower case.", "request.host == 'api.example.com'"),
    Row(
        "request.path",
        "string",
        "The canonical path, base URL included.",
        "request.path.startsWith('/billing/')",
    ),
    Row(
        "request.relativePath",
        "string",
        "The canonical path below the base URL.",
        "request.relativePath == '/'",
    ),
    Row(
        "request.query['x']",
        "list<string>",
        "The values of a parameter of the query; none is the empty list.",
        "'full' in request.query['view']",
    ),
    Row(
        "request.headers['x']",
        "list<string>",
        "The values of a header field, its name in lower case; none is the empty list.",
        "size(request.headers['x-tenant']) == 1",
    ),
    Row(
        "request.ip",
        "string",
        "The client's address, as the gateway says.",
        "request.ip.inCidr('10.0.0.0/8')",
    ),
    Row(
        "request.time",
        "timestamp",
        "The moment of the decision, the same for all of it.",
        "request.time < timestamp('2027-01-01T00:00:00Z')",
    ),
    Row(
        "request.certificate.thumbprint",
        "string",
        "SHA-256 of the client's certificate, as the gateway says. Also `subject` and `issuer`, and"
        " the lists `dnsNames` and `uris`.",
        "has(request.certificate) && 'a.example.com' in request.certificate.dnsNames",
    ),
    Row(
        "params.x",
        "string, int",
        "A parameter of the path, decoded once; an int where it is declared `type: int`.",
        "params.number == '7'",
    ),
    Row(
        "claims.x",
        "as declared",
        "A claim of the accepted token. Declared from the start: "
        + ", ".join(f"`{name}`" for name in REGISTERED_CLAIMS)
        + ".",
        "claims.acr == 'mfa'",
    ),
    Row(
        "user.id",
        "string",
        "The user's id in the directory. Under external providers there is no `user`.",
        "user.id == params.number",
    ),
    Row(
        "user.groups",
        "list<string>",
        "The user's groups. So are `user.roles` and `user.permissions`; other attributes are"
        " declared.",
        "'finance' in user.groups",
    ),
    Row(
        "attr.x",
        "as declared",
        "An attribute of this file; that of an imported Library is `alias.x`.",
        "attr.amount > 100",
    ),
    Row(
        "response.status",
        "int",
        "The status of the upstream's answer, in `response` policies. Also"
        " `response.headers['x']`.",
        "response.status == 200 && size(response.headers['x-total']) == 1",
        Place.RESPONSE,
    ),
    Row(
        "subject.type",
        "string",
        "Of an AuthZEN question: `subject` and `resource` have `type`, `id` and `properties.x`,"
        " `action` has `name` and `properties.x`.",
        "subject.type == 'user' && resource.id != '' && action.name == 'can_read'",
        Place.QUESTION,
    ),
    Row(
        "context.x",
        "as declared",
        "Of an AuthZEN question: what surrounds it.",
        "context.channel == 'web'",
        Place.QUESTION,
    ),
    Row("LIMIT", "as written", "A constant of this file; an imported one is `alias.LIMIT`.",
        "attr.amount > LIMIT"),
    Row("in_office", "bool", "A condition of this file; an imported one is `alias.in_office`.",
        "in_office && claims.acr == 'mfa'"),
)  # fmt: skip

OPERATORS = (
    Row("!a", "bool", "Not.", "!has(claims.sub)"),
    Row(
        "a && b; a || b",
        "bool",
        "And, or. An error is outvoted where the other side decides alone.",
        "has(claims.sub) && (claims.acr == 'mfa' || claims.acr == 'hwk')",
    ),
    Row("a == b; a != b", "bool", "Equal, of one type.", "claims.acr != 'pwd'"),
    Row(
        "a < b; a <= b; a > b; a >= b",
        "bool",
        "Order of ints, strings (by code point), times and durations.",
        "attr.amount <= 100",
    ),
    Row("a in list", "bool", "Member of a list.", "claims.acr in ['mfa', 'hwk']"),
    Row(
        "a ? b : c",
        "that of b and c",
        "b where a holds, else c.",
        "attr.amount > (claims.acr == 'mfa' ? 1000 : 100)",
    ),
    Row(
        "a + b; a - b",
        "int, timestamp, duration",
        "Integers in 64 bits; times and durations.",
        "request.time - claims.auth_time < duration('5m')",
    ),
    Row(
        "'a'; \"a\"; r'a'",
        "string",
        "Text. Also `1`, `true`, and lists of texts or integers: `['a', 'b']`.",
        "claims.sub.matches(r'^[a-z]+$')",
    ),
)

FUNCTIONS = (
    Row(
        "has(x)",
        "bool",
        "Whether a declared name has a value. Of a wrong type or a failed fetch: an error.",
        "has(claims.tenant)",
    ),
    Row("has(user)", "bool", "Whether the token has a user.", "has(user)"),
    Row(
        "size(x); x.size()",
        "int",
        "Code points of a text, members of a list.",
        "size(claims.amr) > 1",
    ),
    Row("x.startsWith(y)", "bool", "Of texts.", "claims.client_id.startsWith('partner-')"),
    Row("x.endsWith(y)", "bool", "Of texts.", "request.host.endsWith('.example.com')"),
    Row("x.contains(y)", "bool", "Of texts.", "request.path.contains('/export')"),
    Row(
        "x.matches(pattern)",
        "bool",
        "Whether an RE2 pattern is found in a text; `^…$` for the whole of it.",
        "claims.sub.matches('^[a-z]{2,8}$')",
    ),
    Row("x.lower()", "string", "ASCII letters in lower case.", "claims.tenant.lower() == 'north'"),
    Row("x.inCidr(network)", "bool", "Whether an address is in a network.",
        "request.ip.inCidr('192.0.2.0/24')"),
    Row("x.inAny(networks)", "bool", "Whether an address is in one of a constant's networks.",
        "request.ip.inAny(NETS)"),
    Row(
        "list.exists(m, test); list.all(m, test)",
        "bool",
        "Whether a member, or every member, passes a test. One level.",
        "claims.amr.exists(m, m.startsWith('hw'))",
    ),
    Row("timestamp('…')", "timestamp", "A constant moment (RFC 3339).",
        "claims.auth_time > timestamp('2026-01-01T00:00:00Z')"),
    Row("duration('…')", "duration", "A constant length of time, such as `90s` or `1h30m`.",
        "request.time - claims.iat < duration('90s')"),
    Row(
        "time.local('zone').hour",
        "int",
        "0 to 23, of the moment of the decision in a time zone of the IANA database.",
        "time.local('Europe/Berlin').hour >= 8",
    ),
    Row("time.local('zone').minute_of_day", "int", "0 to 1439.",
        "time.local('Europe/Berlin').minute_of_day < 1080"),
    Row("time.local('zone').weekday", "int", "1 is Monday, 7 is Sunday.",
        "time.local('Europe/Berlin').weekday <= 5"),
    Row("time.local('zone').date", "string", "`YYYY-MM-DD`.",
        "time.local('Europe/Berlin').date == '2026-12-24'"),
)  # fmt: skip

_WORDS = """\
Conditions are written in a subset of CEL, and checked when the tree is loaded: every name is
declared and has one type. An absent value is an error in a comparison, and an error never permits.
What of CEL is left out, and what to write instead: [cel.md](cel.md).
"""


def expression_lines() -> Iterator[str]:
    """The chapter."""
    yield from ("## Expressions", "", *_WORDS.splitlines(), "")
    for heading, rows in (
        ("Names", NAMES), ("Operators", OPERATORS), ("Functions", FUNCTIONS),
    ):  # fmt: skip
        yield from (f"### {heading}", "")
        yield from table(
            ("written", "type", "", "example"),
            ((_codes(row.written), code(row.type), row.meaning, code(row.example)) for row in rows),
        )
        yield ""


def _codes(written: str) -> str:
    return ", ".join(code(part) for part in written.split("; "))
