"""`response.…` ► what it stands for, and where it may be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.response_terms import ResponseHeaderRead, ResponseStatusRead
from deemster.policy.expressions.scope import Scope

if TYPE_CHECKING:
    from deemster.policy.expressions.names import Path

__all__ = ["response_name"]

_MEMBERS = ("status", "headers")


def response_name(
    path: Path, scope: Scope, report: Report
) -> ResponseStatusRead | ResponseHeaderRead | None:
    """The read, or None after reporting."""
    if not scope.in_response:
        report.error(
            Code.RESPONSE_ONLY,
            "`response` is not there yet when a request is judged",
            path.segments[0].span,
            help="it belongs to the policies of a service's or an operation's `response`",
        )
        return None
    if len(path.segments) == 1:
        report.error(
            Code.TYPE_MISMATCH,
            "`response` is not a value",
            path.span,
            help="name a member: `response.status`, `response.headers['x']`",
        )
        return None
    member = path.segments[1]
    if member.text not in _MEMBERS:
        report.error(
            Code.UNKNOWN_NAME,
            f"unknown member of `response` `{member.text}`",
            member.span,
            help=did_you_mean(member.text, _MEMBERS)
            or "it has status and headers; its body is read by attributes with a `body` source",
        )
        return None
    return _header(path, report) if member.text == "headers" else _status(path, report)


def _status(path: Path, report: Report) -> ResponseStatusRead | None:
    if len(path.segments) > 2:
        report.error(Code.UNKNOWN_NAME, "`response.status` has no members", path.segments[2].span)
        return None
    return ResponseStatusRead(path.span)


def _header(path: Path, report: Report) -> ResponseHeaderRead | None:
    if len(path.segments) == 2:
        report.error(
            Code.TYPE_MISMATCH,
            "`response.headers` is not a value",
            path.span,
            help="name one of its members: `response.headers['name']`, a list of strings",
        )
        return None
    segment = path.segments[2]
    if len(path.segments) > 3:
        report.error(
            Code.UNKNOWN_NAME,
            f"`response.headers.{segment.text}` has no members",
            path.segments[3].span,
        )
        return None
    if segment.text != segment.text.lower():
        report.error(
            Code.BAD_LITERAL,
            f"header names are lower-case, found `{segment.text}`",
            segment.span,
            help=f"write `{segment.text.lower()}`",
        )
        return None
    return ResponseHeaderRead(f"response.headers.{segment.text}", segment.text, path.span)
