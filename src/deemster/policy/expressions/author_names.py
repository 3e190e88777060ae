"""Names that authors give: constants, and what to say of a name that nobody gave."""

from __future__ import annotations

from typing import cast

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Note, did_you_mean
from deemster.policy.expressions import terms
from deemster.policy.expressions.names import Path, report_no_members
from deemster.policy.expressions.registered import REGISTERED_CLAIMS, USER_BUILT_INS
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.scope import RESERVED_NAMES, Scope
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import (
    BOOL,
    INT,
    INT_MAX,
    INT_MIN,
    STRING,
    ListType,
    Scalar,
)

__all__ = ["MAX_LIST", "constant_term", "report_unknown_name"]


def constant_term(
    constant: tree.Constant, name: str, span: SourceSpan, report: Report
) -> Term | None:
    """A declared constant: a scalar, or a list of scalars of one type."""
    members = constant.value if isinstance(constant.value, tuple) else (constant.value,)
    # A long list is looked at in each place that uses it, so not member by member.
    types = {_SCALARS.get(kind) for kind in set(map(type, members))}
    scalar = types.pop() if types else None
    if types or (members and scalar is None):
        report.error(
            Code.TYPE_MISMATCH,
            f"the members of `{name}` are not of one type",
            span,
            notes=(Note("declared at …", constant.span),),
        )
        return None
    if len(members) > MAX_LIST or not _fit(members):
        report.error(
            Code.BAD_LITERAL,
            f"`{name}` has more than {MAX_LIST} members"
            if len(members) > MAX_LIST
            else f"a number of `{name}` does not fit in 64 bits",
            span,
            notes=(Note("declared at …", constant.span),),
        )
        return None
    if isinstance(constant.value, tuple):
        return terms.Constant(constant.value, ListType(scalar), span, constant.span)
    value = constant.value
    if scalar is None or not isinstance(value, bool | int | str):
        return None
    return terms.Constant(value, scalar, span, constant.span)


def report_unknown_name(path: Path, scope: Scope, report: Report, *members: str) -> None:
    """No name that there is; `members` are variables of quantifiers."""
    lexical = scope.lexical
    imported = [name for name in lexical.attributes if "." in name]
    known = [*members, *lexical.conditions, *lexical.constants, *imported]
    name, root = str(path), path.root
    inner = [one for one in known if name.startswith(f"{one}.")]
    if inner:
        report_no_members(report, inner[0], path.segments[inner[0].count(".") + 1])
        return
    of_alias = [one for one in known if one.startswith(f"{root}.")]
    if of_alias:
        report.error(
            Code.UNKNOWN_NAME,
            f"`{root}` has no condition, constant or attribute `{name.removeprefix(root + '.')}`"
            if len(path.segments) > 1
            else f"`{root}` is an import and not a value",
            path.span,
            help=did_you_mean(name, of_alias),
        )
        return
    report.error(
        Code.UNKNOWN_NAME,
        f"unknown name `{root}`",
        path.segments[0].span,
        help=_owner_of(root, scope)
        or (did_you_mean(name, known) if name != root else None)
        or did_you_mean(root, [*known, *sorted(RESERVED_NAMES)])
        or "name a claim as `claims.x`, text in quotes: 'text'",
    )


def _owner_of(name: str, scope: Scope) -> str | None:
    """Whose member a bare name would be."""
    if name in REGISTERED_CLAIMS or name in scope.claims:
        return f"did you mean `claims.{name}`?"
    if scope.user is not None and (name in USER_BUILT_INS or name in scope.user):
        return f"did you mean `user.{name}`?"
    if name in scope.params:
        return f"did you mean `params.{name}`?"
    if name in scope.lexical.attributes:
        return f"did you mean `attr.{name}`?"
    return None


MAX_LIST = 10_000
"""Members of a list constant."""

_SCALARS: dict[type, Scalar] = {bool: BOOL, int: INT, str: STRING}


def _fit(members: tuple[object, ...]) -> bool:
    """Of members of one type: whether numbers are within 64 bits."""
    if not members or not isinstance(members[0], int):
        return True
    numbers = cast("tuple[int, ...]", members)
    return min(numbers) >= INT_MIN and max(numbers) <= INT_MAX
