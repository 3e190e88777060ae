"""What Envoy sends over HTTP becomes a call, and a decision a status that Envoy keeps to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deemster.errors import (
    CallTooLargeError,
    CannotCarryOutError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.adapter import WireAnswer, WireRequest
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.ext_authz_http import PREFIX, ExtAuthzHttp
from deemster.gateways.identity_headers import IdentityHeaders, IdentityValue
from deemster.model.decision import Challenge, Decision, Reason, Statement
from deemster.model.http import ApiCall
from tests.support.doubles import a_deny, a_permit

CAPTURES = Path(__file__).parents[2] / "golden" / "captures" / "envoy-ext-authz-http.json"
ADAPTER = ExtAuthzHttp(
    identity=IdentityHeaders({"X-Auth-User": IdentityValue.SUBJECT}),
    copies=["X-Tenant"],
    client_address=ClientAddress("X-Forwarded-For", 0),
    secret_headers=["CLIENT-TOKEN"],
)
FIELDS = (
    (b"host", b"api.example.com"),
    (b"content-length", b"0"),
    (b"x-forwarded-proto", b"https"),
    (b"authorization", b"Bearer alice"),
    (b"x-request-id", b"r-1"),
    (b"client-token", b"the gateway's secret"),
    (b"x-envoy-expected-rq-timeout-ms", b"1500"),
)
Fields = Sequence[tuple[bytes, bytes]]


def decoded(
    path: str = "/billing/invoices",
    *,
    method: str = "GET",
    query: bytes = b"",
    fields: Fields = FIELDS,
    body: bytes = b"",
) -> ApiCall:
    return ADAPTER.decode(WireRequest(method, PREFIX + path, fields, body, query))


def told(decision: Decision) -> WireAnswer:
    return ADAPTER.encode(decoded(), decision)


def without(name: bytes) -> Fields:
    return [field for field in FIELDS if field[0] != name]


def test_the_call_is_the_clients_own() -> None:
    call = decoded(query=b"page=2&u=%2Fadmin", method="PURGE")
    assert call.method == "PURGE"
    assert call.url == "https://api.example.com/billing/invoices?page=2&u=%2Fadmin"
    assert call.gateway_request_id == "r-1"
    assert call.refusal is None


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/", "https://api.example.com/"),
        ("//admin", "https://api.example.com//admin"),
        ("/../../sideband/request", "https://api.example.com/../../sideband/request"),
        ("/ext-authz/http/admin", "https://api.example.com/ext-authz/http/admin"),
        ("/%2e%2e/admin;x=1", "https://api.example.com/%2e%2e/admin;x=1"),
    ],
)
def test_the_prefix_alone_is_taken_off_and_nothing_is_mended(path: str, url: str) -> None:
    assert decoded(path).url == url


def test_what_is_between_envoy_and_us_is_none_of_the_clients_header_fields() -> None:
    assert [name for name, _ in decoded().headers.pairs] == [
        "host",
        "x-forwarded-proto",
        "authorization",
        "x-request-id",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(without(b"host"), id="no host"),
        pytest.param([*FIELDS, (b"host", b"other.example.com")], id="two hosts"),
        pytest.param([*without(b"host"), (b"host", b"a/b")], id="a path in the host"),
        pytest.param([*without(b"host"), (b"host", b"a?b")], id="a query in the host"),
        pytest.param([*without(b"host"), (b"host", b"u@a")], id="user information"),
        pytest.param([*without(b"host"), (b"host", b"")], id="an empty host"),
        pytest.param(without(b"x-forwarded-proto"), id="no scheme"),
        pytest.param([*FIELDS, (b"x-forwarded-proto", b"http")], id="two schemes"),
        pytest.param(
            [*without(b"x-forwarded-proto"), (b"x-forwarded-proto", b"https,http")], id="joined"
        ),
        pytest.param([*FIELDS, (b"x a", b"1")], id="no name of a header field"),
        pytest.param([*FIELDS, (b"x-a", b"1\x00")], id="a control character"),
    ],
)
def test_what_names_no_one_url_is_refused(fields: Fields) -> None:
    with pytest.raises(MalformedCallError):
        decoded(fields=fields)


@pytest.mark.parametrize("path", ["", "admin", "x/admin"])
def test_a_path_that_does_not_begin_with_a_slash_is_none(path: str) -> None:
    with pytest.raises(MalformedCallError):
        decoded(path)


def test_a_path_outside_the_prefix_is_refused() -> None:
    with pytest.raises(MalformedCallError):
        ADAPTER.decode(WireRequest("GET", "/billing", FIELDS, b""))


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ((b"x-auth-user", b"root"), Reason.RESERVED_HEADER),
        ((b"x_auth_user", b"root"), Reason.RESERVED_HEADER),
        ((b"x.auth.user", b"root"), Reason.RESERVED_HEADER),
        ((b"connection", b"x-auth-user"), Reason.RESERVED_HEADER),
        ((b"authorization", b"Bearer other"), Reason.CREDENTIAL_AMBIGUOUS),
    ],
)
def test_spoofs_and_second_credentials_are_refused(
    field: tuple[bytes, bytes], reason: Reason
) -> None:
    assert decoded(fields=[*FIELDS, field]).refusal is reason


def test_an_authorization_that_envoy_joined_is_two() -> None:
    fields = [*without(b"authorization"), (b"authorization", b"Bearer a,Bearer b")]
    assert decoded(fields=fields).refusal is Reason.CREDENTIAL_AMBIGUOUS


def test_the_address_is_the_last_that_envoy_wrote() -> None:
    told = (b"x-forwarded-for", b"1.1.1.1, 203.0.113.7")
    assert decoded(fields=[*FIELDS, told]).client_ip == "203.0.113.7"
    assert decoded().client_ip is None


def test_a_body_is_known_where_envoy_says_that_it_is_whole() -> None:
    whole = [*FIELDS, (b"x-envoy-auth-partial-body", b"false")]
    part = [*FIELDS, (b"x-envoy-auth-partial-body", b"true")]
    assert decoded(fields=whole, body=b"{}").body == "{}"
    assert decoded(fields=part, body=b"{}").body is None
    assert decoded(fields=[*whole, part[-1]], body=b"{}").body is None
    assert decoded(body=b"{}").body is None


def captured() -> list[Any]:
    cases = json.loads(CAPTURES.read_text(encoding="utf-8"))
    return [
        pytest.param(asked, id=case["case"])
        for case in cases
        for asked in case["decision_requests"]
    ]


@pytest.mark.parametrize("asked", captured())
def test_what_envoy_sent_is_understood(asked: dict[str, Any]) -> None:
    method, target, _ = asked["line"].split()
    path, _, query = target.removeprefix("/ext-authz").partition("?")
    fields = [(name.encode(), value.encode()) for name, value in asked["headers"]]
    call = decoded(path, method=method, query=query.encode(), fields=fields)
    host = dict(asked["headers"])["host"]
    assert call.url == f"http://{host}{path}{'?' if query else ''}{query}"
    assert call.refusal is None
    assert call.body is None


def test_a_permit_is_a_200_with_identity_headers_even_empty_ones() -> None:
    assert told(a_permit(subject="alice")) == WireAnswer(
        200, [(b"x-tenant", b""), (b"x-auth-user", b"alice"), (b"x-decision-id", b"d-1")], b""
    )
    assert (b"x-auth-user", b"") in told(a_permit()).headers


def setting(payload: object) -> Statement:
    return Statement(id="s", code="modify-headers", payload=payload, obligatory=True)


@pytest.mark.parametrize(("value", "sent"), [("acme", b"acme"), (["a", "b"], b"a, b"), (None, b"")])
def test_policies_set_the_header_fields_that_envoy_copies(value: object, sent: bytes) -> None:
    answer = told(a_permit(statements=(setting({"X-Tenant": value}),)))
    assert (b"x-tenant", sent) in answer.headers


@pytest.mark.parametrize(
    "payload", [{"x-other": "1"}, {"X-Auth-User": "root"}, {"x-tenant": "1\r\nx-b: 2"}]
)
def test_what_would_not_reach_the_upstream_is_no_permit(payload: object) -> None:
    with pytest.raises(CannotCarryOutError):
        told(a_permit(statements=(setting(payload),)))


def test_a_deny_has_status_challenge_and_body_and_nothing_of_the_policy() -> None:
    challenge = Challenge(realm="https://api.example.com/")
    answer = told(a_deny(reason=Reason.TOKEN_MISSING, challenge=challenge))
    assert answer.status == 401
    assert dict(answer.headers) == {
        b"content-type": b"application/json",
        b"cache-control": b"no-store",
        b"x-decision-id": b"d-1",
        b"www-authenticate": challenge.header().encode(),
    }
    assert json.loads(answer.body)["code"] == "token-missing"


@pytest.mark.parametrize("reason", Reason)
def test_no_deny_is_a_5xx_which_would_open_envoy_nor_a_200(reason: Reason) -> None:
    assert 400 <= told(a_deny(reason=reason)).status < 500


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (GatewayUnauthenticatedError("x"), 403),
        (MalformedCallError("x"), 400),
        (CallTooLargeError("x"), 413),
    ],
)
def test_errors_are_4xx(error: ProtocolError, status: int) -> None:
    assert ADAPTER.encode_error(error, "id-1", ()).status == status
