"""The tables, held against XACML 3.0's own words for the same algorithms (appendix C)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from deemster.policy.combining import (
    DENY_OVERRIDES,
    PERMIT_OVERRIDES,
    Outcome,
    combine,
    indeterminate_outcome,
    weakened_by_target_error,
)
from deemster.policy.tree import CombiningAlgorithm, RuleEffect

P, D, N, IP, ID, IDP = Outcome
ALL_LISTS = [
    children for length in range(5) for children in itertools.product(Outcome, repeat=length)
]


def deny_overrides_in_words(children: Sequence[Outcome]) -> Outcome:
    """XACML 3.0 C.2: the list of cases, in the order of the specification."""
    if D in children:
        return D
    if IDP in children:
        return IDP
    if ID in children and (IP in children or P in children):
        return IDP
    return next((outcome for outcome in (ID, P, IP) if outcome in children), N)


def mirrored(outcome: Outcome) -> Outcome:
    return {P: D, D: P, N: N, IP: ID, ID: IP, IDP: IDP}[outcome]


def test_deny_overrides_folds_to_what_the_standard_says_in_words() -> None:
    disagreements = [
        children
        for children in ALL_LISTS
        if combine(CombiningAlgorithm.DENY_OVERRIDES, children) != deny_overrides_in_words(children)
    ]
    assert disagreements == []


def test_permit_overrides_is_the_mirror_image_of_deny_overrides() -> None:
    disagreements = [
        children
        for children in ALL_LISTS
        if combine(CombiningAlgorithm.PERMIT_OVERRIDES, children)
        != mirrored(deny_overrides_in_words([mirrored(child) for child in children]))
    ]
    assert disagreements == []


@pytest.mark.parametrize(
    "table", [DENY_OVERRIDES, PERMIT_OVERRIDES], ids=["deny-overrides", "permit-overrides"]
)
def test_each_table_is_associative_and_commutative_with_n_as_neutral(
    table: tuple[tuple[Outcome, ...], ...],
) -> None:
    wrong = [
        (a, b, c)
        for a, b, c in itertools.product(Outcome, repeat=3)
        if table[table[a][b]][c] != table[a][table[b][c]]
        or table[a][b] != table[b][a]
        or table[N][a] != a
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("algorithm", "children", "outcome"),
    [
        (CombiningAlgorithm.FIRST_APPLICABLE, [N, IP, D], IP),
        (CombiningAlgorithm.FIRST_APPLICABLE, [N, P, D], P),
        (CombiningAlgorithm.FIRST_APPLICABLE, [N, N], N),
        (CombiningAlgorithm.FIRST_APPLICABLE, [], N),
        (CombiningAlgorithm.ONLY_ONE_APPLICABLE, [N, D, N], D),
        (CombiningAlgorithm.ONLY_ONE_APPLICABLE, [N, ID], ID),
        (CombiningAlgorithm.ONLY_ONE_APPLICABLE, [P, P], IDP),
        (CombiningAlgorithm.ONLY_ONE_APPLICABLE, [], N),
        (CombiningAlgorithm.DENY_UNLESS_PERMIT, [IP, ID, N], D),
        (CombiningAlgorithm.DENY_UNLESS_PERMIT, [D, P], P),
        (CombiningAlgorithm.DENY_UNLESS_PERMIT, [], D),
        (CombiningAlgorithm.PERMIT_UNLESS_DENY, [IP, ID, N], P),
        (CombiningAlgorithm.PERMIT_UNLESS_DENY, [P, D], D),
        (CombiningAlgorithm.PERMIT_UNLESS_DENY, [], P),
    ],
)
def test_the_other_algorithms_give_what_the_language_page_says(
    algorithm: CombiningAlgorithm, children: list[Outcome], outcome: Outcome
) -> None:
    assert combine(algorithm, children) is outcome


def test_an_error_in_a_target_leaves_no_plain_permit_or_deny() -> None:
    assert [weakened_by_target_error(outcome) for outcome in Outcome] == [IP, ID, N, IP, ID, IDP]


def test_a_failing_rule_is_indeterminate_in_the_direction_of_its_effect() -> None:
    assert indeterminate_outcome(RuleEffect.PERMIT) is IP
    assert indeterminate_outcome(RuleEffect.DENY) is ID
