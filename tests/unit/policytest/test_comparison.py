"""Every member of `expect` can fail, and an absent one is not looked at."""

from dataclasses import replace

import pytest

from deemster.model.decision import (
    Challenge,
    Decision,
    DeniedReason,
    Effect,
    NodeRef,
    Reason,
)
from deemster.model.source import SourceSpan
from deemster.policytest.cases import Expectation
from deemster.policytest.comparison import Mismatch, mismatches

DENIED = Decision(
    effect=Effect.DENY,
    reason=Reason.AUTHENTICATION_TOO_OLD,
    decision_id="1",
    revision="r",
    operation="pay",
    deciding=NodeRef("invoices/pay/allow/authentication", SourceSpan("a.yaml", 3, 1, 3, 9)),
    denied_reason=DeniedReason("pay.no", "Not now."),
    challenge=Challenge(realm="https://api/", max_age=300),
)

EXACT = Expectation(
    decision=Effect.DENY,
    reason=Reason.AUTHENTICATION_TOO_OLD,
    operation="pay",
    rule="invoices/pay/allow/authentication",
    status=401,
    denied_reason={"code": "pay.no", "message": "Not now."},
    challenge={"realm": "https://api/", "max_age": 300},
)


def test_decision_that_is_as_expected_has_no_mismatch() -> None:
    assert mismatches(EXACT, DENIED, 401) == ()


def test_members_that_are_not_expected_are_not_looked_at() -> None:
    assert mismatches(Expectation(decision=Effect.DENY), DENIED, 401) == ()


@pytest.mark.parametrize(
    ("expectation", "mismatch"),
    [
        (replace(EXACT, decision=Effect.PERMIT), Mismatch("decision", "permit", "deny")),
        (
            replace(EXACT, reason=Reason.SCOPE_MISSING),
            Mismatch("reason", "scope-missing", "authentication-too-old"),
        ),
        (replace(EXACT, operation="void"), Mismatch("operation", "void", "pay")),
        (
            replace(EXACT, rule="invoices/pay/allow"),
            Mismatch("rule", "invoices/pay/allow", "invoices/pay/allow/authentication"),
        ),
        (replace(EXACT, status=403), Mismatch("status", "403", "401")),
        (
            replace(EXACT, denied_reason={"code": "pay"}),
            Mismatch("deniedReason.code", "pay", "pay.no"),
        ),
        (
            replace(EXACT, challenge={"max_age": 60}),
            Mismatch("challenge.max_age", "60", "300"),
        ),
        (
            replace(EXACT, challenge={"max_age": "300"}),
            Mismatch("challenge.max_age", "300", "300"),
        ),
        (
            replace(EXACT, challenge={"scope": "a"}),
            Mismatch("challenge.scope", "a", "none"),
        ),
    ],
)
def test_member_that_is_not_so_is_one_mismatch(
    expectation: Expectation, mismatch: Mismatch
) -> None:
    assert mismatches(expectation, DENIED, 401) == (mismatch,)


def test_what_is_not_there_is_none() -> None:
    permitted = Decision(
        effect=Effect.PERMIT, reason=Reason.PERMITTED, decision_id="1", revision="r"
    )
    found = [wrong.got for wrong in mismatches(EXACT, permitted, None)]
    assert found == ["permit", "permitted", "none", "none", "none", *["none"] * 4]
