"""Codes of statements and of policies over the upstream's answer."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations.explanation import Explanation

__all__ = ["STATEMENTS"]

_WARNING = (Severity.WARNING,)

STATEMENTS: Mapping[Code, Explanation] = {
    Code.BAD_INTERPOLATION: Explanation(
        "a `${…}` that no value can be put into",
        "Between `${` and `}` stands one name, such as `claims.sub`; an expression gets a name "
        "under `conditions`. `$${` is the text `${`. What selects parts of a body is taken as it "
        "stands, because a value could change what it selects.",
    ),
    Code.BAD_HEADER: Explanation(
        "a header field that no statement may set, or a value that cannot stand in one",
        "Values are visible ASCII and blanks: control characters would begin another field, and "
        "servers differ in what they make of anything else. Fields of the connection and of the "
        "message's framing are not set by policies.",
    ),
    Code.STATEMENT_EFFECT: Explanation(
        "a statement that could never do anything where it applies",
        "`denied-reason` and `auth-challenge` word a deny; what changes a body, a header or the "
        "query needs something that is let through. A query cannot be changed once it was "
        "answered.",
    ),
    Code.UNKNOWN_STATEMENT: Explanation(
        "an `attach` that names a statement which is not declared",
        "A node names statements of its own file, or `alias.name` of a Library that the file "
        "imports. Statements share no names with constants and conditions.",
    ),
    Code.RESPONSE_ONLY: Explanation(
        "`response` where no upstream has answered yet",
        "The answer's status, headers and body are there for the policies below `response:` of a "
        "service or an operation, and nowhere else. Questions of AuthZEN have no upstream.",
    ),
    Code.UNKNOWN_STATEMENT_CODE: Explanation(
        "a code that resembles a known one, and is not",
        "A code that is not known is passed on to the gateway as it is, so a slip in one would "
        "turn a mask into something that nobody carries out.",
        _WARNING,
    ),
    Code.UNUSED_STATEMENT: Explanation(
        "a statement that no node attaches",
        "It is never told to any gateway, whatever its author believes.",
        _WARNING,
    ),
}
