"""The client's certificate as a kit tells of it: what conditions read is what the DER says."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deemster.errors import MalformedCallError
from deemster.gateways.adapter import WireRequest
from deemster.gateways.client_certificate import LONGEST, certificate_of
from deemster.model.certificate import ClientCertificate
from tests.support.gateway_calls import a_request_leg, request_adapter

NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Inc."),
        x509.NameAttribute(NameOID.COMMON_NAME, "alice"),
    ]
)
ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "people")])


def a_leaf(*names: x509.GeneralName) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(ISSUER)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def a_jwk(der: bytes, *chain: bytes) -> dict[str, object]:
    return {"kty": "EC", "x5c": [base64.b64encode(one).decode() for one in (der, *chain)]}


def test_names_and_thumbprint_are_those_of_the_leaf() -> None:
    der = a_leaf(
        x509.DNSName("alice.example"),
        x509.RFC822Name("alice@example.com"),
        x509.UniformResourceIdentifier("spiffe://example/alice"),
        x509.DNSName("a.example"),
    )
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert certificate_of(a_jwk(der, a_leaf())) == ClientCertificate(
        thumbprint=digest,
        subject="CN=alice,O=Example\\, Inc.,C=DE",
        issuer="CN=people",
        dns_names=("alice.example", "a.example"),
        uris=("spiffe://example/alice",),
    )


def test_a_certificate_without_alternative_names_has_none() -> None:
    found = certificate_of(a_jwk(a_leaf()))
    assert (found.dns_names, found.uris) == ((), ())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: {},
        lambda _: {"x5c": None},
        lambda _: {"x5c": []},
        lambda _: {"x5c": [7]},
        lambda _: {"x5c": {"0": "MIIB"}},
        lambda _: {"x5c": "MIIB"},
        lambda _: {"x5c": [""]},
        lambda der: {"x5c": [base64.urlsafe_b64encode(der + b"\xff\xff\xff").decode()]},
        lambda der: {"x5c": ["\n" + base64.b64encode(der).decode()]},
        lambda der: {"x5c": ["-----BEGIN CERTIFICATE-----" + base64.b64encode(der).decode()]},
        lambda der: a_jwk(der[:-1]),
        lambda der: a_jwk(der + b"\x00"),
        lambda der: a_jwk(der[:20] + b"\xff" * 20 + der[40:]),
        lambda _: {"x5c": ["A" * (LONGEST + 4)]},
        lambda _: {"x5c": ["\u00e9" * 8]},
    ],
)
def test_what_cannot_be_read_is_refused_and_not_quoted(
    spoil: Callable[[bytes], dict[str, object]],
) -> None:
    with pytest.raises(MalformedCallError, match=r"^`client_certificate\.x5c"):
        certificate_of(spoil(a_leaf()))


def test_it_is_part_of_the_call_and_no_part_of_the_echo() -> None:
    body = json.dumps(a_request_leg(client_certificate=a_jwk(a_leaf()))).encode()
    call = request_adapter().decode(WireRequest("POST", "/", [], body))
    assert call.certificate is not None
    assert call.certificate.subject == "CN=alice,O=Example\\, Inc.,C=DE"
    assert isinstance(call.received, bytes)
    assert b"x5c" not in call.received
