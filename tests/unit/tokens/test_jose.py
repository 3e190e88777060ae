"""Which keys are admitted, and which signatures hold."""

from __future__ import annotations

import pytest

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.tokens.base64url import decode_base64url, encode_base64url
from deemster.tokens.jose import (
    SUPPORTED_ALGORITHMS,
    KeyNotUsableError,
    SigningKey,
    verification_key,
    verified_payload,
)
from deemster.tokens.precheck import CompactJws, TokenType, precheck
from tests.support.keys import raw_token, signature_of, signing_key

RSA = signing_key("RS256").public_jwk
EC = signing_key("ES256").public_jwk
OKP = signing_key("EdDSA").public_jwk


def number(value: int) -> str:
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


def without(jwk: dict[str, object], name: str) -> dict[str, object]:
    return {member: value for member, value in jwk.items() if member != name}


def checked(token: str) -> CompactJws:
    return precheck(token, algorithms=SUPPORTED_ALGORITHMS, token_type=TokenType.ANY)


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED_ALGORITHMS))
def test_every_supported_algorithm_signs_and_verifies(algorithm: str) -> None:
    key = signing_key(algorithm)
    jws = checked(key.sign(b'{"a":1}', typ="at+jwt"))
    assert verified_payload(jws, verification_key(key.public_jwk)) == b'{"a":1}'


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED_ALGORITHMS))
def test_no_algorithm_accepts_another_key_or_a_changed_octet(algorithm: str) -> None:
    key, other = signing_key(algorithm), signing_key(algorithm, "two")
    token = key.sign(b'{"a":1}', typ=None)
    head, _, signature = token.rpartition(".")
    flipped = bytearray(decode_base64url(signature))
    flipped[5] ^= 1
    changed = checked(f"{head}.{encode_base64url(bytes(flipped))}")
    for jws, jwk in [(checked(token), other.public_jwk), (changed, key.public_jwk)]:
        with pytest.raises(TokenRejectedError) as caught:
            verified_payload(jws, verification_key(jwk))
        assert caught.value.reason is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        pytest.param({}, "key type", id="nothing"),
        pytest.param({"kty": "oct", "k": "AAAA"}, "key type", id="symmetric"),
        pytest.param({**RSA, "kty": "rsa"}, "key type", id="kty in another case"),
        pytest.param({**RSA, "kty": ["RSA"]}, "key type", id="kty is a list"),
        pytest.param(signing_key("RS256").private_jwk, "private", id="private RSA key"),
        pytest.param(signing_key("ES256").private_jwk, "private", id="private EC key"),
        pytest.param({**RSA, "k": "AAAA"}, "private", id="mixed key"),
        pytest.param({**RSA, "kid": 7}, "`kid`", id="kid is a number"),
        pytest.param({**RSA, "use": "enc"}, "`use`", id="for encryption"),
        pytest.param({**RSA, "use": None}, "`use`", id="use is null"),
        pytest.param({**RSA, "key_ops": ["sign"]}, "`key_ops`", id="for signing"),
        pytest.param({**RSA, "key_ops": "verify"}, "`key_ops`", id="key_ops is a string"),
        pytest.param({**RSA, "key_ops": []}, "`key_ops`", id="for nothing"),
        pytest.param({**RSA, "alg": "ES256"}, "`alg`", id="RSA key with an EC algorithm"),
        pytest.param({**RSA, "alg": "HS256"}, "`alg`", id="RSA key with HMAC"),
        pytest.param({**RSA, "alg": "RSA-OAEP"}, "`alg`", id="RSA key for encryption"),
        pytest.param({**RSA, "alg": None}, "`alg`", id="alg is null"),
        pytest.param({**EC, "alg": "ES384"}, "`alg`", id="algorithm of another curve"),
        pytest.param({**EC, "alg": "none"}, "`alg`", id="alg none"),
        pytest.param(without(RSA, "n"), "`n`", id="no modulus"),
        pytest.param({**RSA, "e": 65537}, "`e`", id="exponent is a number"),
        pytest.param({**RSA, "n": number(2**1023 + 1)}, "2048", id="1024 bits"),
        pytest.param({**RSA, "n": number(2**2046 + 1)}, "2048", id="2047 bits"),
        pytest.param({**RSA, "n": number(2**8192 + 1)}, "8192", id="8193 bits"),
        pytest.param({**RSA, "n": number(2**16383 + 1)}, "too large", id="16384 bits"),
        pytest.param({**RSA, "e": number(1)}, "exponent", id="e is 1"),
        pytest.param({**RSA, "e": number(0)}, "exponent", id="e is 0"),
        pytest.param({**RSA, "e": number(65536)}, "exponent", id="e is even"),
        pytest.param({**RSA, "e": number(2**33 + 1)}, "exponent", id="e above 2^33"),
        pytest.param({**RSA, "e": number(2**200 + 1)}, "too large", id="e is huge"),
        pytest.param({**RSA, "e": "AQAB=="}, "base64url", id="padded exponent"),
        pytest.param({**EC, "crv": "secp256k1"}, "curve", id="another curve"),
        pytest.param({**EC, "crv": "p-256"}, "curve", id="curve in another case"),
        pytest.param({**EC, "x": EC["y"]}, "material", id="point off the curve"),
        pytest.param({**EC, "x": "AAAA"}, "material", id="short coordinate"),
        pytest.param(without(EC, "y"), "`y`", id="no y"),
        pytest.param({**OKP, "crv": "X25519"}, "curve", id="key agreement curve"),
        pytest.param({**OKP, "x": "AAAA"}, "material", id="short Ed25519 key"),
    ],
)
def test_a_key_that_should_verify_no_token_is_not_admitted(
    jwk: dict[str, object], reason: str
) -> None:
    with pytest.raises(KeyNotUsableError, match=reason):
        verification_key(jwk)


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        pytest.param({**RSA, "alg": "PS384"}, {"PS384"}, id="RSA with alg"),
        pytest.param(
            without(RSA, "alg"),
            {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
            id="RSA without alg",
        ),
        pytest.param(without(EC, "alg"), {"ES256"}, id="EC without alg"),
        pytest.param(without(OKP, "alg"), {"EdDSA"}, id="OKP without alg"),
        pytest.param({**EC, "use": "sig", "key_ops": ["verify"]}, {"ES256"}, id="for verifying"),
        pytest.param(
            {**EC, "x5c": ["!"], "x5u": "http://evil.example"}, {"ES256"}, id="x5 ignored"
        ),
    ],
)
def test_a_key_serves_only_the_algorithms_that_all_its_members_allow(
    jwk: dict[str, object], algorithms: set[str]
) -> None:
    assert verification_key(jwk).algorithms == algorithms


def test_a_key_is_not_used_under_another_algorithm_of_its_type() -> None:
    key = signing_key("RS256")
    token = raw_token({"alg": "RS512"}, key=SigningKey({**key.private_jwk, "alg": "RS512"}))
    with pytest.raises(TokenRejectedError, match="signature-invalid"):
        verified_payload(checked(token), verification_key(key.public_jwk))


@pytest.mark.parametrize("extra", [b"\0", b"\0\0"], ids=["one octet", "two octets"])
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_signature_of_another_length_never_holds(algorithm: str, extra: bytes) -> None:
    key = signing_key(algorithm)
    head, _, signature = key.sign(b"{}", typ=None).rpartition(".")
    octets = decode_base64url(signature)
    for changed in (octets + extra, extra + octets, octets[len(extra) :]):
        with pytest.raises(TokenRejectedError, match="signature-invalid"):
            verified_payload(
                checked(f"{head}.{encode_base64url(changed)}"), verification_key(key.public_jwk)
            )


def test_an_over_long_ecdsa_signature_is_refused() -> None:
    # Wycheproof's kind: both halves padded with zeros, numerically the same signature.
    key = signing_key("ES256")
    head, _, signature = key.sign(b"{}", typ=None).rpartition(".")
    octets = decode_base64url(signature)
    padded = bytes(4) + octets[:32] + bytes(4) + octets[32:]
    with pytest.raises(TokenRejectedError, match="signature-invalid"):
        verified_payload(
            checked(f"{head}.{encode_base64url(padded)}"), verification_key(key.public_jwk)
        )


def test_a_signing_key_shows_no_private_part() -> None:
    key = signing_key("RS256")
    assert "d" not in key.public_jwk
    assert repr(key) == "SigningKey(RS256, RS256-one)"


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param({}, id="nothing"),
        pytest.param(signing_key("ES256").public_jwk, id="public only"),
        pytest.param({"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "k"}, id="symmetric"),
        pytest.param({**signing_key("ES256").private_jwk, "alg": "RS256"}, id="alg does not fit"),
        pytest.param(without(signing_key("ES256").private_jwk, "kid"), id="no kid"),
        pytest.param({**signing_key("ES256").private_jwk, "d": "!"}, id="broken"),
    ],
)
def test_what_cannot_sign_is_no_signing_key(jwk: dict[str, object]) -> None:
    with pytest.raises(KeyNotUsableError):
        SigningKey(jwk)


def test_a_true_signature_made_by_hand_holds_too() -> None:
    key = signing_key("ES256")
    signing_input = encode_base64url(b'{"alg":"ES256"}') + "." + encode_base64url(b"octets")
    signature = encode_base64url(signature_of(signing_input.encode(), key))
    jws = checked(f"{signing_input}.{signature}")
    assert verified_payload(jws, verification_key(key.public_jwk)) == b"octets"
