"""What Envoy says over gRPC becomes a call, and a decision becomes what Envoy understands."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest

from deemster.app.changes import StatementChanges
from deemster.errors import CannotCarryOutError, MalformedCallError
from deemster.gateways.adapter import WireRequest
from deemster.gateways.client_address import ClientAddress
from deemster.gateways.ext_authz_grpc import CHECK, ExtAuthzGrpc, unavailable
from deemster.gateways.identity_headers import IdentityHeaders
from deemster.model.decision import Challenge, Decision, Reason, ServiceFacts, Statement
from deemster.model.http import ApiCall
from tests.support.certificates import a_certificate
from tests.support.doubles import a_deny, a_permit
from tests.support.ext_authz import FIELDS, Checked, a_check_request, an_adapter


def decoded(message: bytes) -> ApiCall:
    return an_adapter().decode(WireRequest("POST", CHECK, (), message))


def told(decision: Decision, call: ApiCall | None = None) -> Checked:
    answer = an_adapter().encode(call or decoded(a_check_request()), decision)
    return Checked(answer.body)


def setting(payload: object, code: str = "modify-headers") -> Statement:
    return Statement(id="s", code=code, payload=payload, obligatory=True)


# --- the call -----------------------------------------------------------------------------------


def test_the_call_is_the_clients_own() -> None:
    call = decoded(a_check_request(protocol="HTTP/2"))
    assert (call.method, call.url) == ("GET", "https://api.example.com/billing/invoices?page=2")
    assert call.http_version == "2"
    assert call.client_ip == "203.0.113.7"
    assert call.gateway_request_id == "r-1"
    assert call.refusal is None
    assert call.body is None


def test_pseudo_header_fields_are_no_header_fields() -> None:
    # Joined ones come in no order.
    assert dict(decoded(a_check_request()).headers.pairs) == {
        "authorization": "Bearer alice",
        "x-request-id": "r-1",
    }


def test_raw_header_fields_keep_every_copy_and_every_octet() -> None:
    raw = [(":path", b"/other"), ("cookie", b"a=1"), ("cookie", b"b=2"), ("x-name", b"\xe9")]
    call = decoded(a_check_request(raw=raw))
    assert call.headers.pairs == (("cookie", "a=1"), ("cookie", "b=2"), ("x-name", "\xe9"))


def test_a_value_has_one_text_whether_it_came_raw_or_joined() -> None:
    joined = decoded(a_check_request(fields={"x-name": "José"}))
    raw = decoded(a_check_request(raw=[("x-name", "José".encode())]))
    assert joined.headers == raw.headers


def test_both_forms_of_header_fields_at_once_are_refused() -> None:
    # Serialised messages that follow each other are one message with the fields of both.
    both = a_check_request() + a_check_request(raw=[("x-a", b"1")])
    with pytest.raises(MalformedCallError, match="header_map"):
        decoded(both)


@pytest.mark.parametrize(
    "message",
    [
        a_check_request(fields={"authorization": "Bearer a,Bearer b"}),
        a_check_request(fields={"authorization": "Bearer a,"}),
        a_check_request(raw=[("authorization", b"Bearer a,Basic b")]),
        a_check_request(raw=[("authorization", b"Bearer a"), ("authorization", b"Bearer b")]),
    ],
)
def test_more_than_one_authorization_is_seen_even_where_envoy_joined_them(message: bytes) -> None:
    assert decoded(message).refusal is Reason.CREDENTIAL_AMBIGUOUS


@pytest.mark.parametrize("name", ["x-auth-user", "x_auth_user", "x.auth.user", "client-token"])
def test_header_fields_of_ours_are_refused_under_every_spelling(name: str) -> None:
    assert decoded(a_check_request(fields={**FIELDS, name: "x"})).refusal is Reason.RESERVED_HEADER


@pytest.mark.parametrize(
    "http",
    [
        {"host": ""},
        {"host": "api.example.com/billing"},
        {"host": "api.example.com?x"},
        {"host": "api.example.com#x"},
        {"host": "user@api.example.com"},
        {"host": "api.example.com\\billing"},
        {"host": "api.example.com%2fbilling"},
        {"host": "a\r\nb"},
        {"path": ""},
        {"path": "*"},
        {"query": "page=2"},
        {"fragment": "x"},
        {"path": "billing"},
        {"path": "https://api.example.com/billing"},
        {"scheme": ""},
        {"scheme": "ftp"},
        {"scheme": "https://evil.example.com/"},
        {"method": ""},
        {"method": "GET /"},
        {"fields": {"x a": "1"}},
        {"fields": {"": "1"}},
        {"fields": {"x-a": "1\r\nx-b: 2"}},
        {"raw": [("x-a", b"1\x00")]},
        {"fields": {f"x-{number}": "1" for number in range(101)}},
    ],
    ids=str,
)
def test_what_is_no_http_call_is_refused(http: dict[str, object]) -> None:
    with pytest.raises(MalformedCallError):
        decoded(a_check_request(**http))  # type: ignore[arg-type]  # a table of members


@pytest.mark.parametrize("message", [b"\x0a", b"{}", b"\xff" * 20, b"\x0a\x7f"])
def test_bytes_that_are_no_message_are_refused(message: bytes) -> None:
    with pytest.raises(MalformedCallError):
        decoded(message)


def test_an_empty_message_is_refused() -> None:
    # To protobuf it is a CheckRequest, of which nothing is known.
    with pytest.raises(MalformedCallError):
        decoded(b"")


WHOLE = {**FIELDS, "x-envoy-auth-partial-body": "false"}


def test_a_body_that_came_whole_is_known() -> None:
    assert decoded(a_check_request(fields=WHOLE, body='{"a":1}')).body == '{"a":1}'
    assert decoded(a_check_request(fields=WHOLE, raw_body="é".encode())).body == "é"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(a_check_request(body="{}"), id="nothing said"),
        pytest.param(
            a_check_request(body="{}", fields={**WHOLE, "x-envoy-auth-partial-body": "true"}),
            id="a part",
        ),
        pytest.param(
            a_check_request(
                body="{}",
                raw=[
                    ("x-envoy-auth-partial-body", b"false"),
                    ("x-envoy-auth-partial-body", b"true"),
                ],
            ),
            id="the client says it is whole",
        ),
        pytest.param(
            a_check_request(body="{}", fields={**WHOLE, "x-envoy-auth-partial-body": "false,true"}),
            id="the same, joined",
        ),
        pytest.param(a_check_request(fields=WHOLE, raw_body=b"\xff"), id="no text"),
        pytest.param(a_check_request(fields=WHOLE), id="empty, or not sent along"),
    ],
)
def test_a_body_that_is_not_known_to_the_letter_is_none(message: bytes) -> None:
    assert decoded(message).body is None


# --- the answer ---------------------------------------------------------------------------------


def test_a_permit_sets_identity_headers_also_where_nothing_is_known() -> None:
    adapter = an_adapter(X_Auth_User="subject", X_Auth_Client="clientId")
    answer = adapter.encode(decoded(a_check_request()), a_permit(subject="alice"))
    permit = Checked(answer.body)
    assert permit.opens
    assert permit.set_fields == {"x-auth-user": "alice", "x-auth-client": ""}


def test_a_permit_says_which_decision_it_is_for_envoys_log() -> None:
    service = ServiceFacts("invoices", "https://api.example.com", 403, "challenge")
    response = told(a_permit(operation="read", service=service)).response
    assert dict(response.dynamic_metadata.items()) == {
        "decision_id": "d-1",
        "reason": "permitted",
        "operation": "read",
        "api_service": "invoices",
        "policy_revision": "r-1",
    }


def test_a_deny_says_so_too_and_nothing_of_it_is_a_header_field() -> None:
    deny = told(a_deny())
    assert dict(deny.response.dynamic_metadata.items())["reason"] == "policy-denied"
    assert deny.denied_fields == {"content-type": "application/json", "cache-control": "no-store"}


def test_a_deny_has_status_challenge_and_body() -> None:
    challenge = Challenge(realm="https://api.example.com/", error="invalid_token")
    deny = told(a_deny(reason=Reason.TOKEN_EXPIRED, challenge=challenge))
    assert (deny.opens, deny.status, deny.response.status.code) == (False, 401, 16)
    assert deny.denied_fields["www-authenticate"] == challenge.header()
    assert deny.json == {
        "code": "token-expired",
        "message": "the access token has expired",
        "id": "d-1",
    }


def test_an_outage_is_a_503_that_may_be_asked_again() -> None:
    deny = told(a_deny(reason=Reason.DEPENDENCY_UNAVAILABLE))
    assert (deny.opens, deny.status) == (False, 503)
    assert deny.denied_fields["retry-after"] == "1"


@pytest.mark.parametrize("reason", Reason)
def test_a_deny_of_any_reason_names_its_status(reason: Reason) -> None:
    deny = told(a_deny(reason=reason))
    assert not deny.opens
    assert deny.status >= 400


def test_statements_set_join_and_remove_header_fields() -> None:
    statements = (
        setting({"X-One": "1", "x-two": ["a", "b"], "X-Gone": None, "cookie": ["a", "b"]}),
    )
    permit = told(a_permit(statements=statements, subject="alice"))
    assert permit.set_fields == {
        "x-one": "1",
        "x-two": "a, b",
        "cookie": "a; b",
        "x-auth-user": "alice",
    }
    assert list(permit.response.ok_response.headers_to_remove) == ["x-gone"]


def test_no_statement_says_who_the_user_is() -> None:
    for value in ("root", None, ["root", "admin"]):
        permit = told(a_permit(statements=(setting({"X-Auth-User": value}),), subject="alice"))
        assert permit.set_fields == {"x-auth-user": "alice"}
        assert not permit.response.ok_response.headers_to_remove


@pytest.mark.parametrize(
    "payload", [{"x a": "1"}, {"x-a": "1\r\nx-b: 2"}, {"x-a": "é"}, {"x-a": 1}]
)
def test_a_permit_that_envoy_would_drop_is_none(payload: object) -> None:
    with pytest.raises(CannotCarryOutError):
        told(a_permit(statements=(setting(payload),)))


def test_an_identity_that_no_header_field_can_hold_is_no_permit() -> None:
    with pytest.raises(CannotCarryOutError):
        told(a_permit(subject="alice\r\nx-admin: 1"))


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/a?page=7&x=%20&debug=1", "/a?x=%20&page=1"),
        ("/a?%70age=7&p%61ge=8", "/a?page=1"),
        ("/a", "/a?page=1"),
    ],
)
def test_a_query_is_changed_as_a_whole(path: str, changed: str) -> None:
    statements = (setting({"page": "1", "debug": None}, "modify-query"),)
    permit = told(a_permit(statements=statements), decoded(a_check_request(path=path)))
    assert permit.set_fields[":path"] == changed


def test_a_query_that_loses_everything_leaves_the_path() -> None:
    statements = (setting({"page": None}, "modify-query"),)
    permit = told(a_permit(statements=statements), decoded(a_check_request(path="/a%20b?page=1")))
    assert permit.set_fields[":path"] == "/a%20b"


def test_the_path_stays_untouched_where_no_statement_asks() -> None:
    assert ":path" not in told(a_permit()).set_fields


def test_the_last_resort_is_a_deny_too() -> None:
    last = Checked(unavailable("id-1"))
    assert (last.opens, last.status) == (False, 503)
    assert json.loads(last.response.denied_response.body)["id"] == "id-1"


# --- who the client is --------------------------------------------------------------------------


def with_address(name: str, hops: int = 0) -> ExtAuthzGrpc:
    return ExtAuthzGrpc(
        changes=StatementChanges(),
        identity=IdentityHeaders({}),
        header_count=100,
        client_address=ClientAddress(name, hops),
    )


def address_of(adapter: ExtAuthzGrpc, **fields: str) -> str | None:
    said = {name.replace("_", "-"): value for name, value in fields.items()}
    message = a_check_request(fields=said, source_ip="10.0.0.9")
    return adapter.decode(WireRequest("POST", CHECK, (), message)).client_ip


def test_the_address_is_what_is_configured_to_be_believed_and_nothing_else() -> None:
    forwarded = {"x_forwarded_for": "1.1.1.1, 203.0.113.7"}
    assert address_of(with_address("source-address"), **forwarded) == "10.0.0.9"
    assert address_of(with_address("X-Forwarded-For"), **forwarded) == "203.0.113.7"
    assert address_of(with_address("X-Forwarded-For", 1), **forwarded) == "1.1.1.1"
    assert address_of(with_address("X-Forwarded-For", 2), **forwarded) is None


def test_no_header_field_says_what_envoy_itself_takes_for_the_source() -> None:
    said = {"source_address": "1.1.1.1"}
    assert address_of(with_address("source-address"), **said) == "10.0.0.9"
    assert address_of(with_address("source-address", 1), **said) == "10.0.0.9"


def test_without_a_setting_no_address_is_known() -> None:
    adapter = ExtAuthzGrpc(
        changes=StatementChanges(), identity=IdentityHeaders({}), header_count=100
    )
    assert address_of(adapter, x_forwarded_for="203.0.113.7") is None


def certified(certificate: str) -> ApiCall:
    request = CheckRequest.FromString(a_check_request())
    request.attributes.source.certificate = certificate
    return decoded(request.SerializeToString())


def test_a_client_certificate_is_read(tmp_path: Path) -> None:
    pem, _ = a_certificate(tmp_path, "client.example.com")
    told = certified(quote(pem.read_text())).certificate
    assert told is not None
    assert (told.subject, told.dns_names) == ("CN=client.example.com", ("client.example.com",))
    assert decoded(a_check_request()).certificate is None


@pytest.mark.parametrize("text", ["x", "%2D%2D", "-----BEGIN CERTIFICATE-----", "A" * 70_000])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(MalformedCallError):
        certified(text)
