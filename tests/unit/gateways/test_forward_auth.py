"""What forward-auth gateways ask is read by one profile and no other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import (
    CallTooLargeError,
    CannotCarryOutError,
    GatewayUnauthenticatedError,
    MalformedCallError,
    ProtocolError,
)
from deemster.gateways.adapter import WireAnswer, WireRequest
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.model.decision import Challenge, Reason, ServiceFacts, Statement
from deemster.model.http import ApiCall
from deemster.model.urls import canonical_url
from tests.support.doubles import a_deny, a_permit
from tests.support.forward_auth_calls import (
    COPIED,
    PROFILE_FIELDS,
    fields_of,
    forward_auth_adapter,
)
from tests.support.scale import scaled

every_profile = pytest.mark.parametrize("profile", PROFILES)
with_connection = pytest.mark.parametrize(
    "profile", [name for name, profile in PROFILES.items() if profile.connection]
)


def decoded(profile: str, *more: tuple[bytes, bytes], **said: bytes | None) -> ApiCall:
    fields = [(b"host", b"pdp"), *fields_of(profile, *more, **said), (b"client-token", b"secret")]
    return forward_auth_adapter(profile).decode(WireRequest("GET", "/", fields, b""))


def told(profile: str, answer: WireAnswer) -> dict[str, str]:
    fields = {name.decode(): value.decode() for name, value in answer.headers}
    assert len(fields) == len(answer.headers)
    return fields


@every_profile
def test_the_original_request_is_what_the_gateway_says(profile: str) -> None:
    call = decoded(profile, (b"accept", b"*/*"), (b"cookie", b"a=\xe9"))
    assert (call.method, call.url) == ("GET", "https://api.example.com/billing/invoices?page=2")
    assert call.body is None
    assert call.client_ip == "203.0.113.7"
    assert call.refusal is None
    assert call.headers.by_name() == {
        "host": ("api.example.com",),
        "x-forwarded-for": ("203.0.113.7",),
        "authorization": ("Bearer alice",),
        "accept": ("*/*",),
        "cookie": ("a=\u00e9",),
    }


@every_profile
@pytest.mark.parametrize("about", ["method", "uri", "scheme", "host"])
@pytest.mark.parametrize("value", [None, b""])
def test_what_the_gateway_does_not_say_is_not_taken_from_elsewhere(
    profile: str, about: str, value: bytes | None
) -> None:
    others = [
        (b"x-original-uri", b"/public"),
        (b"x-original-url", b"/public"),
        (b"x-original-method", b"GET"),
        (b"x-forwarded-uri", b"/public"),
        (b"x-forwarded-method", b"GET"),
        (b"x-rewrite-url", b"/public"),
        (b"forwarded", b"host=api.example.com;proto=https"),
    ]
    own = set(PROFILE_FIELDS[profile])
    more = [field for field in others if field[0] not in own]
    with pytest.raises(MalformedCallError, match="is missing: the gateway's configuration"):
        decoded(profile, *more, **{about: value})


@every_profile
@pytest.mark.parametrize("about", ["method", "uri", "scheme", "host"])
def test_what_is_said_twice_is_refused_also_where_it_is_equal(profile: str, about: str) -> None:
    name: bytes = getattr(PROFILES[profile], about)
    with pytest.raises(MalformedCallError, match="more than once"):
        decoded(profile, (name, PROFILE_FIELDS[profile][name]))


@every_profile
def test_another_profiles_fields_are_fields_of_the_client(profile: str) -> None:
    others = {
        name: b"/public"
        for fields in PROFILE_FIELDS.values()
        for name in fields
        if name not in PROFILE_FIELDS[profile]
    }
    call = decoded(profile, *others.items())
    assert call.url == "https://api.example.com/billing/invoices?page=2"
    for name in others:
        assert call.headers.get_all(name.decode()) == ("/public",)


@every_profile
@pytest.mark.parametrize(
    "host",
    [
        b"api.example.com/public?",
        b"api.example.com/public#",
        b"api.example.com?",
        b"api.example.com#",
        b"api.example.com\\public",
        b"evil@api.example.com",
        b"api.example.com, other.example.com",
        b"api.example.com:",
        b"api.example.com:80/public",
        b"[::1]/public",
        b"api%2fexample.com",
        b"api.example.com\xc3\xa9",
        b"api example.com",
        b" ",
    ],
)
def test_a_host_cannot_choose_the_path_that_is_judged(profile: str, host: bytes) -> None:
    with pytest.raises(MalformedCallError, match="no host"):
        decoded(profile, host=host)


@every_profile
@pytest.mark.parametrize("host", [b"api.example.com:8443", b"[2001:db8::1]:80", b"10.0.0.1"])
def test_a_host_may_have_a_port(profile: str, host: bytes) -> None:
    assert decoded(profile, host=host).url.startswith(f"https://{host.decode()}/billing")


@every_profile
@pytest.mark.parametrize("uri", [b"*", b"http://api.example.com/", b"billing", b"?a=1", b"@evil/"])
def test_a_target_that_is_no_path_is_refused(profile: str, uri: bytes) -> None:
    with pytest.raises(MalformedCallError, match="no path"):
        decoded(profile, uri=uri)


@every_profile
@pytest.mark.parametrize("scheme", [b"HTTP", b"ftp", b"https, http", b"javascript"])
def test_a_scheme_is_http_or_https(profile: str, scheme: bytes) -> None:
    with pytest.raises(MalformedCallError, match="x-forwarded-proto"):
        decoded(profile, scheme=scheme)


def test_traefik_calls_the_scheme_of_a_websocket_handshake_by_its_own_name() -> None:
    assert decoded("traefik", scheme=b"wss").url.startswith("https://")
    assert decoded("traefik", scheme=b"ws").url.startswith("http://")
    with pytest.raises(MalformedCallError):
        decoded("caddy", scheme=b"wss")


@every_profile
def test_methods_keep_their_case_and_are_tokens(profile: str) -> None:
    assert decoded(profile, method=b"get").method == "get"
    assert decoded(profile, method=b"PURGE").method == "PURGE"
    for method in (b"GE T", b"GET,POST", b"\xe9"):
        with pytest.raises(MalformedCallError, match="no method"):
            decoded(profile, method=method)


@every_profile
@settings(max_examples=scaled(500))
@given(st.binary(max_size=20))
def test_whatever_octets_a_path_has_none_is_lost_or_read_as_another(
    profile: str, octets: bytes
) -> None:
    uri = b"/a" + octets.translate(None, b"?# " + bytes(range(32)) + b"\x7f")
    url = decoded(profile, uri=uri).url
    try:
        expected = uri.decode()
    except UnicodeDecodeError:
        assert url.isascii()
        assert canonical_url(url).refused is not None
    else:
        assert url == "https://api.example.com" + expected


@every_profile
def test_policies_never_see_the_gateways_secret(profile: str) -> None:
    assert "secret" not in str(decoded(profile).headers.pairs)


@every_profile
@pytest.mark.parametrize("name", [b"x-auth-user", b"x_auth_scope", b"x.auth.user", b"x_tenant"])
def test_a_client_that_sends_what_only_we_send_is_refused(profile: str, name: bytes) -> None:
    assert decoded(profile, (name, b"mallory")).refusal is Reason.RESERVED_HEADER


@every_profile
def test_two_authorizations_are_refused(profile: str) -> None:
    call = decoded(profile, (b"authorization", b"Bearer bob"))
    assert call.refusal is Reason.CREDENTIAL_AMBIGUOUS


@with_connection
def test_the_clients_connection_is_told_and_judged(profile: str) -> None:
    assert decoded(profile, connection=b"keep-alive, Upgrade").refusal is None
    assert decoded(profile, connection=b"").refusal is None
    for value in (b"close, X-Auth-User", b"\xe9"):
        assert decoded(profile, connection=value).refusal is Reason.RESERVED_HEADER


@every_profile
@pytest.mark.parametrize("method", ["POST", "HEAD", "get", "OPTIONS"])
def test_the_endpoint_itself_is_asked_by_get(profile: str, method: str) -> None:
    fields = fields_of(profile)
    with pytest.raises(MalformedCallError, match="asked by GET"):
        forward_auth_adapter(profile).decode(WireRequest(method, "/", fields, b""))


@every_profile
def test_a_permit_always_has_every_field_that_the_gateway_copies(profile: str) -> None:
    answer = forward_auth_adapter(profile).encode(decoded(profile), a_permit(subject="alice"))
    assert (answer.status, answer.body) == (200, b"")
    assert told(profile, answer) == {
        "x-auth-user": "alice",
        "x-auth-client": "",
        "x-auth-scope": "",
        COPIED: "",
        "x-decision-id": "d-1",
        "cache-control": "no-store",
    }


def modify(payload: object, *, obligatory: bool = True) -> Statement:
    return Statement(id="s", code="modify-headers", payload=payload, obligatory=obligatory)


@every_profile
@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ({"X-Tenant": "acme"}, "acme"),
        ({"x-tenant": ["acme"]}, "acme"),
        ({"x-tenant": None}, ""),
        ({"x-tenant": []}, ""),
        ({"x-tenant": ""}, ""),
    ],
)
def test_policies_set_what_the_gateway_copies(profile: str, payload: object, value: str) -> None:
    permit = a_permit(statements=(modify(payload),))
    answer = forward_auth_adapter(profile).encode(decoded(profile), permit)
    assert told(profile, answer)[COPIED] == value


@every_profile
@pytest.mark.parametrize(
    "payload",
    [
        {"X-Other": "1"},
        {"x-tenant": "acme", "x-other": "1"},
        {"x_tenant": "acme"},
        {"authorization": "Bearer other"},
        {"authorization": None},
        {"x-auth-user": "root"},
        {"x-tenant": ["acme", "other"]},
        {"x-tenant": "a\r\nx-auth-user: root"},
        {"x-tenant": " acme"},
        {"x-tenant": "\u00e9"},
    ],
)
def test_a_header_that_would_not_arrive_is_no_permit_where_it_must(
    profile: str, payload: object
) -> None:
    adapter = forward_auth_adapter(profile)
    with pytest.raises(CannotCarryOutError):
        adapter.encode(decoded(profile), a_permit(statements=(modify(payload),)))
    answer = adapter.encode(
        decoded(profile), a_permit(statements=(modify(payload, obligatory=False),))
    )
    assert told(profile, answer)[COPIED] == ""
    assert told(profile, answer)["x-auth-user"] == ""


@every_profile
def test_a_deny_tells_reason_challenge_and_nothing_of_us(profile: str) -> None:
    deny = a_deny(
        reason=Reason.AUTHENTICATION_TOO_WEAK,
        challenge=Challenge(realm="https://api.example.com/", error="insufficient"),
        subject="alice",
        service=ServiceFacts("billing", "https://api.example.com", 403, "challenge"),
        statements=(modify({"x-tenant": "acme"}),),
    )
    answer = forward_auth_adapter(profile).encode(decoded(profile), deny)
    assert answer.status == 401
    assert told(profile, answer) == {
        "content-type": "application/json",
        "x-decision-id": "d-1",
        "cache-control": "no-store",
        "www-authenticate": 'Bearer realm="https://api.example.com/", error="insufficient"',
    }


STATUSES = [
    (Reason.NO_API_SERVICE, 404),
    (Reason.TOKEN_MISSING, 401),
    (Reason.RESERVED_HEADER, 400),
    (Reason.AMBIGUOUS_PATH, 400),
    (Reason.SCOPE_MISSING, 403),
    (Reason.OVERLOADED, 503),
    (Reason.INTERNAL_ERROR, 503),
    (Reason.PERMITTED, 503),
]


@every_profile
@pytest.mark.parametrize(("reason", "status"), STATUSES)
def test_statuses_are_those_that_the_gateway_passes_on(
    profile: str, reason: Reason, status: int
) -> None:
    answer = forward_auth_adapter(profile).encode(decoded(profile), a_deny(reason=reason))
    if profile == "nginx":
        status = 401 if status == 401 else 403
    assert answer.status == status
    unavailable = told(profile, answer).get("retry-after")
    assert unavailable == ("1" if reason in {*list(Reason)[-5:], Reason.PERMITTED} else None)


@every_profile
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (GatewayUnauthenticatedError("x"), 403),
        (MalformedCallError("x"), 400),
        (CallTooLargeError("x"), 413),
    ],
)
def test_errors_have_the_statuses_of_the_table(
    profile: str, error: ProtocolError, status: int
) -> None:
    answer = forward_auth_adapter(profile).encode_error(error, "e-1", [])
    assert answer.status == (403 if profile == "nginx" else status)
