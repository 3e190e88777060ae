"""The commonest tests in one function each: a call less for every term of a condition.

Each does what the general closures do; a property test holds them together. What is not the
common case (absent, wrong type, not fetched) is left to the general reader, which says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from deemster.policy.expressions import terms
from deemster.policy.expressions.reading import reader_of
from deemster.policy.expressions.terms import RequestField, Term, UserField
from deemster.policy.expressions.types import STRING
from deemster.policy.values import Values

__all__ = ["fused"]

_Test = Callable[[Values], object]


def fused(term: Term) -> _Test | None:
    """One function for a test of one name against constants, or None if the term is none."""
    if isinstance(term, terms.ComparisonTerm):
        return _comparison(term)
    if isinstance(term, terms.MembershipTerm):
        return _membership(term)
    return None


def _comparison(term: terms.ComparisonTerm) -> _Test | None:
    name, other = term.left, term.right
    if isinstance(name, terms.Constant):
        name, other = other, name
    if not isinstance(other, terms.Constant) or term.operator not in ("==", "!="):
        return None
    expected = term.operator == "=="
    if _is_plain_claim(name):
        return _claim_equals(name, other.value, expected=expected)
    if isinstance(name, terms.RequestRead) and name.field is RequestField.METHOD:
        constant = other.value
        if expected:
            return lambda values: values.call.method == constant
        return lambda values: values.call.method != constant
    return None


def _membership(term: terms.MembershipTerm) -> _Test | None:
    element, collection = term.element, term.collection
    if isinstance(element, terms.Constant) and isinstance(element.value, str):
        if isinstance(collection, terms.ClaimRead):
            return _in_claim(element.value, collection)
        if isinstance(collection, terms.UserRead) and collection.field is UserField.GROUPS:
            return _in_groups(element.value, collection)
    if _is_plain_claim(element) and isinstance(collection, terms.Constant):
        return _claim_among(element, collection)
    return None


def _is_plain_claim(term: Term) -> TypeGuard[terms.ClaimRead]:
    return (
        isinstance(term, terms.ClaimRead)
        and term.narrowing.type is STRING
        and term.narrowing.enum is None
    )


def _claim_equals(read: terms.ClaimRead, constant: object, *, expected: bool) -> _Test:
    key, otherwise = read.claim, reader_of(read)

    def equals(values: Values) -> bool:
        claims = values.claims
        if claims is not None:
            value = claims.claims.get(key)
            if type(value) is str:
                return (value == constant) is expected
        return (otherwise(values) == constant) is expected

    return equals


def _claim_among(read: terms.ClaimRead, collection: terms.Constant) -> _Test | None:
    if not isinstance(collection.value, tuple):
        return None
    key, otherwise, members = read.claim, reader_of(read), frozenset(collection.value)

    def among(values: Values) -> bool:
        claims = values.claims
        if claims is not None:
            value = claims.claims.get(key)
            if type(value) is str:
                return value in members
        return otherwise(values) in members

    return among


def _in_claim(constant: str, read: terms.ClaimRead) -> _Test | None:
    if read.name != "claims.scope" or read.declared_at is not None:
        return None
    otherwise: Callable[[Values], frozenset[str]] = reader_of(read)  # type: ignore[assignment]

    def in_scope(values: Values) -> bool:
        claims = values.claims
        if claims is not None:
            return constant in claims.scopes
        return constant in otherwise(values)

    return in_scope


def _in_groups(constant: str, read: terms.UserRead) -> _Test:
    otherwise: Callable[[Values], frozenset[str]] = reader_of(read)  # type: ignore[assignment]

    def in_groups(values: Values) -> bool:
        user = values.user
        if user is not None:
            groups = user.groups
            if type(groups) is frozenset:
                return constant in groups
        return constant in otherwise(values)

    return in_groups
