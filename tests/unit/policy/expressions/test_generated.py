"""The one function of a condition's usual case: what it is made of, and when it stands aside."""

from __future__ import annotations

import re
from random import Random
from typing import NoReturn

import pytest

from deemster.errors import EvaluationError
from deemster.model.decision import Reason
from deemster.model.identity import NOT_FETCHED
from deemster.policy.expressions import closures, generated
from deemster.policy.expressions.closures import compile_condition, compile_expression
from deemster.policy.expressions.generated import generated as make
from deemster.policy.expressions.source import MAX_LEVEL, MAX_TERMS
from deemster.policy.values import NeedsValues, Values
from tests.cel.drawing import CelDrawer
from tests.cel.notation import our_text
from tests.cel.situations import SCOPE
from tests.support.conditions import (
    a_library,
    a_scope,
    a_token,
    a_user,
    checked_condition,
    findings_of,
    values,
)

NINE = (
    "claims.tenant == 'acme' && claims.acr != 'pwd' && claims.age >= 18"
    " && 'invoices.read' in claims.scope && request.ip.inCidr('10.0.0.0/8')"
    " && time.local('Europe/Berlin').minute_of_day >= 480"
    " && request.path.startsWith('/billing/') && has(claims.sub) && !claims.admin"
)
USUAL = {"sub": "alice", "tenant": "acme", "acr": "mfa", "age": 42, "admin": False}


class StoodAsideError(Exception):
    """The closures were asked."""


def stand_aside(at: Values) -> NoReturn:
    raise StoodAsideError


def usual_case(text: str) -> closures.Test:
    """The function of a text's usual case, and nothing else."""
    checked = checked_condition(text)
    compiler = closures._Compiler()
    return make(checked.term, stand_aside, compiler.closure)


# Written out with nothing called: each of these costs no closure.
WRITTEN_OUT = [
    NINE,
    "claims.plan == 'free' && claims.tier != 'silver' && claims.tier in ['gold']",
    "claims.count + 1 > 1 && -claims.count < 0 && claims.count - claims.age == 1",
    "claims.born < request.time && has(claims.born)",
    "user.level >= 3 && user.country == 'de' && user.seat == 'none' && has(user.level)",
    "has(user) && 'finance' in user.groups && 'accountant' in user.roles && user.id == 'alice'",
    "claims.sub.lower().contains('li') && size(claims.sub) == 5 && claims.sub in [claims.sub, 'x']",
    "request.ip.inAny(['10.0.0.0/8', '192.0.2.0/24']) && !request.ip.inCidr('2001:db8::/32')",
    "(claims.admin ? 'x' : 'alice') == claims.sub && params.id == '12' && request.method == 'POST'",
    "'acme' in request.headers['x-tenant'] && request.host.endsWith('.com')",
    "!has(claims.tier) || claims.tier == 'gold'",
]


@pytest.mark.parametrize("text", WRITTEN_OUT)
def test_the_usual_case_asks_no_closure(text: str) -> None:
    at = values(
        claims=a_token({**USUAL, "tier": "gold", "count": 43, "born": 0}),
        user=a_user(),
        headers=(("x-tenant", "acme"),),
    )
    assert usual_case(text)(at) is True


UNUSUAL = [
    ("claims.tenant == 'acme'", {"tenant": None}),
    ("claims.tenant == 'acme'", {}),
    ("claims.tenant == 'acme'", {"tenant": 5}),
    ("claims.tier == 'gold'", {"tier": "tin"}),
    ("claims.age >= 18", {"age": True}),
    ("claims.age >= 18", {"age": 151}),
    ("claims.count >= 18", {"count": 2**63}),
    ("claims.count + 1 > 0", {"count": 2**63 - 1}),
    ("claims.admin", {"admin": 1}),
    ("claims.born < request.time", {"born": 1.5}),
    ("has(claims.tenant)", {"tenant": 5}),
    ("user.level >= 3", {}),
    ("has(user.level)", {}),
    ("'finance' in user.groups", {}),
]


@pytest.mark.parametrize(("text", "claims"), UNUSUAL)
def test_whatever_is_unusual_is_left_to_the_closures(text: str, claims: dict[str, object]) -> None:
    with pytest.raises(StoodAsideError):
        usual_case(text)(values(claims=a_token(claims)))


def test_a_call_without_a_token_is_left_to_the_closures() -> None:
    with pytest.raises(StoodAsideError):
        usual_case("claims.tenant == 'acme'")(values(is_public=True))


def test_a_client_address_that_is_none_is_left_to_the_closures() -> None:
    for ip in (None, "unknown"):
        with pytest.raises(StoodAsideError):
            usual_case("request.ip.inCidr('10.0.0.0/8')")(values(ip=ip))


def test_what_was_not_fetched_is_asked_for_by_the_closures() -> None:
    at = values(user=a_user(groups=NOT_FETCHED))
    condition = compile_condition(checked_condition("'finance' in user.groups"))
    with pytest.raises(NeedsValues):
        condition(at)


# --- what it is made of -------------------------------------------------------------------------

TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|:=|[=!<>]=|[^\s]")
ALLOWED = {
    *("def", "condition", "try", "return", "except", "if", "else", "is", "not", "None"),
    *("and", "or", "in", "len", "type", "str", "int", "bool", "dict", "frozenset", "x", "y"),
    *("values", "token", "claims", "user", "full", "anything_else", "unusual", "address"),
    *("ascii_lower", "bisect_right", "get", "scopes", "groups", "roles", "attributes", "id"),
    *("call", "method", "url", "scheme", "host", "path", "relative_path", "now", "headers"),
    *("get_all", "params", "seen", "at", "startswith", "endswith"),
    *("0", "1", "2", ":=", "==", "!=", "<=", ">=", "-", "+", "<", ">", ":", ".", ",", "="),
    *("(", ")", "[", "]"),
}


def test_nothing_that_an_author_wrote_is_in_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []
    compile_source = generated._code

    def recorded(source: str) -> object:
        sources.append(source)
        return compile_source(source)

    monkeypatch.setattr(generated, "_code", recorded)
    rng = Random(0)
    for number in range(300):
        found = findings_of(our_text(CelDrawer(rng).truth(3), number), SCOPE)
        assert found.checked is not None
        compile_condition(found.checked)
    hostile = "claims['\\'] + __import__'] == \"'); import os; ('\" || claims.sub == '\\n  x'"
    lexical = a_library({"EVIL": "') or unusual() or ('"}, {"x": "claims.sub == EVIL"})
    for text in ("claims.sub == EVIL || x", hostile.replace("['\\'] + __import__']", ".tenant")):
        compile_condition(checked_condition(text, a_scope(lexical)))
    assert len(sources) > 300
    for source in sources:
        named = {token for token in TOKEN.findall(source) if not re.fullmatch("a[0-9]+", token)}
        assert named <= ALLOWED


def test_source_that_is_compiled_reaches_no_other_names() -> None:
    condition = compile_condition(checked_condition(NINE))
    assert "__import__" not in condition.__globals__["__builtins__"]
    assert condition.__code__.co_names


def test_conditions_of_one_shape_share_their_code() -> None:
    first = compile_condition(checked_condition("claims.sub == 'a' && claims.age > 3"))
    second = compile_condition(checked_condition("claims.iss == 'b' && claims.age > 7"))
    assert first.__code__ is second.__code__
    assert first(values(claims=a_token({"sub": "a", "age": 4})))
    assert not second(values(claims=a_token({"sub": "a", "iss": "b", "age": 4})))


# --- bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [MAX_LEVEL - 2, MAX_LEVEL, 28])
def test_what_lies_deep_is_called(levels: int) -> None:
    text = "(claims.admin || !" * (levels // 2) + "(claims.sub == 'alice')" + ")" * (levels // 2)
    checked = checked_condition(text)
    at = values(claims=a_token({"sub": "alice", "admin": False}))
    watched = compile_condition(checked, watch=lambda _, test: test)
    assert compile_condition(checked)(at) is watched(at)


def test_what_is_long_is_called() -> None:
    conditions = {f"c{n}": " || ".join(["claims.sub == 'x'"] * 80) for n in range(8)}
    text = " || ".join([*conditions, *["claims.sub == 'y'"] * 60, "claims.sub == 'alice'"])
    checked = checked_condition(text, a_scope(a_library({}, conditions)))
    assert checked.weight > MAX_TERMS
    assert compile_condition(checked)(values()) is True
    assert compile_condition(checked)(values(claims=a_token({"sub": "b"}))) is False


def test_an_error_keeps_its_place_and_its_reason() -> None:
    text = "claims.sub == 'alice' && claims.tenant == 'acme' && claims.age > 3"
    with pytest.raises(EvaluationError) as raised:
        compile_condition(checked_condition(text))(values())
    error = raised.value
    assert (error.message, error.reason) == ("`claims.tenant` is absent", Reason.ATTRIBUTE_MISSING)
    assert error.span.column == text.index("claims.tenant") + 2


def test_values_of_other_types_have_closures_alone() -> None:
    checked = findings_of("claims.age + 1", is_value=True).checked
    assert checked is not None
    assert compile_expression(checked)(values(claims=a_token({"age": 1}))) == 2
