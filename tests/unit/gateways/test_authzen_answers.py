"""Answers of AuthZEN: what stands beside `decision`, and what an API service does not disclose."""

import json

import pytest
from msgspec.structs import replace

from deemster.gateways.authzen_answers import batch_body, decision_body, refused_item_body
from deemster.model.decision import (
    Challenge,
    Decision,
    DeniedReason,
    Reason,
    Requirement,
    ServiceFacts,
    Statement,
)
from tests.support.doubles import a_deny, a_permit

STEP_UP = Challenge(
    realm="https://api.example.com/",
    error="insufficient_user_authentication",
    acr_values="mfa",
    max_age=300,
)
ADVICE = Statement(id="s", code="advice", payload={"a": [1]})
WORDS = Statement(id="w", code="denied-reason", payload={"code": "closed"}, obligatory=True)


def disclosing(word: str) -> ServiceFacts:
    return ServiceFacts("records", "", 403, word)


def told(decision: Decision) -> object:
    return json.loads(decision_body(decision))


def test_a_permit_tells_its_id_and_its_reason() -> None:
    assert told(a_permit()) == {
        "decision": True,
        "context": {"decision_id": "d-1", "reason": "permitted"},
    }


def test_a_deny_tells_why_and_what_to_tell_the_end_user() -> None:
    assert told(a_deny(reason=Reason.GROUP_MISSING)) == {
        "decision": False,
        "context": {
            "decision_id": "d-1",
            "reason": "group-missing",
            "status": 403,
            "message": "this call is not allowed",
        },
    }


def test_a_step_up_tells_what_would_suffice() -> None:
    decision = a_deny(reason=Reason.AUTHENTICATION_TOO_OLD, challenge=STEP_UP)
    assert told(decision) == {
        "decision": False,
        "context": {
            "decision_id": "d-1",
            "reason": "authentication-too-old",
            "status": 401,
            "message": "a more recent authentication is required",
            "acr_values": "mfa",
            "max_age": 300,
        },
    }


def test_a_missing_scope_is_named() -> None:
    challenge = Challenge(realm="r", error="insufficient_scope", scope="read pay")
    context = told(a_deny(reason=Reason.SCOPE_MISSING, challenge=challenge))["context"]  # type: ignore[index]
    assert context["scope"] == "read pay"


def test_the_authors_words_stand_beside_the_reason_of_the_closed_list() -> None:
    decision = a_deny(denied_reason=DeniedReason("closed", "We are closed", status=404))
    assert told(decision) == {
        "decision": False,
        "context": {
            "decision_id": "d-1",
            "reason": "policy-denied",
            "status": 404,
            "message": "We are closed",
            "code": "closed",
        },
    }


def test_a_service_that_discloses_nothing_tells_no_hints_and_no_words() -> None:
    decision = a_deny(
        reason=Reason.AUTHENTICATION_TOO_WEAK,
        service=disclosing("none"),
        challenge=STEP_UP,
        denied_reason=DeniedReason("closed", "We are closed"),
        missing=(Requirement("acr", any_of=("mfa",)),),
        statements=(WORDS,),
    )
    context = told(decision)["context"]  # type: ignore[index]
    assert set(context) == {"decision_id", "reason", "status", "message"}
    assert "mfa" not in str(context)
    assert "closed" not in str(context)


def test_a_service_that_discloses_it_tells_what_would_have_sufficed() -> None:
    missing = (Requirement("groups", any_of=("admins",)),)
    decision = a_deny(service=disclosing("missing"), missing=missing)
    context = told(decision)["context"]  # type: ignore[index]
    assert context["missing"] == [{"kind": "groups", "any": ["admins"]}]
    quiet = told(a_deny(service=disclosing("challenge"), missing=missing))
    assert "missing" not in quiet["context"]  # type: ignore[index]


@pytest.mark.parametrize("decision", [a_permit, a_deny])
def test_statements_are_told_as_data_but_for_those_that_word_the_answer(
    decision: type[Decision],
) -> None:
    context = told(decision(statements=(WORDS, ADVICE)))["context"]  # type: ignore[index,call-arg]
    assert context["statements"] == [{"id": "s", "code": "advice", "payload": {"a": [1]}}]
    without = told(decision(statements=(WORDS,)))["context"]  # type: ignore[index,call-arg]
    assert "statements" not in without


@pytest.mark.parametrize("reason", Reason)
def test_a_deny_of_any_reason_never_says_that_it_was_permitted(reason: Reason) -> None:
    answer = decision_body(a_deny(reason=reason))
    assert json.loads(answer)["decision"] is False
    assert b"permitted" not in answer


def test_anything_that_is_not_a_permit_itself_is_a_deny() -> None:
    odd = replace(a_permit(), effect="permit")  #
    assert json.loads(decision_body(odd))["decision"] is False


def test_several_answers_stand_in_their_order() -> None:
    body = batch_body([decision_body(a_permit()), refused_item_body("`action` is missing", "e-1")])
    assert json.loads(body) == {
        "evaluations": [
            {"decision": True, "context": {"decision_id": "d-1", "reason": "permitted"}},
            {
                "decision": False,
                "context": {
                    "error": {"status": 400, "message": "`action` is missing", "id": "e-1"}
                },
            },
        ]
    }
