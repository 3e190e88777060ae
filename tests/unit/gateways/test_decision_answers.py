"""Four judgements made of two values: the table in docs/gateways/decision-endpoints.md, held."""

import re
from pathlib import Path

import pytest

from deemster.gateways.decision_answers import JUDGEMENTS, decision_response, judgement_of
from deemster.gateways.decision_members import DecisionResponse
from deemster.model.decision import Decision, Effect, Reason, ServiceFacts, Statement
from tests.support.doubles import a_deny, a_permit

PAGE = Path(__file__).parents[3] / "docs" / "gateways" / "decision-endpoints.md"


def on_the_page() -> dict[str, set[str]]:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    return {name: set(re.findall(r"`([a-z-]+)`", words)) for name, words in rows}


def test_the_page_has_the_table_that_is_kept() -> None:
    told = on_the_page()
    assert told.pop("PERMIT") == {"permitted", "permitted-preflight"}
    assert told.pop("DENY") == set()  # every other
    for name, words in told.items():
        kept = {reason.value for reason, judgement in JUDGEMENTS.items() if judgement == name}
        # A deny that says it was permitted is a fault of ours, and not on the page.
        assert kept - {"permitted", "permitted-preflight"} == words
    assert set(told) == {"NOT_APPLICABLE", "INDETERMINATE"}


@pytest.mark.parametrize("reason", Reason)
def test_only_a_permit_is_told_as_one_whatever_its_reason(reason: Reason) -> None:
    assert judgement_of(a_deny(reason=reason)) != "PERMIT"
    assert judgement_of(a_permit(reason=reason)) == "PERMIT"


def told(decision: Decision) -> DecisionResponse:
    return decision_response(decision, correlation_id="c", elapsed_us=7)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.POLICY_DENIED, "OKAY"),
        (Reason.NO_RULE, "OKAY"),
        (Reason.TOKEN_EXPIRED, "OKAY"),
        (Reason.ATTRIBUTE_MISSING, "MISSING_ATTRIBUTE"),
        (Reason.BODY_UNAVAILABLE, "MISSING_ATTRIBUTE"),
        (Reason.DEADLINE_EXCEEDED, "TIMEOUT"),
        (Reason.DEPENDENCY_UNAVAILABLE, "PROCESSING_ERROR"),
        (Reason.INTERNAL_ERROR, "PROCESSING_ERROR"),
    ],
)
def test_the_status_says_whether_judging_went_well(reason: Reason, code: str) -> None:
    status = told(a_deny(reason=reason)).status
    assert (status.code, status.messages) == (code, (reason.value,))
    assert status.errors == (() if code == "OKAY" else (reason.value,))


CODES = ["denied-reason", "x-mark", "auth-challenge"]
STATEMENT = Statement(id="s", code="x-mark", payload={"a": [1, "ü"]}, obligatory=True)


def test_statements_go_with_permit_and_deny() -> None:
    for decision in (a_permit(statements=(STATEMENT,)), a_deny(statements=(STATEMENT,))):
        (one,) = told(decision).statements
        assert (one.id, one.name, one.code) == ("s", "s", "x-mark")
        assert one.payload == '{"a":[1,"ü"]}'
        assert (one.obligatory, one.fulfilled, one.attributes) == (True, False, {})


@pytest.mark.parametrize("reason", [Reason.NO_RULE, Reason.INDETERMINATE])
def test_statements_do_not_go_with_what_is_neither(reason: Reason) -> None:
    assert told(a_deny(reason=reason, statements=(STATEMENT,))).statements == ()


@pytest.mark.parametrize(("disclose", "expected"), [("none", ["x-mark"]), ("challenge", CODES)])
def test_where_nothing_is_disclosed_the_authors_words_are_not_handed_on(
    disclose: str, expected: list[str]
) -> None:
    statements = tuple([Statement(id=code, code=code, payload={"m": "no"}) for code in CODES])
    service = ServiceFacts("shop", "https://api.example.com", 403, disclose)
    deny = a_deny(statements=statements, service=service)
    assert [one.code for one in told(deny).statements] == expected
    permit = a_permit(statements=statements, service=service)
    assert [one.code for one in told(permit).statements] == CODES


def test_a_decision_that_no_policy_made_names_no_version() -> None:
    decision = Decision(Effect.DENY, Reason.OVERLOADED, "d", "")
    assert not told(decision).authorization_version
