"""The reference itself: its tables are the language page's, and it does what they say."""

from __future__ import annotations

from itertools import product

import pytest

from tests.reference.conditions import value_of
from tests.reference.evaluator import ReferenceEvaluator
from tests.reference.outcomes import (
    ALGORITHMS,
    DENY_OVERRIDES,
    IDP,
    OUTCOMES,
    PERMIT_OVERRIDES,
    D,
    N,
    P,
    combined,
)
from tests.reference.shape import (
    FAILED,
    Call,
    Declared,
    Expression,
    Operation,
    PolicySet,
    Rule,
    Scope,
    Service,
    Token,
    Tree,
    User,
)
from tests.reference.situation import Error, Situation

TRUE: Expression = ("literal", True)
ERROR: Expression = ("has-claim", "odd")
MIRROR = {"P": "D", "D": "P", "N": "N", "IP": "ID", "ID": "IP", "IDP": "IDP"}


@pytest.mark.parametrize("cell", list(product(OUTCOMES, OUTCOMES)), ids="-".join)
def test_tables_mirror_each_other(cell: tuple[str, str]) -> None:
    row, column = cell
    assert PERMIT_OVERRIDES[row, column] == MIRROR[DENY_OVERRIDES[MIRROR[row], MIRROR[column]]]


@pytest.mark.parametrize("table", [DENY_OVERRIDES, PERMIT_OVERRIDES], ids=["deny", "permit"])
def test_tables_fold_over_any_number_of_children_in_any_order(
    table: dict[tuple[str, str], str],
) -> None:
    assert len(table) == 36
    for a, b, c in product(OUTCOMES, repeat=3):
        assert table[a, b] == table[b, a]
        assert table[table[a, b], c] == table[a, table[b, c]]
        assert table[a, N] == a


def child(outcome: str, name: str) -> Rule | PolicySet:
    """A node with that outcome, made of the smallest rules there are."""
    rules = {
        "P": Rule(name, "permit"),
        "D": Rule(name, "deny"),
        "N": Rule(name, "permit", ("not", TRUE)),
        "IP": Rule(name, "permit", ERROR),
        "ID": Rule(name, "deny", ERROR),
    }
    if outcome in rules:
        return rules[outcome]
    return PolicySet(name, "deny-overrides", (child("P", "p"), child("ID", "i")))


def policy_tree(*children: Rule | PolicySet, combining: str) -> Tree:
    policy = PolicySet("all", combining, children)
    operation = Operation("read", ("GET",), ((("literal", "a"),),), policies=(policy,))
    schema = (Declared("claims", "odd", "int", optional=True),)
    service = Service("demo", ("https://api.example.com",), False, (operation,), Scope({}, schema))
    return Tree({"services/demo.yaml": service})


CALL = Call("GET", "https://api.example.com/a", 0.0, token=Token({"odd": "text"}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("cell", list(product(OUTCOMES, OUTCOMES)), ids="-".join)
def test_a_policy_of_two_children_is_what_the_page_says(
    cell: tuple[str, str], algorithm: str
) -> None:
    tree = policy_tree(child(cell[0], "one"), child(cell[1], "two"), combining=algorithm)
    reference = ReferenceEvaluator(tree)
    reference.answer(CALL)

    applicable = [outcome for outcome in cell if outcome != N]
    expected = {
        "deny-overrides": DENY_OVERRIDES[cell],
        "permit-overrides": PERMIT_OVERRIDES[cell],
        "first-applicable": (*applicable, N)[0],
        "only-one-applicable": IDP if len(applicable) == 2 else (*applicable, N)[0],
        "deny-unless-permit": P if P in cell else D,
        "permit-unless-deny": D if D in cell else P,
    }[algorithm]
    assert reference.judged["demo/read/all/one"] == {cell[0]}
    assert reference.judged["demo/read/all/two"] == {cell[1]}
    assert reference.judged["demo/read/all"] == {expected}


@pytest.mark.parametrize(
    ("algorithm", "outcome"),
    [*[(name, N) for name in ALGORITHMS[:4]], ("deny-unless-permit", D), ("permit-unless-deny", P)],
)
def test_nothing_to_combine(algorithm: str, outcome: str) -> None:
    assert combined(algorithm, []) == outcome


# --- truth tables of section 9 ----------------------------------------------------------------

T, F, E = ("literal", True), ("literal", False), ("claim", "absent")
ABSENT = Error("attribute-missing")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (("and", F, E), False),
        (("and", E, F), False),
        (("and", T, E), ABSENT),
        (("and", E, T), ABSENT),
        (("or", T, E), True),
        (("or", E, T), True),
        (("or", F, E), ABSENT),
        (("or", E, F), ABSENT),
        (("not", E), ABSENT),
        (("all-list", T, E, F), False),
        (("any-list", F, E, T), True),
        (("not-list", E), ABSENT),
        (("if", T, F, E), False),
        (("if", F, F, E), ABSENT),
        (("if", E, T, T), ABSENT),
        # The first error in source order is the one that is told.
        (("and", ("claim", "absent"), ("claim", "wrong")), ABSENT),
        (("and", ("claim", "wrong"), ("claim", "absent")), Error("indeterminate")),
        (("cmp", "==", ("claim", "wrong"), E), Error("indeterminate")),
    ],
    ids=str,
)
def test_errors_in_conditions(expression: Expression, value: object) -> None:
    assert value_of(expression, SCOPE, situation()) == value


FAILING = User("alice", groups=FAILED, roles=FAILED, attributes=FAILED)
ROWS = {"plain": {}, "optional": {"optional": True}, "default": {"default": 4}}
SCOPE = Scope(
    schema=(
        Declared("claims", "absent", "bool"),
        Declared("claims", "wrong", "bool"),
        *[
            Declared("claims", f"{row}_{found}", "int", minimum=0, maximum=9, **words)  # type: ignore[arg-type]
            for row, words in ROWS.items()
            for found in ("absent", "null", "text", "big", "fraction", "good")
        ],
        *[Declared("user", row, "int", **words) for row, words in ROWS.items()],  # type: ignore[arg-type]
    )
)
CLAIMS: dict[str, object] = {"wrong": "true"} | {
    f"{row}_{found}": value
    for row in ROWS
    for found, value in (("null", None), ("text", "1"), ("big", 10), ("fraction", 1.0), ("good", 9))
}


@pytest.mark.parametrize(
    ("row", "found", "value", "has"),
    [
        ("plain", "absent", ABSENT, False),
        ("plain", "null", ABSENT, False),
        ("plain", "text", Error("indeterminate"), Error("indeterminate")),
        ("plain", "good", 9, True),
        ("optional", "absent", ABSENT, False),
        ("optional", "null", ABSENT, False),
        ("optional", "big", Error("indeterminate"), Error("indeterminate")),
        ("optional", "fraction", Error("indeterminate"), Error("indeterminate")),
        ("default", "absent", 4, True),
        ("default", "null", 4, True),
        ("default", "text", Error("indeterminate"), Error("indeterminate")),
        ("default", "good", 9, True),
    ],
)
def test_declared_values(row: str, found: str, value: object, has: object) -> None:
    name = f"{row}_{found}"
    assert value_of(("claim", name), SCOPE, situation()) == value
    assert value_of(("has-claim", name), SCOPE, situation()) == has


@pytest.mark.parametrize("row", ROWS)
def test_a_client_token_has_no_user_and_no_defaults(row: str) -> None:
    assert value_of(("has-user",), SCOPE, situation()) is False
    assert value_of(("user", row), SCOPE, situation()) == ABSENT
    assert value_of(("has-user-value", row), SCOPE, situation()) == ABSENT


@pytest.mark.parametrize("row", ROWS)
def test_a_failed_fetch_is_never_an_absent_value(row: str) -> None:
    failed = Error("dependency-unavailable")
    for expression in (("user", row), ("has-user-value", row)):
        assert value_of(expression, SCOPE, situation(FAILING)) == failed
    for name in ("groups", "roles", "permissions"):
        assert value_of(("user", name), SCOPE, situation(FAILING)) == failed
        assert value_of(("has-user-value", name), SCOPE, situation(FAILING)) == failed


def situation(user: User | None = None) -> Situation:
    return Situation(
        tree=Tree({}),
        call=Call("GET", "https://api.example.com/", 0.0),
        path="/",
        relative_path="/",
        query="",
        params={},
        token=Token(CLAIMS, user=user),
        user=user,
    )
