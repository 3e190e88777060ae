"""Names of AuthZEN questions, and names that are known of calls alone or of questions alone.

Source: policy-language section 12: `subject.{type,id}`, `subject.properties.x`, `action.name`,
`action.properties.x`, `resource.{type,id}`, `resource.properties.x`, `context.x`.
"""

from __future__ import annotations

from deemster.policy import tree
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Note
from deemster.policy.expressions.access_terms import AccessField, AccessRead
from deemster.policy.expressions.declared import narrowing_of_declaration
from deemster.policy.expressions.dotted import (
    Path,
    Segment,
    only_member,
    report_no_members,
    report_unknown_member,
)
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.scope import Asked, Scope
from deemster.policy.expressions.types import STRING, Narrowing
from deemster.policy.tree import DeclarationScope

__all__ = ["access_member", "is_asked_elsewhere", "refuse_claims"]

_MEMBERS = {
    "subject": {"type": AccessField.SUBJECT_TYPE, "id": AccessField.SUBJECT_ID},
    "action": {"name": AccessField.ACTION_NAME},
    "resource": {"type": AccessField.RESOURCE_TYPE, "id": AccessField.RESOURCE_ID},
}
_PROPERTIES = {
    "subject": AccessField.SUBJECT_PROPERTY,
    "action": AccessField.ACTION_PROPERTY,
    "resource": AccessField.RESOURCE_PROPERTY,
    "context": AccessField.CONTEXT_PROPERTY,
}
_QUESTION_NAMES = frozenset(_PROPERTIES)
_CALL_NAMES = frozenset({"params", "request"})


def access_member(path: Path, scope: Scope, report: Report) -> AccessRead | None:
    """What a path stands for that begins with `subject`, `action`, `resource` or `context`."""
    root = path.root
    if root == "context":
        segment = only_member(path, report, "name a member, such as `context.channel`")
        return None if segment is None else _property(path, segment, scope, report)
    members = _MEMBERS[root]
    known = [*members, "properties"]
    if len(path.segments) == 1:
        report.error(
            Code.TYPE_MISMATCH,
            f"`{root}` is not a value",
            path.span,
            help=f"name a member, such as `{root}.{known[0]}`",
        )
        return None
    member = path.segments[1]
    if member.text == "properties":
        return _member_of_properties(path, scope, report)
    if member.text not in members:
        is_declared = member.text in scope.access.get(DeclarationScope(root), {})
        report_unknown_member(
            report,
            f"member of `{root}`",
            member,
            known,
            f"did you mean `{root}.properties.{member.text}`?"
            if is_declared
            else f"it has {', '.join(known)}",
        )
        return None
    if len(path.segments) > 2:
        report_no_members(report, f"{root}.{member.text}", path.segments[2])
        return None
    return AccessRead(
        name=f"{root}.{member.text}",
        field=members[member.text],
        member=member.text,
        narrowing=Narrowing(STRING),
        optional=False,
        has_default=False,
        default=None,
        declared_at=None,
        span=path.span,
    )


def _member_of_properties(path: Path, scope: Scope, report: Report) -> AccessRead | None:
    root = path.root
    if len(path.segments) == 2:
        report.error(
            Code.TYPE_MISMATCH,
            f"`{root}.properties` is not a value",
            path.span,
            help=f"name a declared property: `{root}.properties.x`",
        )
        return None
    segment = path.segments[2]
    if len(path.segments) > 3:
        report_no_members(report, f"{root}.properties.{segment.text}", path.segments[3])
        return None
    return _property(path, segment, scope, report)


def _property(path: Path, segment: Segment, scope: Scope, report: Report) -> AccessRead | None:
    root = path.root
    declared = scope.access.get(DeclarationScope(root), {})
    declaration = declared.get(segment.text)
    if declaration is None:
        kind = "member of `context`" if root == "context" else f"property of `{root}`"
        advice = f"declare it under `schema.{root}`"
        report_unknown_member(report, kind, segment, declared, advice)
        return None
    return AccessRead(
        name=DeclarationScope(root).dotted(segment.text),
        field=_PROPERTIES[root],
        member=segment.text,
        narrowing=narrowing_of_declaration(declaration),
        optional=declaration.optional,
        has_default=declaration.has_default,
        default=_constant(declaration),
        declared_at=declaration.span,
        span=path.span,
    )


def _constant(declaration: tree.Declaration) -> object:
    default = declaration.default
    return tuple(default) if isinstance(default, list | tuple) else default


# --- what is known of the other kind alone ------------------------------------------------------


def is_asked_elsewhere(path: Path, scope: Scope, report: Report) -> bool:
    """Whether a name is refused, because only the other kind of operation could read it."""
    if path.root in _QUESTION_NAMES and Asked.CALL in scope.asked:
        _refuse(
            path,
            "is known of AuthZEN questions only, and not of HTTP calls",
            _help(scope, "of a call there are `request`, `params`, `claims` and `user`"),
            (scope.asked[Asked.CALL], "answers HTTP calls"),
            report,
        )
        return True
    if path.root in _CALL_NAMES and Asked.QUESTION in scope.asked and not _is_time(path):
        _refuse(
            path,
            "is known of HTTP calls only, and not of AuthZEN questions",
            _help(
                scope,
                "of a question there are `subject`, `action`, `resource`, `context` and `user`",
            ),
            (scope.asked[Asked.QUESTION], "answers AuthZEN questions"),
            report,
        )
        return True
    return False


def refuse_claims(path: Path, scope: Scope, report: Report) -> None:
    """`claims` in an operation that answers questions: its subject comes without a token."""
    for operation in scope.asked.values():
        _refuse(
            path,
            "is read from a token, and the subject of an AuthZEN question is named without one",
            "read `subject`, or `user`, which is the directory's entry of `subject.id`",
            (operation, "answers AuthZEN questions"),
            report,
        )


def _help(scope: Scope, there_are: str) -> str:
    if len(scope.asked) == 1:
        return there_are
    return "guards of this service judge calls and questions: write the guard on operations"


def _is_time(path: Path) -> bool:
    # The decision's own moment, whatever is asked.
    return path.root == "request" and len(path.segments) > 1 and path.segments[1].text == "time"


def _refuse(
    path: Path, why: str, help: str, operation: tuple[tree.Text, str], report: Report
) -> None:
    id_, what = operation
    report.error(
        Code.NAME_ELSEWHERE,
        f"`{path}` {why}",
        path.span,
        help=help,
        notes=(Note(f"`{id_.value}` {what}", id_.span),),
    )
