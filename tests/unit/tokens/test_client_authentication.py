"""How we prove to an authorization server who asks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import unquote_plus

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from deemster.tokens.base64url import decode_base64url
from deemster.tokens.client_authentication import ClientSecretBasic, MutualTls, PrivateKeyJwt
from deemster.tokens.jose import KeyNotUsableError, SigningKey, verification_key, verified_payload
from deemster.tokens.precheck import TokenType, precheck
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.keys import ISSUER, signing_key

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
GENERATED: dict[str, Callable[[], PrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize(
    ("client_id", "secret", "expected"),
    [
        # RFC 6749 2.3.1.
        ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
        ("a:b", "c:d", base64.b64encode(b"a%3Ab:c%3Ad").decode()),
        ("a b", "p+q %", base64.b64encode(b"a+b:p%2Bq+%25").decode()),
        ("ä", "€", base64.b64encode(b"%C3%A4:%E2%82%AC").decode()),
    ],
)
def test_id_and_secret_are_encoded_as_forms_are(client_id: str, secret: str, expected: str) -> None:
    proof = ClientSecretBasic(client_id, secret).proof()
    assert proof.headers == {"authorization": f"Basic {expected}"}
    pair = base64.b64decode(expected).decode("ascii").split(":")
    assert [unquote_plus(part) for part in pair] == [client_id, secret]


def test_no_proof_shows_what_it_is_made_of() -> None:
    shown = repr(ClientSecretBasic("deemster", "hunter2").proof())
    assert "Basic" not in shown


def assertion_of(authentication: PrivateKeyJwt) -> str:
    form = authentication.proof().form
    assert form["client_assertion_type"] == (
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )
    return form["client_assertion"]


def claims_in(assertion: str, key: SigningKey) -> dict[str, object]:
    jws = precheck(assertion, algorithms=frozenset({key.algorithm}), token_type=TokenType.ANY)
    found = json.loads(verified_payload(jws, verification_key(key.public_jwk)))
    assert isinstance(found, dict)
    return found


def test_an_assertion_is_ours_for_the_issuer_and_for_a_minute() -> None:
    key = signing_key()
    assertion = assertion_of(PrivateKeyJwt("deemster", key, audience=ISSUER, clock=FrozenClock()))
    claims = claims_in(assertion, key)
    jti = claims.pop("jti")
    assert isinstance(jti, str)
    assert len(jti) >= 22
    assert claims == {
        "iss": "deemster",
        "sub": "deemster",
        "aud": ISSUER,
        "iat": int(FROZEN_AT),
        "exp": int(FROZEN_AT) + 60,
    }
    header = json.loads(decode_base64url(assertion.split(".")[0]))
    assert (header["alg"], header["kid"]) == (key.algorithm, key.key_id)


def test_no_assertion_is_used_twice() -> None:
    authentication = PrivateKeyJwt("deemster", signing_key(), audience=ISSUER, clock=FrozenClock())
    found = {claims_in(assertion_of(authentication), signing_key())["jti"] for _ in range(100)}
    assert len(found) == 100


def test_a_certificate_proves_and_the_form_names_whom() -> None:
    assert MutualTls("deemster").proof().form == {"client_id": "deemster"}


@pytest.mark.parametrize("algorithm", list(GENERATED))
@pytest.mark.parametrize(
    "spelling", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_a_key_may_be_a_pem_file(algorithm: str, spelling: serialization.PrivateFormat) -> None:
    if algorithm == "EdDSA":
        spelling = serialization.PrivateFormat.PKCS8
    pem = GENERATED[algorithm]().private_bytes(
        serialization.Encoding.PEM, spelling, serialization.NoEncryption()
    )
    key = SigningKey.from_pem(pem, algorithm, "k1")
    assert (key.algorithm, key.key_id) == (algorithm, "k1")
    authentication = PrivateKeyJwt("deemster", key, audience=ISSUER, clock=FrozenClock())
    assert claims_in(assertion_of(authentication), key)["iss"] == "deemster"


@pytest.mark.parametrize(
    ("algorithm", "pem"),
    [
        ("ES256", b""),
        ("ES256", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        (
            "RS256",
            GENERATED["ES256"]().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        ),
        (
            "ES256",
            GENERATED["ES256"]()
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        ),
        (
            "ES256",
            GENERATED["ES256"]().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"password"),
            ),
        ),
    ],
    ids=["empty", "no key", "another kind", "public", "encrypted"],
)
def test_a_key_that_cannot_sign_is_refused(algorithm: str, pem: bytes) -> None:
    with pytest.raises(KeyNotUsableError):
        SigningKey.from_pem(pem, algorithm, "k1")
