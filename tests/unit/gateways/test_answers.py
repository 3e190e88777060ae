"""One table says how every reason is told."""

import json

import pytest

from deemster.errors import (
    CallTooLargeError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.answers import (
    REFUSALS,
    answer_headers,
    challenge_of,
    error_answer,
    error_status,
    missing_of,
    phrase,
    refusal_of,
)
from deemster.model.decision import Challenge, DeniedReason, Reason, Requirement, ServiceFacts
from tests.support.doubles import a_deny, a_permit

UNAVAILABLE = {
    Reason.DEPENDENCY_UNAVAILABLE,
    Reason.DEADLINE_EXCEEDED,
    Reason.POLICY_TOO_OLD,
    Reason.OVERLOADED,
    Reason.INTERNAL_ERROR,
}
UNAUTHENTICATED = {
    reason for reason in Reason if reason.name.startswith(("TOKEN_", "PROOF_", "AUTHENTICATION_"))
} | {Reason.CLAIMS_MISSING, Reason.BINDING_FAILED, Reason.BEARER_NOT_ACCEPTED}
BAD = {Reason.CREDENTIAL_AMBIGUOUS, Reason.RESERVED_HEADER, Reason.AMBIGUOUS_PATH}


def service(**members: object) -> ServiceFacts:
    said: dict[str, object] = {
        "id": "invoices",
        "base_url": "https://api.example.com/billing",
        "unmatched_status": 403,
        "disclose": "challenge",
        **members,
    }
    return ServiceFacts(**said)  # type: ignore[arg-type]  # members by name


def expected_status(reason: Reason) -> int:
    if reason in UNAVAILABLE or "permitted" in reason.value:
        return 503
    if reason in UNAUTHENTICATED:
        return 401
    if reason in BAD:
        return 400
    return 404 if reason is Reason.NO_API_SERVICE else 403


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_refusal_with_its_status(reason: Reason) -> None:
    refusal = REFUSALS[reason]
    assert refusal.status == expected_status(reason)
    assert refusal.unavailable is (refusal.status == 503)
    assert refusal.message
    assert phrase(refusal.status)


def test_the_table_has_no_other_reason() -> None:
    assert set(REFUSALS) == set(Reason)


@pytest.mark.parametrize("reason", [reason for reason in Reason if "permitted" not in reason])
def test_the_code_is_the_reason(reason: Reason) -> None:
    assert refusal_of(a_deny(reason=reason)).code == reason.value


def test_a_deny_that_says_permitted_is_told_as_a_fault_of_ours() -> None:
    refusal = refusal_of(a_deny(reason=Reason.PERMITTED))
    assert (refusal.code, refusal.status) == ("internal-error", 503)


@pytest.mark.parametrize(("unmatched", "status"), [(403, 403), (404, 404), (200, 403)])
def test_no_operation_has_the_services_unmatched_status(unmatched: int, status: int) -> None:
    decision = a_deny(reason=Reason.NO_OPERATION, service=service(unmatched_status=unmatched))
    assert refusal_of(decision).status == status


@pytest.mark.parametrize(
    ("reason", "status", "told"),
    [
        (Reason.POLICY_DENIED, None, 403),
        (Reason.POLICY_DENIED, 401, 401),
        (Reason.POLICY_DENIED, 403, 403),
        (Reason.POLICY_DENIED, 404, 404),
        (Reason.POLICY_DENIED, 200, 403),
        (Reason.SCOPE_MISSING, 404, 403),
        (Reason.TOKEN_EXPIRED, 404, 401),
        (Reason.DEPENDENCY_UNAVAILABLE, 404, 503),
    ],
)
def test_the_authors_status_replaces_the_403_of_his_own_policy_only(
    reason: Reason, status: int | None, told: int
) -> None:
    author = DeniedReason("export.tier", "Export needs the gold tier.", status=status)
    refusal = refusal_of(a_deny(reason=reason, denied_reason=author, service=service()))
    assert refusal.status == told
    assert (refusal.code, refusal.message) == (author.code, author.message)


def test_a_service_that_discloses_nothing_tells_the_reason_alone() -> None:
    decision = a_deny(
        reason=Reason.POLICY_DENIED,
        denied_reason=DeniedReason("export.tier", "Export needs the gold tier.", status=404),
        challenge=Challenge(realm="r"),
        missing=(Requirement("scopes", any_of=("a",)),),
        service=service(disclose="none"),
    )
    refusal = refusal_of(decision)
    assert (refusal.code, refusal.status) == ("policy-denied", 404)
    assert refusal.message == REFUSALS[Reason.POLICY_DENIED].message
    assert challenge_of(decision) is None
    assert missing_of(decision) is None


def test_what_would_have_sufficed_is_told_only_where_the_service_discloses_it() -> None:
    missing = (
        Requirement("scopes", any_of=("a", "b"), all_of=("c",)),
        Requirement("maxAge", seconds=300),
    )
    assert missing_of(a_deny(missing=missing)) is None
    assert missing_of(a_deny(missing=missing, service=service())) is None
    assert missing_of(a_deny(missing=(), service=service(disclose="missing"))) is None
    told = missing_of(a_deny(missing=missing, service=service(disclose="missing")))
    assert told == [
        {"kind": "scopes", "any": ("a", "b"), "all": ("c",)},
        {"kind": "maxAge", "seconds": 300},
    ]


@pytest.mark.parametrize("scope", ["a\r\nx-evil: 1", "a\x00", "naïve", "a\tb"])
def test_a_challenge_that_cannot_stand_in_a_header_is_left_out(scope: str) -> None:
    decision = a_deny(challenge=Challenge(realm="r", scope=scope))
    assert challenge_of(decision) is None


@pytest.mark.parametrize("value", ["", "a\r\nb", "é"])
def test_our_own_headers_carry_visible_ascii_or_nothing(value: str) -> None:
    headers = answer_headers(a_permit(decision_id=value, revision=value))
    assert headers == ((b"content-type", b"application/json"),)


def test_the_gateway_is_told_which_decision_and_which_policy() -> None:
    headers = dict(answer_headers(a_permit()))
    assert headers[b"x-decision-id"] == b"d-1"
    assert headers[b"x-policy-revision"] == b"r-1"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MalformedCallError("m"), 400),
        (CallTooLargeError("m"), 413),
        (GatewayUnauthenticatedError("m"), 401),
        (ProtocolError("m"), 400),
    ],
)
def test_errors_of_a_gateway_have_their_status(error: ProtocolError, status: int) -> None:
    assert error_status(error) == status


def test_an_error_is_a_json_object_with_code_message_and_id() -> None:
    answer = error_answer(400, "malformed", 'a "message"', "e-1", (b"allow", b"POST"))
    assert json.loads(answer.body) == {"code": "malformed", "message": 'a "message"', "id": "e-1"}
    assert answer.headers == ((b"content-type", b"application/json"), (b"allow", b"POST"))
