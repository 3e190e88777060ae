"""Dotted names ► what they stand for, or an error that says what could have been meant."""

from __future__ import annotations

from deemster.policy import tree
from deemster.policy.codes import Code
from deemster.policy.expressions import terms
from deemster.policy.expressions.access_names import (
    access_member,
    is_asked_elsewhere,
    refuse_claims,
)
from deemster.policy.expressions.certificates import certificate_member
from deemster.policy.expressions.declared import narrowing_of_declaration
from deemster.policy.expressions.dotted import (
    Path,
    only_member,
    path_of,
    report_no_members,
    report_unknown_member,
)
from deemster.policy.expressions.registered import REGISTERED_CLAIMS, USER_BUILT_INS
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.response_names import response_name
from deemster.policy.expressions.scope import Scope
from deemster.policy.expressions.terms import Read, RequestField, UserField
from deemster.policy.expressions.types import (
    ListType,
    Narrowing,
)

__all__ = ["Path", "built_in", "path_of", "report_no_members"]


def built_in(path: Path, scope: Scope, report: Report) -> Read | None:
    """What a path stands for whose root is one of RESERVED_NAMES; None after reporting."""
    if is_asked_elsewhere(path, scope, report):
        return None
    return _RESOLVERS[path.root](path, scope, report)


# --- claims -------------------------------------------------------------------------------------


def _claim(path: Path, scope: Scope, report: Report) -> Read | None:
    if not scope.has_claims:
        refuse_claims(path, scope, report)
        return None
    segment = only_member(path, report, "name a claim, such as `claims.sub`")
    if segment is None:
        return None
    registered = REGISTERED_CLAIMS.get(segment.text)
    if registered is not None:
        is_list = isinstance(registered, ListType)
        return terms.ClaimRead(
            name=f"claims.{segment.text}",
            claim=segment.text,
            narrowing=Narrowing(registered),
            optional=not is_list,
            has_default=is_list,
            default=(),
            declared_at=None,
            span=path.span,
        )
    declaration = scope.claims.get(segment.text)
    if declaration is None:
        known = [*REGISTERED_CLAIMS, *scope.claims]
        report_unknown_member(report, "claim", segment, known, "declare it under `schema.claims`")
        return None
    return terms.ClaimRead(
        name=f"claims.{segment.text}",
        claim=segment.text if declaration.claim is None else declaration.claim,
        narrowing=narrowing_of_declaration(declaration),
        optional=declaration.optional,
        has_default=declaration.has_default,
        default=_constant_default(declaration),
        declared_at=declaration.span,
        span=path.span,
    )


# --- user ---------------------------------------------------------------------------------------


def _user(path: Path, scope: Scope, report: Report) -> Read | None:
    if scope.user is None:
        report.error(
            Code.USER_EXTERNAL,
            "`user` is not known here: the token provider is external",
            path.span,
            help="read the token's `claims`, or use an internal token provider",
        )
        return None
    segment = only_member(path, report, "name a member, such as `user.groups`")
    if segment is None:
        return None
    built_in_type = USER_BUILT_INS.get(segment.text)
    if built_in_type is not None:
        return terms.UserRead(
            name=f"user.{segment.text}",
            field=UserField(segment.text),
            attribute=segment.text,
            narrowing=Narrowing(built_in_type),
            optional=False,
            has_default=False,
            default=None,
            declared_at=None,
            span=path.span,
        )
    declaration = scope.user.get(segment.text)
    if declaration is None:
        known = [*USER_BUILT_INS, *scope.user]
        report_unknown_member(
            report, "user attribute", segment, known, "declare it under `schema.user`"
        )
        return None
    return terms.UserRead(
        name=f"user.{segment.text}",
        field=UserField.ATTRIBUTE,
        attribute=segment.text,
        narrowing=narrowing_of_declaration(declaration),
        optional=declaration.optional,
        has_default=declaration.has_default,
        default=_constant_default(declaration),
        declared_at=declaration.span,
        span=path.span,
    )


def _constant_default(declaration: tree.Declaration) -> object:
    default = declaration.default
    return tuple(default) if isinstance(default, list | tuple) else default


# --- request and params -------------------------------------------------------------------------

_REQUEST_FIELDS = {field.value: field for field in RequestField}
_REQUEST_MAPS = ("headers", "query")


def _request(path: Path, scope: Scope, report: Report) -> Read | None:
    if len(path.segments) > 1 and path.segments[1].text in _REQUEST_MAPS:
        return _request_map(path, scope, report)
    if len(path.segments) > 1 and path.segments[1].text == "certificate":
        return certificate_member(path, report)
    if len(path.segments) > 1 and path.segments[1].text not in _REQUEST_FIELDS:
        known = [*_REQUEST_FIELDS, *_REQUEST_MAPS, "certificate"]
        report_unknown_member(
            report, "member of `request`", path.segments[1], known, f"it has {', '.join(known)}"
        )
        return None
    segment = only_member(path, report, "name a member, such as `request.method`")
    if segment is None:
        return None
    field = _REQUEST_FIELDS[segment.text]
    return terms.RequestRead(f"request.{field.value}", field, path.span)


def _request_map(path: Path, scope: Scope, report: Report) -> Read | None:
    which = path.segments[1].text
    if len(path.segments) == 2:
        report.error(
            Code.TYPE_MISMATCH,
            f"`request.{which}` is not a value",
            path.span,
            help=f"name one of its members: `request.{which}['name']`, a list of strings",
        )
        return None
    if len(path.segments) > 3:
        report_no_members(report, f"request.{which}.{path.segments[2].text}", path.segments[3])
        return None
    segment = path.segments[2]
    name = f"request.{which}.{segment.text}"
    if which == "query":
        return terms.QueryRead(name, segment.text, path.span)
    if segment.text != segment.text.lower():
        report.error(
            Code.BAD_LITERAL,
            f"header names are lower-case, found `{segment.text}`",
            segment.span,
            help=f"write `{segment.text.lower()}`",
        )
        return None
    return terms.HeaderRead(name, segment.text, path.span, is_sealed=scope.in_response)


def _parameter(path: Path, scope: Scope, report: Report) -> Read | None:
    report.parameter_mentions += 1
    segment = only_member(path, report, "name a parameter of the operation's path")
    if segment is None:
        return None
    type_ = scope.params.get(segment.text)
    if type_ is None:
        report_unknown_member(
            report,
            "path parameter",
            segment,
            scope.params,
            f"write `{{{segment.text}}}` in every path of the operation",
        )
        return None
    return terms.ParameterRead(f"params.{segment.text}", segment.text, type_, path.span)


# --- the rest -----------------------------------------------------------------------------------


def _unknown_attribute(path: Path, scope: Scope, report: Report) -> Read | None:
    """`attributes` resolves those that there are; what comes here names none."""
    segment = only_member(path, report, "name an attribute, such as `attr.amount`")
    if segment is None:
        return None
    own = [name for name in scope.lexical.attributes if "." not in name]
    imported = [name for name in scope.lexical.attributes if name.endswith(f".{segment.text}")]
    if imported:
        report_unknown_member(report, "attribute", segment, (), f"did you mean `{imported[0]}`?")
    else:
        report_unknown_member(report, "attribute", segment, own, "declare it under `attributes`")
    return None


def _time(path: Path, scope: Scope, report: Report) -> Read | None:
    report.error(
        Code.UNKNOWN_NAME,
        f"`{path}` is not a value",
        path.span,
        help="write `time.local('Europe/Berlin').hour`, or `request.time` for the moment itself",
    )
    return None


_RESOLVERS = {
    "action": access_member,
    "attr": _unknown_attribute,
    "claims": _claim,
    "context": access_member,
    "params": _parameter,
    "request": _request,
    "resource": access_member,
    "response": response_name,
    "subject": access_member,
    "time": _time,
    "user": _user,
}
