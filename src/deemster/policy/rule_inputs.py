"""What the basic rules saw, for traces: the counterpart of `expressions/inputs.py`."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.expressions.coercion import coercion_of
from deemster.policy.expressions.reading import read_user_groups, read_user_permissions
from deemster.policy.expressions.types import TIMESTAMP, Narrowing
from deemster.policy.values import ConditionInput, Values

__all__ = ["acr_input", "age_input", "groups_input", "permissions_input", "scopes_input"]


def scopes_input() -> tuple[ConditionInput, ...]:
    """The token's scope set, sorted."""
    return (("claims.scope", _scopes),)


def groups_input(span: SourceSpan) -> tuple[ConditionInput, ...]:
    """The user's groups, sorted."""
    return (("user.groups", lambda values: sorted(read_user_groups(values, span))),)


def permissions_input(span: SourceSpan) -> tuple[ConditionInput, ...]:
    """The user's permissions, sorted."""
    return (("user.permissions", lambda values: sorted(read_user_permissions(values, span))),)


def acr_input() -> tuple[ConditionInput, ...]:
    """The claim as it stands in the token."""
    return (("claims.acr", lambda values: _claim(values, "acr")),)


def age_input() -> tuple[ConditionInput, ...]:
    """Seconds since the user last proved who they are."""
    return (("seconds since claims.auth_time", _age),)


def _scopes(values: Values) -> object:
    return sorted(values.claims.scopes) if values.claims is not None else []


def _claim(values: Values, name: str) -> object:
    return values.claims.claims.get(name) if values.claims is not None else None


def _age(values: Values) -> object:
    found = _claim(values, "auth_time")
    moment = _numeric_date(found)
    return round(values.now - moment) if isinstance(moment, int | float) else found


_numeric_date = coercion_of(Narrowing(TIMESTAMP))
