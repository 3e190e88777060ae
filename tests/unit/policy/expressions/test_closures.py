"""What conditions come to: a table of expressions over situations, and Kleene's truth tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import yaml

from deemster.errors import EvaluationError
from deemster.model.decision import Reason
from deemster.model.identity import NOT_FETCHED, UserContext
from deemster.policy.expressions.closures import compile_condition, compile_expression
from deemster.policy.values import NeedsValues, Values
from tests.support.conditions import (
    a_library,
    a_scope,
    a_token,
    a_user,
    checked_condition,
    checked_value,
    findings_of,
    values,
)

SITUATIONS = yaml.safe_load(
    (Path(__file__).parents[3] / "golden/expressions/values.yaml").read_text(encoding="utf-8")
)
ROLES = {"accountant": frozenset({"invoices:pay"})}


def cases() -> Iterator[object]:
    for situation in SITUATIONS:
        for text, expected in situation["values"].items():
            yield pytest.param(situation, text, expected, id=f"{situation['name']}: {text}")


def user_of(situation: dict[str, object]) -> UserContext | None:
    if situation.get("parts") == "not-fetched":
        return a_user(groups=NOT_FETCHED, roles=NOT_FETCHED, attributes=NOT_FETCHED)
    if situation.get("parts") == "failed":
        down = OSError("connection refused")
        return a_user(groups=down, roles=down, attributes=down)
    return a_user(attributes=situation["user"]) if "user" in situation else None


def values_of(situation: dict[str, object]) -> Values:
    request = situation.get("request", {})
    assert isinstance(request, dict)
    claims = situation.get("claims", {})
    assert isinstance(claims, dict)
    given = {name: request[name] for name in ("method", "url", "ip") if name in request}
    return values(
        claims=a_token(claims),
        is_public=bool(situation.get("public", False)),
        user=user_of(situation),
        headers=tuple(request.get("headers", {}).items()),
        role_permissions=ROLES,
        **given,
    )


def outcome(text: str, at: Values) -> object:
    closure = compile_expression(checked_value(text))
    try:
        return closure(at)
    except EvaluationError as error:
        return {"error": error.reason.value}
    except NeedsValues as needed:
        return {"needs": ",".join(part.value for part in needed.parts)}


@pytest.mark.parametrize(("situation", "text", "expected"), [*cases()])
def test_an_expression_has_its_value(
    situation: dict[str, object], text: str, expected: object
) -> None:
    found = outcome(text, values_of(situation))
    assert (type(found), found) == (type(expected), expected)


# --- three truth values -------------------------------------------------------------------------

TRUTH = {"T": "true", "F": "false", "E": "claims.tenant == 'x'"}  # the claim is absent
AND = {
    "TT": "T", "TF": "F", "TE": "E",
    "FT": "F", "FF": "F", "FE": "F",
    "ET": "E", "EF": "F", "EE": "E",
}  # fmt: skip
OR = {
    "TT": "T", "TF": "T", "TE": "T",
    "FT": "T", "FF": "F", "FE": "E",
    "ET": "T", "EF": "E", "EE": "E",
}  # fmt: skip
NAMES: dict[object, str] = {True: "T", False: "F"}


def truth_of(text: str) -> str:
    closure = compile_condition(checked_condition(text))
    try:
        return NAMES[closure(values())]
    except EvaluationError:
        return "E"


@pytest.mark.parametrize(("pair", "expected"), [*AND.items()])
def test_conjunction(pair: str, expected: str) -> None:
    assert truth_of(f"{TRUTH[pair[0]]} && {TRUTH[pair[1]]}") == expected


@pytest.mark.parametrize(("pair", "expected"), [*OR.items()])
def test_disjunction(pair: str, expected: str) -> None:
    assert truth_of(f"{TRUTH[pair[0]]} || {TRUTH[pair[1]]}") == expected


@pytest.mark.parametrize(("one", "expected"), [("T", "F"), ("F", "T"), ("E", "E")])
def test_negation(one: str, expected: str) -> None:
    assert truth_of(f"!({TRUTH[one]})") == expected


@pytest.mark.parametrize("letters", [*product("TFE", repeat=3)], ids="".join)
def test_three_operands_fold_like_two(letters: tuple[str, ...]) -> None:
    texts = [TRUTH[letter] for letter in letters]
    for sign, table in (("&&", AND), ("||", OR)):
        folded = table[table[letters[0] + letters[1]] + letters[2]]
        assert truth_of(f" {sign} ".join(texts)) == folded
        assert truth_of(f"({texts[0]} {sign} {texts[1]}) {sign} {texts[2]}") == folded
        assert truth_of(f"{texts[0]} {sign} ({texts[1]} {sign} {texts[2]})") == folded


FIRST_ERRORS = [
    "claims.tenant == 'x' && user.department == 'y'",
    "claims.tenant == 'x' || user.department == 'y'",
    "true && claims.tenant == 'x' && user.department == 'y' && true",
    "false || claims.tenant == 'x' || user.department == 'y' || false",
    "(claims.tenant == 'x' && true) && user.department == 'y'",
    "!(claims.tenant == 'x') && user.department == 'y'",
]


@pytest.mark.parametrize("text", FIRST_ERRORS)
def test_the_first_error_in_source_order_is_reported(text: str) -> None:
    closure = compile_condition(checked_condition(text))
    with pytest.raises(EvaluationError) as raised:
        closure(values(user=a_user()))
    assert raised.value.message == "`claims.tenant` is absent"
    assert raised.value.span.column == text.index("claims.tenant") + 2


def test_an_error_points_into_the_named_condition_that_read_the_value() -> None:
    scope = a_scope(a_library(conditions={"std.tenant": "claims.tenant == 'x'"}))
    closure = compile_condition(checked_condition("std.tenant", scope))
    with pytest.raises(EvaluationError) as raised:
        closure(values())
    assert str(raised.value.span) == "policies/lib/standard.yaml:30:2"
    assert raised.value.reason is Reason.ATTRIBUTE_MISSING


def test_nothing_after_the_deciding_operand_is_read() -> None:
    closure = compile_condition(checked_condition("claims.admin && 'finance' in user.groups"))
    assert (
        closure(values(claims=a_token({"admin": False}), user=a_user(groups=NOT_FETCHED))) is False
    )


def test_a_named_condition_means_its_body() -> None:
    scope = a_scope(a_library(conditions={"adult": "claims.age >= 18"}))
    closure = compile_condition(checked_condition("adult && !adult || adult", scope))
    assert closure(values(claims=a_token({"age": 18}))) is True
    assert closure(values(claims=a_token({"age": 17}))) is False


def test_an_expression_that_is_no_condition_is_not_compiled_as_one() -> None:
    with pytest.raises(TypeError, match="int"):
        compile_condition(checked_value("1 + 2"))


def test_permissions_come_from_the_claim_where_the_provider_says_so() -> None:
    closure = compile_expression(checked_value("user.permissions"))
    token = a_token(permissions=frozenset({"a:b"}))
    assert closure(values(claims=token, user=a_user(roles=NOT_FETCHED))) == {"a:b"}
    none = a_token(permissions=frozenset())
    assert closure(values(claims=none, user=a_user(), role_permissions=ROLES)) == frozenset()


def test_permissions_are_the_union_over_the_roles() -> None:
    closure = compile_expression(checked_value("user.permissions"))
    granted = {"a": frozenset({"x:1"}), "b": frozenset({"x:2"}), "c": frozenset({"x:3"})}
    user = a_user(roles=frozenset({"a", "b", "nobody"}))
    assert closure(values(user=user, role_permissions=granted)) == {"x:1", "x:2"}


def test_values_of_one_decision_do_not_leak_into_the_next() -> None:
    closure = compile_condition(checked_condition("request.ip.inCidr('10.0.0.0/8')"))
    assert closure(values(ip="10.0.0.1")) is True
    assert closure(values(ip="11.0.0.1")) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [("a" * 70_000, "the text is too long for `matches`"), ("a\ud800", "the text is not Unicode")],
)
def test_a_text_that_no_pattern_is_tried_on_is_an_error(text: str, message: str) -> None:
    condition = compile_condition(checked_condition("!claims.sub.matches('^[a-z]+$')"))
    with pytest.raises(EvaluationError) as raised:
        condition(values(claims=a_token({"sub": text})))
    assert (raised.value.message, raised.value.reason) == (message, Reason.INDETERMINATE)


def test_a_list_of_more_members_than_are_asked_is_an_error() -> None:
    condition = compile_condition(checked_condition("claims.amr.exists(m, m == 'a')"))
    assert condition(values(claims=a_token({"amr": [*["b"] * 9_999, "a"]})))
    with pytest.raises(EvaluationError) as raised:
        condition(values(claims=a_token({"amr": ["a"] * 10_001})))
    assert raised.value.message == "the list has more than 10000 members"


def test_what_is_asked_of_a_sets_members_goes_through_them_in_order() -> None:
    # Whichever way the set lies in memory, `'a'` decides before `user.roles` is asked for.
    condition = compile_condition(
        checked_condition("user.groups.exists(g, g == 'a' || 'x' in user.roles)")
    )
    groups = frozenset("abcdefgh")
    assert condition(values(user=a_user(groups=groups, roles=NOT_FETCHED)))
    with pytest.raises(NeedsValues):
        condition(values(user=a_user(groups=groups - {"a"}, roles=NOT_FETCHED)))


def test_a_named_condition_does_not_see_the_member() -> None:
    lexical = a_library({}, {"is_m": "claims.sub == 'm'"})
    found = checked_condition("claims.amr.exists(m, m == 'x' && is_m)", a_scope(lexical))
    assert compile_condition(found)(values(claims=a_token({"sub": "m", "amr": ["x"]})))
    findings = findings_of(
        "claims.amr.exists(m, names_m)", a_scope(a_library({}, {"names_m": "m == 'x'"}))
    )
    assert [item.message for item in findings.items] == ["unknown name `m`"]
