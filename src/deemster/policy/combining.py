"""Combining algorithms as pure functions over six-valued outcomes; the tables are data.

Source: policy-language section 10 (XACML 3.0 appendix C in its extended form). Each table folds:
combining is associative, so two-child tables define any number of children.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from deemster.policy.tree import CombiningAlgorithm, RuleEffect

__all__ = [
    "DENY_OVERRIDES",
    "PERMIT_OVERRIDES",
    "SIMPLE_DENY_OVERRIDES",
    "SIMPLE_PERMIT_OVERRIDES",
    "Outcome",
    "combine",
    "indeterminate_outcome",
    "weakened_by_target_error",
]


class Outcome(IntEnum):
    """What came of a node. The indeterminate three say what it might have been."""

    PERMIT = 0
    DENY = 1
    NOT_APPLICABLE = 2
    INDETERMINATE_P = 3
    INDETERMINATE_D = 4
    INDETERMINATE_DP = 5

    @property
    def is_indeterminate(self) -> bool:
        """Whether an error stands behind it."""
        return self >= Outcome.INDETERMINATE_P

    @property
    def word(self) -> str:
        """For people: `permit`, `not-applicable`, `indeterminate-D`."""
        return _WORDS[self]


_WORDS = {
    Outcome.PERMIT: "permit",
    Outcome.DENY: "deny",
    Outcome.NOT_APPLICABLE: "not-applicable",
    Outcome.INDETERMINATE_P: "indeterminate-P",
    Outcome.INDETERMINATE_D: "indeterminate-D",
    Outcome.INDETERMINATE_DP: "indeterminate-DP",
}

_P, _D, _N, _IP, _ID, _IDP = Outcome

# Row: what the children so far came to. Column: the next child. Order: P, D, N, IP, ID, IDP.
DENY_OVERRIDES: tuple[tuple[Outcome, ...], ...] = (
    (_P, _D, _P, _P, _IDP, _IDP),
    (_D, _D, _D, _D, _D, _D),
    (_P, _D, _N, _IP, _ID, _IDP),
    (_P, _D, _IP, _IP, _IDP, _IDP),
    (_IDP, _D, _ID, _IDP, _ID, _IDP),
    (_IDP, _D, _IDP, _IDP, _IDP, _IDP),
)

PERMIT_OVERRIDES: tuple[tuple[Outcome, ...], ...] = (
    (_P, _P, _P, _P, _P, _P),
    (_P, _D, _D, _IDP, _D, _IDP),
    (_P, _D, _N, _IP, _ID, _IDP),
    (_P, _IDP, _IP, _IP, _IDP, _IDP),
    (_P, _D, _ID, _IDP, _ID, _IDP),
    (_P, _IDP, _IDP, _IDP, _IDP, _IDP),
)

# `indeterminate: simple`, PingOne's published reading: whatever an indeterminate child might have
# been, the whole is IDP unless something overrides.
SIMPLE_DENY_OVERRIDES: tuple[tuple[Outcome, ...], ...] = (
    (_P, _D, _P, _IDP, _IDP, _IDP),
    (_D, _D, _D, _D, _D, _D),
    (_P, _D, _N, _IDP, _IDP, _IDP),
    *[(_IDP, _D, _IDP, _IDP, _IDP, _IDP)] * 3,
)

SIMPLE_PERMIT_OVERRIDES: tuple[tuple[Outcome, ...], ...] = (
    (_P, _P, _P, _P, _P, _P),
    (_P, _D, _D, _IDP, _IDP, _IDP),
    (_P, _D, _N, _IDP, _IDP, _IDP),
    *[(_P, _IDP, _IDP, _IDP, _IDP, _IDP)] * 3,
)


def combine(
    algorithm: CombiningAlgorithm, outcomes: Iterable[Outcome], *, simple: bool = False
) -> Outcome:
    """The outcome of a set whose children came to `outcomes`, in tree order.

    `simple` is `indeterminate: simple`; the parser refuses it where it says nothing.
    """
    match algorithm:
        case CombiningAlgorithm.DENY_OVERRIDES:
            return _fold(SIMPLE_DENY_OVERRIDES if simple else DENY_OVERRIDES, outcomes)
        case CombiningAlgorithm.PERMIT_OVERRIDES:
            return _fold(SIMPLE_PERMIT_OVERRIDES if simple else PERMIT_OVERRIDES, outcomes)
        case CombiningAlgorithm.FIRST_APPLICABLE:
            return next((found for found in outcomes if found is not _N), _N)
        case CombiningAlgorithm.ONLY_ONE_APPLICABLE:
            applicable = [found for found in outcomes if found is not _N]
            if not applicable:
                return _N
            return applicable[0] if len(applicable) == 1 else _IDP
        case CombiningAlgorithm.DENY_UNLESS_PERMIT:
            return _P if _P in outcomes else _D
        case CombiningAlgorithm.PERMIT_UNLESS_DENY:
            return _D if _D in outcomes else _P


def indeterminate_outcome(effect: RuleEffect) -> Outcome:
    """A failing rule is indeterminate in the direction of its effect: never absent, never false."""
    return _IP if effect is RuleEffect.PERMIT else _ID


def weakened_by_target_error(combined: Outcome) -> Outcome:
    """The outcome of a policy whose target is in error and whose children came to `combined`."""
    if combined is _P:
        return _IP
    if combined is _D:
        return _ID
    return combined


def _fold(table: tuple[tuple[Outcome, ...], ...], outcomes: Iterable[Outcome]) -> Outcome:
    so_far = _N
    for found in outcomes:
        so_far = table[so_far][found]
    return so_far
