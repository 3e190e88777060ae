"""The sideband codec: bytes ► call, decision ► bytes."""

import json
from collections.abc import Callable

import pytest

from deemster.errors import ConfigurationError
from deemster.gateways.adapter import WireRequest
from deemster.model.decision import Challenge, Reason
from deemster.model.http import ApiCall, Headers
from tests.support.doubles import a_deny, a_permit
from tests.support.gateway_calls import a_request_leg, request_adapter, response_adapter

ADAPTER = request_adapter()


def decoded(**members: object) -> ApiCall:
    body = json.dumps(a_request_leg(**members)).encode()
    return ADAPTER.decode(WireRequest("POST", "/sideband/request", [], body))


def facts_of(call: ApiCall) -> dict[str, object]:
    """All that a policy may look at: not what the adapter keeps for itself."""
    names = (
        "method url headers body http_version client_ip asserted_claims gateway_request_id "
        "refusal phase"
    )
    return {name: getattr(call, name) for name in names.split()}


def test_a_request_leg_is_the_call_as_the_gateway_saw_it() -> None:
    claims = {"active": True, "sub": "alice", "scope": ["a", "b"]}
    call = decoded(
        method="POST",
        headers=[{"X-Tenant": "a"}, {"x-tenant": "b"}],
        body='{"amount":250}',
        access_token=claims,
        http_version="2",
    )
    expected = ApiCall(
        method="POST",
        url="https://api.example.com:443/billing/invoices?page=2",
        headers=Headers((("x-tenant", "a"), ("x-tenant", "b"))),
        body='{"amount":250}',
        http_version="2",
        client_ip="203.0.113.7",
        asserted_claims=claims,
    )
    assert facts_of(call) == facts_of(expected)


def test_what_the_gateway_left_out_is_none() -> None:
    call = decoded(body=...)
    assert call.body is None
    assert call.asserted_claims is None
    assert call.refusal is None


def test_an_empty_body_is_not_an_undelivered_one() -> None:
    assert decoded(body="").body == ""


@pytest.mark.parametrize("state", [{"a": 1}, "opaque", None, 7])
def test_state_means_nothing_on_the_request_leg(state: object) -> None:
    assert facts_of(decoded(state=state, request={})) == facts_of(decoded())


@pytest.mark.parametrize(
    ("connection", "refusal"),
    [
        ("close", None),
        ("Keep-Alive, TE", None),
        ("close, authorization", Reason.RESERVED_HEADER),
        ("X-Tenant", Reason.RESERVED_HEADER),
    ],
)
def test_a_connection_field_that_hides_others_refuses_the_call(
    connection: str, refusal: Reason | None
) -> None:
    call = decoded(headers=[{"host": "h"}, {"Connection": connection}])
    assert call.refusal is refusal


def test_the_depth_of_a_body_is_bounded() -> None:
    shallow = request_adapter(max_depth=4)
    body = json.dumps(a_request_leg(access_token={"a": {"b": {"c": 1}}})).encode()
    shallow.decode(WireRequest("POST", "/", [], body))
    body = json.dumps(a_request_leg(access_token={"a": {"b": {"c": {}}}})).encode()
    with pytest.raises(Exception, match="nested deeper than 4"):
        shallow.decode(WireRequest("POST", "/", [], body))


@pytest.mark.parametrize("leg", [request_adapter, response_adapter])
def test_a_depth_that_refuses_every_body_is_refused_at_start_up(
    leg: Callable[..., object],
) -> None:
    with pytest.raises(ConfigurationError, match=r"`limits.depth` is 3"):
        leg(max_depth=3)


def test_a_call_of_another_adapter_is_not_answered() -> None:
    foreign = ApiCall(method="GET", url="https://h/", headers=Headers(()))
    with pytest.raises(TypeError):
        ADAPTER.encode(foreign, a_permit())


def test_a_challenge_goes_into_the_deny_object_and_not_into_our_own_answer() -> None:
    decision = a_deny(
        reason=Reason.AUTHENTICATION_TOO_OLD,
        challenge=Challenge(
            realm="https://api.example.com/billing/",
            error="insufficient_user_authentication",
            max_age=300,
        ),
    )
    answer = ADAPTER.encode(decoded(), decision)
    response = json.loads(answer.body)["response"]
    assert response["response_code"] == "401"
    assert response["headers"] == [
        {"content-type": "application/json"},
        {
            "www-authenticate": 'Bearer realm="https://api.example.com/billing/", '
            'error="insufficient_user_authentication", max_age="300"'
        },
        {"cache-control": "no-store"},
    ]
    assert b"www-authenticate" not in dict(answer.headers)


def test_the_policy_revision_is_told_to_the_gateway_and_not_to_its_client() -> None:
    answer = ADAPTER.encode(decoded(), a_deny(revision="revision-7"))
    assert dict(answer.headers)[b"x-policy-revision"] == b"revision-7"
    assert b"revision-7" not in answer.body


def test_neither_secret_nor_token_is_shown_by_repr() -> None:
    wire = WireRequest("POST", "/", [(b"client-token", b"s3cret")], b"Bearer alice")
    assert "s3cret" not in repr(wire)
    assert "alice" not in repr(wire)
    assert "alice" not in repr(decoded(access_token={"sub": "alice"}))
    assert "alice" not in repr(ADAPTER.encode(decoded(), a_permit()))
