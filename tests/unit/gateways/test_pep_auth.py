"""Who asks: only a gateway that holds a right secret (security T2)."""

from dataclasses import replace

import pytest

from deemster.errors import ConfigurationError, GatewayUnauthenticatedError
from deemster.gateways.pep_auth import (
    MAX_SECRET_BYTES,
    GatewayCredentials,
    GatewaySecret,
    PepAuthenticator,
)
from deemster.model.gateway import Gateway, GatewayCaller
from tests.support.clock import FrozenClock
from tests.support.gateway_calls import a_gateway

OLD = "old-secret-0123456789-0123456789-0"
NEW = "new-secret-0123456789-0123456789-0"
OTHER = "oth-secret-0123456789-0123456789-0"
KONG = GatewayCredentials(a_gateway(), (GatewaySecret("k1", OLD), GatewaySecret("k2", NEW)))
APIGEE = GatewayCredentials(a_gateway(id="apigee"), (GatewaySecret("a1", OTHER),))


def an_authenticator(
    *gateways: GatewayCredentials, insecure_anonymous_gateway: Gateway | None = None
) -> PepAuthenticator:
    return PepAuthenticator(
        gateways, clock=FrozenClock(), insecure_anonymous_gateway=insecure_anonymous_gateway
    )


def identified(
    authenticator: PepAuthenticator, headers: list[tuple[bytes, bytes]], protocol: str = "sideband"
) -> GatewayCaller:
    caller = authenticator.authenticate(headers, protocol)
    assert isinstance(caller, GatewayCaller)
    return caller


def sent(*values: bytes, name: bytes = b"client-token") -> list[tuple[bytes, bytes]]:
    return [(b"host", b"pdp"), *[(name, value) for value in values]]


@pytest.mark.catalogue("T2")
@pytest.mark.parametrize(
    ("secret", "gateway", "secret_id"),
    [(OLD, "kong", "k1"), (NEW, "kong", "k2"), (OTHER, "apigee", "a1")],
)
def test_each_live_secret_proves_its_gateway(secret: str, gateway: str, secret_id: str) -> None:
    caller = identified(an_authenticator(KONG, APIGEE), sent(secret.encode()))
    assert (caller.gateway.id, caller.secret_id) == (gateway, secret_id)


def test_the_header_is_configurable_and_the_default_is_not_read_then() -> None:
    authenticator = an_authenticator(replace(KONG, secret_header="PDG-TOKEN"))
    found = identified(authenticator, sent(OLD.encode(), name=b"pdg-token"))
    assert found.gateway.id == "kong"
    with pytest.raises(GatewayUnauthenticatedError):
        authenticator.authenticate(sent(OLD.encode()), "sideband")


PDG = replace(APIGEE, secret_header="pdg-token")


def test_each_gateway_has_its_secret_in_its_own_header() -> None:
    authenticator = an_authenticator(KONG, PDG)
    assert identified(authenticator, sent(OLD.encode())).gateway.id == "kong"
    found = identified(authenticator, sent(OTHER.encode(), name=b"pdg-token"))
    assert found.gateway.id == "apigee"


@pytest.mark.catalogue("T2")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(sent(OTHER.encode()), id="in the other's header"),
        pytest.param(sent(OLD.encode(), name=b"pdg-token"), id="the other way round"),
        pytest.param(
            [*sent(OLD.encode()), (b"pdg-token", OTHER.encode())], id="of two gateways, both right"
        ),
        pytest.param([*sent(OLD.encode()), (b"pdg-token", b"")], id="beside an empty one"),
        pytest.param([*sent(OLD.encode()), (b"pdg-token", OLD.encode())], id="in both headers"),
    ],
)
def test_headers_of_two_gateways_are_not_confused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(GatewayUnauthenticatedError):
        an_authenticator(KONG, PDG).authenticate(headers, "sideband")


@pytest.mark.catalogue("T2")
def test_one_secret_for_two_gateways_is_refused_also_in_two_headers() -> None:
    twin = GatewayCredentials(a_gateway(id="apigee"), (GatewaySecret("a1", OLD),), "pdg-token")
    with pytest.raises(ConfigurationError, match="`a1` is also secret `k1` of gateway `kong`"):
        an_authenticator(KONG, twin)


REFUSED = [
    pytest.param(sent(), id="no header"),
    pytest.param(sent(b""), id="empty"),
    pytest.param(sent(b"wrong"), id="wrong"),
    pytest.param(sent(OLD[:-1].encode()), id="prefix"),
    pytest.param(sent(OLD.encode() + b" "), id="space after"),
    pytest.param(sent(OLD.upper().encode()), id="other case"),
    pytest.param(sent(b"Bearer " + OLD.encode()), id="with a scheme"),
    pytest.param(sent(OLD.encode(), OLD.encode()), id="twice"),
    pytest.param(sent(OLD.encode(), b"wrong"), id="right and wrong"),
    pytest.param(sent(OLD.encode(), OTHER.encode()), id="of two gateways"),
    pytest.param(sent("sécret".encode() * 9), id="not ASCII"),
    pytest.param(sent(b"\xff\x00" * 20), id="not text"),
    pytest.param(sent(b"a" * 1_000_000), id="a megabyte"),
    pytest.param(sent(OLD.encode(), name=b"client_token"), id="underscore for hyphen"),
    pytest.param(sent(OLD.encode(), name=b"authorization"), id="another header"),
]


@pytest.mark.catalogue("T2")
@pytest.mark.parametrize("headers", REFUSED)
def test_whatever_else_is_presented_is_refused_with_one_message(
    headers: list[tuple[bytes, bytes]],
) -> None:
    with pytest.raises(GatewayUnauthenticatedError) as refused:
        an_authenticator(KONG, APIGEE).authenticate(headers, "sideband")
    assert refused.value.message == "the gateway is not authenticated"


def test_a_gateway_may_not_use_a_protocol_it_is_not_listed_for() -> None:
    credentials = GatewayCredentials(
        a_gateway(protocols=frozenset({"ext-authz"})), (GatewaySecret("k1", OLD),)
    )
    with pytest.raises(GatewayUnauthenticatedError) as refused:
        an_authenticator(credentials).authenticate(sent(OLD.encode()), "sideband")
    assert refused.value.message == "the gateway is not authenticated"


@pytest.mark.catalogue("T2")
@pytest.mark.parametrize(
    ("value", "named"),
    [
        pytest.param("", "at least 32", id="empty"),
        pytest.param("a" * 31, "has 31 bytes", id="short"),
        pytest.param("a" * (MAX_SECRET_BYTES + 1), "at most", id="long"),
        pytest.param("é" * 40, "printable ASCII", id="not ASCII"),
        pytest.param("a" * 40 + "\n", "printable ASCII", id="line end"),
        pytest.param(" " + "a" * 40, "without spaces", id="space"),
    ],
)
def test_an_unusable_secret_is_refused_at_start_up_and_not_shown(value: str, named: str) -> None:
    credentials = GatewayCredentials(a_gateway(), (GatewaySecret("k1", value),))
    with pytest.raises(ConfigurationError) as refused:
        an_authenticator(credentials)
    assert "gateway `kong`: secret `k1`" in refused.value.message
    assert named in refused.value.message
    assert not value or value not in refused.value.message


def test_one_secret_for_two_gateways_is_refused_at_start_up() -> None:
    twin = GatewayCredentials(a_gateway(id="apigee"), (GatewaySecret("a1", OLD),))
    with pytest.raises(ConfigurationError, match="`a1` is also secret `k1` of gateway `kong`"):
        an_authenticator(KONG, twin)


def test_without_gateways_nobody_is_authenticated() -> None:
    with pytest.raises(GatewayUnauthenticatedError):
        an_authenticator().authenticate(sent(OLD.encode()), "sideband")


def test_an_anonymous_gateway_is_who_sends_no_secret_but_not_who_sends_a_wrong_one() -> None:
    anonymous = a_gateway(id="trial")
    authenticator = an_authenticator(KONG, insecure_anonymous_gateway=anonymous)
    caller = identified(authenticator, sent())
    assert (caller.gateway, caller.secret_id) == (anonymous, None)
    assert identified(authenticator, sent(OLD.encode())).gateway.id == "kong"
    with pytest.raises(GatewayUnauthenticatedError):
        authenticator.authenticate(sent(b"wrong"), "sideband")
    with pytest.raises(GatewayUnauthenticatedError):
        authenticator.authenticate(sent(), "ext-authz")


@pytest.mark.parametrize(
    "gateway",
    [
        a_gateway(asserts=frozenset({"partners"})),
        a_gateway(may_name_subjects=True),
    ],
    ids=["asserts", "mayNameSubjects"],
)
def test_an_anonymous_gateway_is_never_believed(gateway: Gateway) -> None:
    with pytest.raises(ConfigurationError, match="insecureAnonymousGateway"):
        an_authenticator(insecure_anonymous_gateway=gateway)


def test_a_secret_is_not_shown_by_repr() -> None:
    assert OLD not in repr(KONG)
    assert OLD not in repr(an_authenticator(KONG))
