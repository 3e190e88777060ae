"""Decision record, version 1."""

import json

import msgspec
import pytest
from msgspec.structs import replace

from deemster.decisionlog.record import RecordBuilder, RecordTime, outcome_of
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.decision import Effect, Reason
from deemster.model.http import ApiCall, Headers
from tests.support.clock import FROZEN_AT
from tests.unit.decisionlog.records import CALLER, CLAIMS, a_call, a_decision

BUILDER = RecordBuilder("local", lambda: FROZEN_AT + 0.125)


def encoded(**parts: object) -> dict[str, object]:
    call, decision = parts.get("call", a_call()), parts.get("decision", a_decision())
    caller = parts.get("caller", CALLER)
    record = BUILDER.build("sideband", caller, call, decision, "deny", 17)  # type: ignore[arg-type]
    found = json.loads(msgspec.json.encode(record))
    assert isinstance(found, dict)
    return found


def test_a_record_has_exactly_the_fields_of_version_1() -> None:
    assert encoded() == {
        "v": 1,
        "decision_id": "d-1",
        "gateway_request_id": "req-1",
        "time": "2026-11-22T12:00:00.125Z",
        "environment": "local",
        "revision": "r-1",
        "protocol": "sideband",
        "gateway": "kong",
        "secret_id": "k1",
        "api_service": "invoices",
        "operation": "read-invoice",
        "method": "GET",
        "url": "https://api.example.com/billing/invoices/12?token=[redacted]",
        "resource": None,
        "client_ip": "192.0.2.7",
        "subject": "alice",
        "client_id": "app",
        "provider": "bizpro",
        "effect": "deny",
        "outcome": "deny",
        "reason": "scope-missing",
        "reasons": ["scope-missing", "group-missing"],
        "deciding": {
            "id_path": "invoices/read-invoice/allow",
            "place": "policies/invoices.yaml:21",
        },
        "missing": [
            {"kind": "scopes", "any": ["invoices.read"]},
            {"kind": "maxAge", "seconds": 300},
        ],
        "statements": [
            {"id": "s", "code": "mask", "obligatory": False, "fulfilled": True},
            {"id": "t", "code": "tag", "obligatory": True, "fulfilled": False},
        ],
        "reads": ["claims.level", "user.groups"],
        "elapsed_us": 17,
        "token": {
            "claims": "verified",
            "kid": "k-2026",
            "jti_digest": "e7c9583f202a49ecd684b04f6435a3cf",
        },
        "masked": ["url.query"],
    }


def test_what_is_unknown_is_null() -> None:
    found = encoded(
        caller=None,
        call=a_call(client_ip=None, gateway_request_id=None),
        decision=a_decision(
            service=None,
            operation=None,
            deciding=None,
            missing=(),
            statements=(),
            left_out=(),
            subject=None,
            client_id=None,
            provider=None,
            token=None,
            reads=(),
        ),
    )
    nulls = {name for name, value in found.items() if value is None}
    assert nulls == {
        "gateway_request_id",
        "gateway",
        "secret_id",
        "api_service",
        "operation",
        "resource",
        "client_ip",
        "subject",
        "client_id",
        "provider",
        "deciding",
    }
    assert found["token"] == {"claims": "none", "kid": None, "jti_digest": None}


def test_no_token_cookie_body_claim_or_payload_is_recorded() -> None:
    assert "CANARY" not in json.dumps(encoded())
    assert "alice@example.com" not in json.dumps(encoded())


def a_question(resource: Resource) -> ApiCall:
    canary = {"token": "CANARY-PROPERTY"}
    request = AccessRequest(
        subject=Subject("user", "alice", canary),
        action=Action("read", canary),
        resource=resource,
        context=canary,
    )
    return ApiCall("read", "", Headers(()), question=request)


def test_a_question_is_recorded_by_its_action_and_its_resource_without_properties() -> None:
    found = encoded(call=a_question(Resource("record", "record-1", {"x": "CANARY-PROPERTY"})))
    assert (found["method"], found["url"]) == ("read", "")
    assert found["resource"] == {"type": "record", "id": "record-1"}
    assert found["masked"] == []
    assert "CANARY" not in json.dumps(found)


def test_a_url_that_a_question_is_about_is_masked_like_that_of_a_call() -> None:
    url = "https://joe:CANARY@api.example.com/a?token=CANARY&CANARY#CANARY"
    found = encoded(call=a_question(Resource("uri", url)))
    assert found["resource"] == {
        "type": "uri",
        "id": "https://[redacted]@api.example.com/a?token=[redacted]&[redacted]#[redacted]",
    }
    assert found["masked"] == ["resource.id.fragment", "resource.id.query", "resource.id.userinfo"]


def test_a_long_type_and_id_are_cut() -> None:
    found = encoded(call=a_question(Resource("t" * 10_000, "i" * 10_000)))["resource"]
    assert found == {"type": "t" * 256 + "…", "id": "i" * 4096}


def test_asserted_claims_are_told_from_verified_ones() -> None:
    token = encoded(decision=a_decision(token=replace(CLAIMS, asserted=True)))["token"]
    assert isinstance(token, dict)
    assert token["claims"] == "asserted"


@pytest.mark.parametrize("jti", [None, 7, ["x"], {}], ids=repr)
def test_a_jti_that_is_no_text_has_no_digest(jti: object) -> None:
    token = encoded(decision=a_decision(token=replace(CLAIMS, claims={"jti": jti})))["token"]
    assert isinstance(token, dict)
    assert token["jti_digest"] is None


@pytest.mark.parametrize("field", ["method", "client_ip", "gateway_request_id"])
def test_what_a_stranger_chooses_is_cut(field: str) -> None:
    found = encoded(call=a_call(**{field: "x" * 10_000}))[field]
    assert found == "x" * 256 + "…"


@pytest.mark.parametrize(
    ("effect", "reason", "outcome"),
    [
        pytest.param(Effect.PERMIT, Reason.PERMITTED, "permit", id="permit"),
        pytest.param(Effect.DENY, Reason.SCOPE_MISSING, "deny", id="deny"),
        pytest.param(Effect.DENY, Reason.DEPENDENCY_UNAVAILABLE, "error", id="unavailable"),
        pytest.param(Effect.DENY, Reason.DEADLINE_EXCEEDED, "error", id="too late"),
        pytest.param(Effect.DENY, Reason.POLICY_TOO_OLD, "error", id="too old"),
        pytest.param(Effect.DENY, Reason.OVERLOADED, "error", id="overloaded"),
        pytest.param(Effect.DENY, Reason.INTERNAL_ERROR, "error", id="our fault"),
    ],
)
def test_errors_are_told_from_denies(effect: Effect, reason: Reason, outcome: str) -> None:
    assert outcome_of(a_decision(effect=effect, reason=reason)) == outcome


@pytest.mark.parametrize("effect", [None, True, "permit", 1], ids=repr)
def test_what_is_no_effect_is_recorded_as_a_deny(effect: object) -> None:
    assert encoded(decision=a_decision(effect=effect))["effect"] == "deny"


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (FROZEN_AT + 0.999, "2026-11-22T12:00:00.999Z"),
        (FROZEN_AT + 1, "2026-11-22T12:00:01.000Z"),
        (FROZEN_AT - 86_400, "2026-11-21T12:00:00.000Z"),
    ],
)
def test_time_is_rfc_3339_in_utc(epoch: float, text: str) -> None:
    assert RecordTime().text(epoch) == text


def test_time_follows_a_clock_that_steps_back() -> None:
    time = RecordTime()
    texts = [time.text(FROZEN_AT + step) for step in (0.0, 0.5, 0.5, 3.0, 0.5, 0.0)]
    assert [text[17:23] for text in texts] == [
        "00.000", "00.500", "00.500", "03.000", "00.500", "00.000",
    ]  # fmt: skip
