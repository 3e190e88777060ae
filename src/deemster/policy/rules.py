"""Basic rules: the lines of `allow`, each a question to the values at hand.

A line holds, fails with its own reason, or is in error. Source: policy-language section 3 (the
five basic rules of the seeds' product, and `when`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from deemster.errors import EvaluationError
from deemster.model.decision import NodeRef, Reason, Requirement
from deemster.model.source import SourceSpan
from deemster.policy.combining import Outcome
from deemster.policy.distinguished_names import (
    DistinguishedName,
    MalformedNameError,
    parse_distinguished_name,
)
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.coercion import coercion_of
from deemster.policy.expressions.reading import read_user_groups, read_user_permissions
from deemster.policy.expressions.types import TIMESTAMP, Narrowing
from deemster.policy.tree import GroupMatch
from deemster.policy.values import ConditionInput, TraceEntry, Values

__all__ = [
    "HOLDS",
    "AllowLine",
    "AllowResult",
    "acr_test",
    "evaluate_lines",
    "groups_test",
    "max_age_test",
    "permissions_test",
    "scopes_test",
]

T = TypeVar("T")

HOLDS = "holds"
"""Outcome of a line in a trace; of one that does not hold it is the reason, else `error`."""

_numeric_date = coercion_of(Narrowing(TIMESTAMP))
LineTest = Callable[[Values], bool]


class AllowLine:
    """One line: what it asks, and what its failure is called."""

    __slots__ = ("condition", "failed", "inputs", "reason", "ref", "requirement", "test")

    def __init__(
        self,
        ref: NodeRef,
        reason: Reason,
        test: LineTest,
        requirement: Requirement | None,
        inputs: Sequence[ConditionInput] = (),
        condition: CheckedExpr | None = None,
    ) -> None:
        """`inputs`, and the `condition` of a `when`, are what traces show."""
        self.ref = ref
        self.reason = reason
        self.test = test
        self.requirement = requirement
        self.inputs = tuple(inputs)
        self.condition = condition
        self.failed = AllowResult(Outcome.DENY, self, None)


class AllowResult:
    """What came of all lines: P, D with the first line that failed, or IP with the first error."""

    __slots__ = ("error", "line", "outcome")

    def __init__(
        self, outcome: Outcome, line: AllowLine | None, error: EvaluationError | None
    ) -> None:
        self.outcome = outcome
        self.line = line
        self.error = error


_ALLOWED = AllowResult(Outcome.PERMIT, None, None)


def evaluate_lines(lines: tuple[AllowLine, ...], values: Values) -> AllowResult:
    """Any line false ► D with the first false line; else the first error ► IP; else P.

    Lines stand in the order of the language page, so that step-up is asked for only where it
    would help.
    """
    trace = values.trace
    error: EvaluationError | None = None
    failing: AllowLine | None = None
    for line in lines:
        try:
            holds = line.test(values)
        except EvaluationError as found:
            if error is None:
                error, failing = found, line
            if trace is not None:
                trace.append(_entry(line, values, "error", found))
            continue
        if trace is not None:
            trace.append(_entry(line, values, HOLDS if holds else line.reason.value, None))
        if not holds:
            return line.failed
    if error is not None:
        return AllowResult(Outcome.INDETERMINATE_P, failing, error)
    return _ALLOWED


def scopes_test(any_of: Sequence[str], all_of: Sequence[str]) -> LineTest:
    """Exact members of the token's scope set. Raises ValueError if there are no names."""
    wanted_any, wanted_all = _wanted(any_of, all_of)
    if wanted_any and not wanted_all:
        return lambda values: not wanted_any.isdisjoint(_scopes(values))
    if not wanted_any:
        return lambda values: wanted_all <= _scopes(values)
    return lambda values: _covers(wanted_any, wanted_all, _scopes(values))


def groups_test(
    any_of: Sequence[str], all_of: Sequence[str], match: GroupMatch, span: SourceSpan
) -> LineTest:
    """The user's groups under one of seed 3's matching strategies. A client token has none.

    Raises ValueError if there are no names.
    """
    if match is GroupMatch.DN:
        return _dn_groups_test(any_of, all_of, span)
    if match is GroupMatch.IGNORE_CASE:
        folded_any, folded_all = _wanted(map(str.casefold, any_of), map(str.casefold, all_of))

        def ignoring_case(values: Values) -> bool:
            if values.user is None:
                return False
            groups = frozenset(name.casefold() for name in read_user_groups(values, span))
            return _covers(folded_any, folded_all, groups)

        return ignoring_case
    wanted_any, wanted_all = _wanted(any_of, all_of)

    def exact(values: Values) -> bool:
        if values.user is None:
            return False
        return _covers(wanted_any, wanted_all, read_user_groups(values, span))

    return exact


def _dn_groups_test(any_of: Sequence[str], all_of: Sequence[str], span: SourceSpan) -> LineTest:
    wanted_any, wanted_all = _wanted(
        map(parse_distinguished_name, any_of), map(parse_distinguished_name, all_of)
    )

    def by_name(values: Values) -> bool:
        if values.user is None:
            return False
        groups = set()
        for text in read_user_groups(values, span):
            name = _name_or_none(text)
            if name is not None:
                groups.add(name)
        return _covers(wanted_any, wanted_all, frozenset(groups))

    return by_name


def _name_or_none(text: str) -> DistinguishedName | None:
    # Groups only grant here: a stored group that is no name can match nothing and is passed over.
    try:
        return parse_distinguished_name(text)
    except MalformedNameError:
        return None


def permissions_test(any_of: Sequence[str], all_of: Sequence[str], span: SourceSpan) -> LineTest:
    """The user's permissions, by roles or by the provider's claim. A client token has none.

    Raises ValueError if there are no names.
    """
    wanted_any, wanted_all = _wanted(any_of, all_of)

    def permitted(values: Values) -> bool:
        if values.user is None:
            return False
        return _covers(wanted_any, wanted_all, read_user_permissions(values, span))

    return permitted


def acr_test(accepted: Sequence[str], span: SourceSpan) -> LineTest:
    """Claim `acr` is one of the list (OpenID Connect Core 2); absent fails."""
    wanted = frozenset(accepted)

    def strong_enough(values: Values) -> bool:
        found = _claim(values, "acr")
        if found is None:
            return False
        if not isinstance(found, str):
            raise _wrong_type("acr", "a string", span)
        return found in wanted

    return strong_enough


def max_age_test(max_age: int, span: SourceSpan) -> LineTest:
    """-skew <= now - auth_time <= maxAge (RFC 9470 3); absent, or later than skew, fails."""

    def recent_enough(values: Values) -> bool:
        found = _claim(values, "auth_time")
        if found is None:
            return False
        moment = _numeric_date(found)
        if not isinstance(moment, int | float):
            raise _wrong_type("auth_time", "a number of seconds", span)
        age = values.now - moment
        return -values.skew <= age <= max_age

    return recent_enough


def _wanted(any_of: Iterable[T], all_of: Iterable[T]) -> tuple[frozenset[T], frozenset[T]]:
    wanted_any, wanted_all = frozenset(any_of), frozenset(all_of)
    # INVARIANT: a line without names asks for nothing, and nobody may be let through by that.
    if not wanted_any and not wanted_all:
        raise ValueError("a line names nothing")
    return wanted_any, wanted_all


def _covers(any_of: frozenset[T], all_of: frozenset[T], held: frozenset[T]) -> bool:
    return (not any_of or not any_of.isdisjoint(held)) and all_of <= held


def _scopes(values: Values) -> frozenset[str]:
    claims = values.claims
    # Basic rules stand only where an accepted credential is required, so claims are there; should
    # that ever fail to hold, nobody has any scope.
    return claims.scopes if claims is not None else frozenset()


def _claim(values: Values, name: str) -> object:
    claims: Mapping[str, object] = values.claims.claims if values.claims is not None else {}
    return claims.get(name)


def _wrong_type(claim: str, expected: str, span: SourceSpan) -> EvaluationError:
    return EvaluationError(
        f"claim `{claim}` is not {expected}", reason=Reason.INDETERMINATE, span=span
    )


def _entry(
    line: AllowLine, values: Values, outcome: str, error: EvaluationError | None
) -> TraceEntry:
    entry = TraceEntry(
        line.ref,
        values,
        inputs=line.inputs,
        condition=line.condition,
        requirement=line.requirement,
    )
    entry.outcome = outcome
    entry.error = error
    return entry
