"""Basic rules: what each line asks, what is false, and what is an error."""

from collections.abc import Callable

import pytest

from deemster.errors import DependencyUnavailableError, EvaluationError
from deemster.model.decision import NodeRef, Reason, Requirement
from deemster.model.identity import NOT_FETCHED
from deemster.policy.combining import Outcome
from deemster.policy.rules import (
    AllowLine,
    LineTest,
    acr_test,
    evaluate_lines,
    groups_test,
    max_age_test,
    permissions_test,
    scopes_test,
)
from deemster.policy.tree import GroupMatch
from deemster.policy.values import NeedsValues, Values
from tests.support.conditions import NOW, a_token, a_user, span, values

HERE = span()
EXACT, IGNORING, DN = GroupMatch.EXACT, GroupMatch.IGNORE_CASE, GroupMatch.DN


def scopes(*held: str) -> Values:
    return values(claims=a_token(scopes=frozenset(held)))


def groups(*held: str) -> Values:
    return values(user=a_user(groups=frozenset(held)))


def claims(**members: object) -> Values:
    return values(claims=a_token({"sub": "alice", **members}))


# --- any and all ----------------------------------------------------------------------------------

LINES: dict[str, tuple[Callable[..., LineTest], Callable[..., Values]]] = {
    "scopes": (scopes_test, scopes),
    "groups": (lambda any_of, all_of: groups_test(any_of, all_of, EXACT, HERE), groups),
    "groups ignoring case": (
        lambda any_of, all_of: groups_test(any_of, all_of, IGNORING, HERE),
        groups,
    ),
    "permissions": (
        lambda any_of, all_of: permissions_test(any_of, all_of, HERE),
        lambda *held: values(
            claims=a_token(permissions=frozenset(held)), user=a_user(groups=frozenset())
        ),
    ),
}
MEMBERSHIP = [
    (("a", "b"), (), ("b", "c"), True),
    (("a", "b"), (), ("c",), False),
    (("a", "b"), (), (), False),
    ((), ("a", "b"), ("a", "b", "c"), True),
    ((), ("a", "b"), ("a",), False),
    ((), ("a",), (), False),
    (("a", "b"), ("c",), ("a", "c"), True),
    (("a", "b"), ("c",), ("a",), False),
    (("a", "b"), ("c",), ("c",), False),
    (("a",), (), ("aa", "a "), False),
]


@pytest.mark.parametrize(("any_of", "all_of", "held", "expected"), MEMBERSHIP)
@pytest.mark.parametrize("line", LINES)
def test_any_needs_one_all_needs_each_and_both_must_hold(
    line: str, any_of: tuple[str, ...], all_of: tuple[str, ...], held: tuple[str, ...], *,
    expected: bool,
) -> None:  # fmt: skip
    make, situation = LINES[line]
    assert make(any_of, all_of)(situation(*held)) is expected


@pytest.mark.parametrize(
    "make",
    [*(make for make, _ in LINES.values()), lambda a, b: groups_test(a, b, DN, HERE)],
    ids=[*LINES, "groups by name"],
)
def test_a_line_without_names_cannot_be_built(make: Callable[..., LineTest]) -> None:
    """INVARIANT: every set covers the empty one, so such a line would let everybody through."""
    with pytest.raises(ValueError, match="names nothing"):
        make((), ())


# --- groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "wanted", "held", "expected"),
    [
        (EXACT, "Finance", "finance", False),
        (IGNORING, "Finance", "fINANCE", True),
        (IGNORING, "Büro", "BÜRO", True),
        (IGNORING, "finance", "finance ", False),
        (DN, "cn=Finance,ou=Groups", "CN=finance, OU=groups", True),
        (DN, "cn=a+ou=b,dc=c", "OU=b+CN=a,DC=c", True),
        (DN, "cn=a,ou=b", "ou=b,cn=a", False),
        (DN, "cn=a", "a", False),
        (DN, r"cn=a\2c b", r"CN=A\, B", True),
    ],
)
def test_groups_are_compared_as_the_line_says(
    match: GroupMatch, wanted: str, held: str, expected: bool
) -> None:
    assert groups_test([wanted], [], match, HERE)(groups(held)) is expected


def test_a_stored_group_that_is_no_name_matches_nothing_and_hides_nothing() -> None:
    test = groups_test(["cn=a"], [], DN, HERE)
    assert test(groups("not a name", "=", "cn=a")) is True
    assert test(groups("not a name", "=")) is False


@pytest.mark.parametrize("match", GroupMatch)
def test_a_client_token_has_no_groups_and_no_permissions(match: GroupMatch) -> None:
    assert groups_test(["cn=a"], [], match, HERE)(values(user=None)) is False
    assert permissions_test(["a:b"], [], HERE)(values(user=None)) is False


@pytest.mark.parametrize("match", GroupMatch)
def test_groups_that_were_not_fetched_are_asked_for(match: GroupMatch) -> None:
    with pytest.raises(NeedsValues):
        groups_test(["cn=a"], [], match, HERE)(values(user=a_user(groups=NOT_FETCHED)))


@pytest.mark.parametrize("match", GroupMatch)
def test_an_outage_of_the_directory_is_an_error_and_no_empty_list(match: GroupMatch) -> None:
    failed = values(user=a_user(groups=DependencyUnavailableError("people")))
    with pytest.raises(EvaluationError) as raised:
        groups_test(["cn=a"], [], match, HERE)(failed)
    assert raised.value.reason is Reason.DEPENDENCY_UNAVAILABLE


# --- authentication -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acr", "expected"), [("mfa", True), ("hwk", True), ("MFA", False), ("", False), (None, False)]
)
def test_acr_is_one_of_the_list(acr: str | None, expected: bool) -> None:
    assert acr_test(["mfa", "hwk"], HERE)(claims(acr=acr)) is expected
    assert acr_test(["mfa", "hwk"], HERE)(claims()) is False


@pytest.mark.parametrize("acr", [["mfa"], 1, True, {"mfa": 1}])
def test_an_acr_of_another_type_is_an_error(acr: object) -> None:
    with pytest.raises(EvaluationError) as raised:
        acr_test(["mfa"], HERE)(claims(acr=acr))
    assert raised.value.reason is Reason.INDETERMINATE


def aged(auth_time: object, skew: float = 0.0) -> Values:
    made = claims(auth_time=auth_time)
    made.skew = skew
    return made


@pytest.mark.parametrize(
    ("auth_time", "skew", "expected"),
    [
        (NOW, 0, True),
        (NOW - 300, 0, True),
        (NOW - 301, 0, False),
        (NOW - 300.5, 0, False),
        (NOW - 310, 30, False),
        (NOW + 1, 0, False),
        (NOW + 30, 30, True),
        (NOW + 31, 30, False),
        (0, 0, False),
        (None, 30, False),
    ],
)
def test_a_login_is_as_recent_as_asked_and_skew_helps_only_clocks_ahead(
    auth_time: object, skew: float, expected: bool
) -> None:
    assert max_age_test(300, HERE)(aged(auth_time, skew)) is expected


@pytest.mark.parametrize(
    "auth_time",
    [str(NOW), True, [NOW], 10**400, -(10**30), float("inf"), float("nan")],
    ids=["text", "bool", "list", "400 digits", "long ago", "infinite", "not a number"],
)
def test_an_auth_time_of_another_type_is_an_error_and_never_a_crash(auth_time: object) -> None:
    with pytest.raises(EvaluationError) as raised:
        max_age_test(300, HERE)(aged(auth_time))
    assert raised.value.reason is Reason.INDETERMINATE


# --- all lines ------------------------------------------------------------------------------------


def a_line(name: str, answer: bool | Reason) -> AllowLine:
    def test(_: Values) -> bool:
        if isinstance(answer, Reason):
            raise EvaluationError(name, reason=answer, span=HERE)
        return answer

    return AllowLine(NodeRef(name, HERE), Reason.SCOPE_MISSING, test, Requirement("scopes"))


MISSING, UNAVAILABLE = Reason.ATTRIBUTE_MISSING, Reason.DEPENDENCY_UNAVAILABLE


@pytest.mark.parametrize(
    ("answers", "outcome", "line"),
    [
        ([], Outcome.PERMIT, None),
        ([True, True], Outcome.PERMIT, None),
        ([True, False, False], Outcome.DENY, "1"),
        ([MISSING, True], Outcome.INDETERMINATE_P, "0"),
        ([True, UNAVAILABLE, MISSING], Outcome.INDETERMINATE_P, "1"),
        ([MISSING, False], Outcome.DENY, "1"),
        ([MISSING, False, False], Outcome.DENY, "1"),
        ([False, MISSING], Outcome.DENY, "0"),
    ],
    ids=[
        "none",
        "all hold",
        "the first that fails",
        "an error",
        "the first error",
        "a failure after an error",
        "the first failure after an error",
        "an error after a failure",
    ],
)
def test_a_false_line_wins_over_an_error_and_the_first_of_each_is_told(
    answers: list[bool | Reason], outcome: Outcome, line: str | None
) -> None:
    lines = tuple(a_line(str(number), answer) for number, answer in enumerate(answers))
    result = evaluate_lines(lines, values())
    assert result.outcome is outcome
    assert (result.line.ref.id_path if result.line else None) == line
    if outcome is Outcome.INDETERMINATE_P:
        assert result.error is not None
        assert result.error.message == line


def test_the_trace_names_every_line_reached() -> None:
    situation = values()
    situation.trace = []
    lines = (a_line("one", MISSING), a_line("two", answer=False), a_line("three", answer=True))
    evaluate_lines(lines, situation)
    assert [(entry.id_path, entry.outcome) for entry in situation.trace] == [
        ("one", "error"),
        ("two", "scope-missing"),
    ]
