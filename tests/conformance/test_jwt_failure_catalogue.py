"""The catalogue of what goes wrong with JWTs, row by row; every test is named after its row.

Keys, tokens and variants are all made here. The network guard of tests/conftest.py fails any test
in which something reached for the network.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential, VerifiedClaims
from deemster.tokens.base64url import decode_base64url, encode_base64url
from deemster.tokens.jose import SigningKey
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.precheck import TokenType
from tests.support.clock import FROZEN_AT as NOW
from tests.support.keys import (
    AUDIENCE,
    ISSUER,
    a_provider,
    claims_of,
    key_set_of,
    minted,
    raw_token,
    signing_key,
)

RSA, EC = signing_key("RS256"), signing_key("ES256")


async def verified(token: str, provider: JwtProvider) -> VerifiedClaims:
    return await provider.verify(Credential("bearer", token), audience=AUDIENCE, now=NOW)


async def reason_of(token: str, provider: JwtProvider | None = None) -> Reason:
    with pytest.raises(TokenRejectedError) as caught:
        await verified(token, provider or a_provider(RSA, EC))
    return caught.value.reason


def forms_of(key: SigningKey) -> dict[str, bytes]:
    public = PyJWK(key.public_jwk, algorithm=key.algorithm).key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forms = {
        "pem": pem,
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(key.public_jwk).encode(),
        "sorted jwk": json.dumps(key.public_jwk, sort_keys=True, separators=(",", ":")).encode(),
        "empty": b"",
    }
    if key.algorithm == "RS256":
        forms["pkcs1 pem"] = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        forms["modulus"] = decode_base64url(str(key.public_jwk["n"]))
    spaced = {
        f"{name} with {where}": value
        for name, octets in forms.items()
        for where, value in (
            ("leading space", b" " + octets),
            ("trailing line feed", octets + b"\n"),
            ("no trailing line feed", octets.rstrip(b"\n")),
        )
    }
    return forms | spaced


def hmac_token(secret: bytes, header: dict[str, object]) -> str:
    digest = getattr(hashlib, f"sha{str(header['alg'])[2:]}")
    octets = [json.dumps(part).encode() for part in (header, claims_of())]
    signing_input = ".".join(encode_base64url(part) for part in octets)
    signature = hmac.new(secret, signing_input.encode(), digest).digest()
    return f"{signing_input}.{encode_base64url(signature)}"


@pytest.mark.catalogue("J1")
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", list(forms_of(RSA)))
async def test_j1_a_public_key_is_never_an_hmac_secret(form: str, algorithm: str) -> None:
    for key in (RSA, EC):
        secret = forms_of(key).get(form, b"")
        header: dict[str, object] = {"alg": algorithm, "kid": key.key_id, "typ": "at+jwt"}
        without_algorithm = {k: v for k, v in key.public_jwk.items() if k != "alg"}
        for keys in (key_set_of(key), key_set_of(without_algorithm)):
            provider = a_provider(key_set=keys)
            token = hmac_token(secret, header)
            assert await reason_of(token, provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J1")
async def test_j1_a_symmetric_key_in_a_published_set_verifies_nothing() -> None:
    secret = {"kty": "oct", "kid": "shared", "alg": "HS256", "k": encode_base64url(b"s" * 32)}
    provider = a_provider(key_set=key_set_of(EC, secret))
    token = hmac_token(b"s" * 32, {"alg": "HS256", "kid": "shared", "typ": "at+jwt"})
    assert await reason_of(token, provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J2")
@pytest.mark.parametrize("signature", ["", "AA", encode_base64url(bytes(64))])
@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "none ", "", " none"])
async def test_j2_no_signature_is_never_a_signature(algorithm: str, signature: str) -> None:
    head, payload, _ = raw_token({"alg": algorithm}).split(".")
    token = f"{head}.{payload}.{signature}"
    assert await reason_of(token) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J3")
@pytest.mark.parametrize(("key", "algorithm"), [("RS256", "PS256"), ("RS256", "RS384")])
async def test_j3_header_key_and_settings_agree_on_the_algorithm(key: str, algorithm: str) -> None:
    # Allowed by the settings and truly signed, but not what the key says it is for.
    provider = a_provider(signing_key(key), algorithms=[key, algorithm])
    signer = SigningKey({**signing_key(key).private_jwk, "alg": algorithm})
    token = raw_token(key=signer)
    assert await reason_of(token, provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J3")
async def test_j3_an_algorithm_the_key_could_do_is_refused_unless_the_settings_list_it() -> None:
    jwk = {k: v for k, v in RSA.public_jwk.items() if k != "alg"}
    signer = SigningKey({**RSA.private_jwk, "alg": "PS256"})
    strict = a_provider(key_set=key_set_of(jwk), algorithms=["RS256"])
    assert await reason_of(raw_token(key=signer), strict) is Reason.TOKEN_SIGNATURE_INVALID
    wider = a_provider(key_set=key_set_of(jwk), algorithms=["RS256", "PS256"])
    assert (await verified(raw_token(key=signer), wider)).user_id == "alice"


@pytest.mark.catalogue("J4")
@pytest.mark.parametrize("crit", [["exp"], [], "exp", [1], ["b64"], ["absent"], None, True])
async def test_j4_nothing_is_critical_here(crit: object) -> None:
    assert await reason_of(raw_token({"crit": crit})) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J4")
@pytest.mark.parametrize("header", [{"b64": False}, {"b64": True}, {"zip": "DEF"}])
async def test_j4_neither_b64_nor_zip_is_taken(header: dict[str, object]) -> None:
    assert await reason_of(raw_token(header)) is Reason.TOKEN_MALFORMED
    assert await reason_of(raw_token({**header, "crit": list(header)})) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J5")
@pytest.mark.parametrize("kid", ["ES256-two", "ES256-one", ...])
@pytest.mark.parametrize(
    "member",
    [
        {"jwk": signing_key("ES256", "two").public_jwk},
        {"jku": "http://127.0.0.1:9/jwks"},
        {"jku": "https://auth.example.com/jwks"},
        {"x5u": "http://127.0.0.1:9/cert"},
        {"x5c": ["MIIB"]},
    ],
    ids=lambda member: next(iter(member)),
)
async def test_j5_a_token_never_brings_its_own_key(member: dict[str, object], kid: object) -> None:
    token = raw_token({**member, "kid": kid}, key=signing_key("ES256", "two"))
    assert await reason_of(token, a_provider(EC)) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J5")
async def test_j5_an_unknown_key_is_an_error_and_not_no_key() -> None:
    token = minted(key=signing_key("ES256", "two"))
    assert await reason_of(token, a_provider(EC)) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J6")
@pytest.mark.parametrize(
    ("kid", "reason"),
    [
        pytest.param("../../dev/null", Reason.TOKEN_SIGNATURE_INVALID, id="path"),
        pytest.param("' or 1=1 --", Reason.TOKEN_SIGNATURE_INVALID, id="sql"),
        pytest.param("https://evil.example/k", Reason.TOKEN_SIGNATURE_INVALID, id="url"),
        pytest.param("ES256-\u043ene", Reason.TOKEN_SIGNATURE_INVALID, id="look-alike"),
        pytest.param("", Reason.TOKEN_SIGNATURE_INVALID, id="empty"),
        pytest.param("k" * 129, Reason.TOKEN_MALFORMED, id="long"),
        pytest.param("k" * 1_000_000, Reason.TOKEN_MALFORMED, id="megabyte"),
        pytest.param("ES256-one\0", Reason.TOKEN_MALFORMED, id="nul"),
        pytest.param(7, Reason.TOKEN_MALFORMED, id="number"),
        pytest.param(["ES256-one"], Reason.TOKEN_MALFORMED, id="list"),
        pytest.param(None, Reason.TOKEN_MALFORMED, id="null"),
    ],
)
async def test_j6_a_key_id_is_a_short_name_and_nothing_more(kid: object, reason: Reason) -> None:
    assert await reason_of(raw_token({"kid": kid})) is reason


@pytest.mark.catalogue("J7")
async def test_j7_one_key_id_at_two_providers_is_two_keys() -> None:
    ours = signing_key("ES256")
    theirs = SigningKey({**signing_key("ES256", "two").private_jwk, "kid": ours.key_id})
    our_provider, their_provider = a_provider(ours), a_provider(theirs, id="theirs")
    tokens = {our_provider: minted("a", key=ours), their_provider: minted("b", key=theirs)}
    for provider, other in [(our_provider, their_provider), (their_provider, our_provider)]:
        assert (await verified(tokens[provider], provider)).provider == provider.id
        assert await reason_of(tokens[other], provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J8")
@pytest.mark.parametrize(
    "iss", [ISSUER + "/", ISSUER + "x", ISSUER[:-1], ISSUER.upper(), " " + ISSUER, ""]
)
async def test_j8_the_issuer_is_compared_exactly(iss: str) -> None:
    assert await reason_of(minted(iss=iss)) is Reason.TOKEN_ISSUER_UNKNOWN


@pytest.mark.catalogue("J8")
@pytest.mark.parametrize(
    "aud", [AUDIENCE[:-1], AUDIENCE + "2", AUDIENCE.lower(), "", "*", [AUDIENCE[:-1]], []]
)
async def test_j8_the_audience_is_compared_exactly(aud: object) -> None:
    assert await reason_of(minted(aud=aud)) is Reason.TOKEN_AUDIENCE_MISMATCH


@pytest.mark.catalogue("J8")
async def test_j8_a_token_of_one_provider_is_refused_by_another() -> None:
    other = a_provider(EC, id="other", issuer="https://other.example.com")
    assert await reason_of(minted(key=EC), other) is Reason.TOKEN_ISSUER_UNKNOWN


@pytest.mark.catalogue("J9")
@pytest.mark.parametrize(
    ("typ", "accepted"),
    [
        ("at+jwt", True),
        ("application/at+jwt", True),
        ("AT+JWT", True),
        ("JWT", False),
        (None, False),
        ("dpop+jwt", False),
        ("logout+jwt", False),
        ("id_token", False),
    ],
)
async def test_j9_only_access_tokens_are_access_tokens(typ: str | None, accepted: bool) -> None:
    token = minted(typ=typ)
    if accepted:
        assert (await verified(token, a_provider())).user_id == "alice"
    else:
        assert await reason_of(token) is Reason.TOKEN_TYPE_REJECTED
        opted_out = a_provider(token_type=TokenType.ANY)
        assert (await verified(token, opted_out)).user_id == "alice"


@pytest.mark.catalogue("J10")
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"sub":"admin","sub":"alice"}', id="sub"),
        pytest.param(b'{"\\u0073ub":"admin","sub":"alice"}', id="escaped sub"),
        pytest.param(b'{"exp":1,"exp":9999999999}', id="exp"),
        pytest.param(b'{"a":{"b":[{"c":1,"c":2}]}}', id="deep"),
    ],
)
async def test_j10_duplicate_claims_are_refused_though_truly_signed(payload: bytes) -> None:
    whole = payload[:-1] + b"," + json.dumps(claims_of(None, exp=...)).encode()[1:]
    assert await reason_of(raw_token(payload=whole)) is Reason.TOKEN_MALFORMED


def other_spellings(token: str) -> dict[str, str]:
    head, payload, signature = token.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # 64 octets leave four unused bits in the last character.
    loose = signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]
    octets = decode_base64url(signature)
    return {
        "padded signature": f"{head}.{payload}.{signature}==",
        "unused bits": f"{head}.{payload}.{loose}",
        "space": f"{head}.{payload}.{signature[:9]} {signature[9:]}",
        "line feed": f"{head}.{payload}.{signature}\n",
        "padded header": f"{head}=.{payload}.{signature}",
        "longer signature": f"{head}.{payload}.{encode_base64url(octets + bytes(3))}",
        "the other alphabet": f"{head}.{payload}.{signature[:-4]}+/+/",
    }


@pytest.mark.catalogue("J11")
@pytest.mark.parametrize("spelling", list(other_spellings(minted())))
async def test_j11_a_token_has_one_spelling(spelling: str) -> None:
    token = minted()
    provider = a_provider()
    await verified(token, provider)
    changed = other_spellings(token)[spelling]
    credential = Credential("bearer", changed)
    assert provider.recall(credential, audience=AUDIENCE, now=NOW) is None
    assert await reason_of(changed, provider) in {
        Reason.TOKEN_MALFORMED,
        Reason.TOKEN_SIGNATURE_INVALID,
    }


@pytest.mark.catalogue("J12")
@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "auth_time"])
@pytest.mark.parametrize(
    "date",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"9" * 400,
        b"9" * 5000,
        b'"1763800000"',
        b"true",
        b"null",
        b"-1",
        b"[1]",
        b"{}",
        b"9007199254740992",
    ],
    ids=lambda date: date[:16].decode(),
)
async def test_j12_a_date_is_a_sane_number(name: str, date: bytes) -> None:
    others = json.dumps(claims_of("alice", **{name: ...})).encode()
    payload = b'{"' + name.encode() + b'":' + date + b"," + others[1:]
    assert await reason_of(raw_token(payload=payload)) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J13")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"exp": NOW - 29}, None, id="exp within the skew"),
        pytest.param({"exp": NOW - 30}, Reason.TOKEN_EXPIRED, id="exp at the skew"),
        pytest.param({"exp": NOW - 31}, Reason.TOKEN_EXPIRED, id="exp beyond the skew"),
        pytest.param({"nbf": NOW + 29}, None, id="nbf within the skew"),
        pytest.param({"nbf": NOW + 30}, None, id="nbf at the skew"),
        pytest.param({"nbf": NOW + 31}, Reason.TOKEN_NOT_YET_VALID, id="nbf beyond the skew"),
        pytest.param({"iat": NOW + 30}, None, id="iat at the skew"),
        pytest.param({"iat": NOW + 31}, Reason.TOKEN_NOT_YET_VALID, id="iat beyond the skew"),
        pytest.param({"iat": NOW + 86400}, Reason.TOKEN_NOT_YET_VALID, id="iat tomorrow"),
        pytest.param({"exp": ...}, Reason.TOKEN_MALFORMED, id="no exp"),
    ],
)
async def test_j13_the_skew_is_applied_once(
    changes: dict[str, object], reason: Reason | None
) -> None:
    token = minted("alice", **{"iat": ..., **changes})  # type: ignore[arg-type] # claims
    if reason is None:
        assert (await verified(token, a_provider())).user_id == "alice"
    else:
        assert await reason_of(token) is reason


@pytest.mark.catalogue("J14")
@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: minted(pad="x" * 20_000), id="20 kB and truly signed"),
        pytest.param(lambda: minted() + "A" * 1_000_000, id="1 MB"),
        pytest.param(lambda: "." * 1_000_000, id="a million dots"),
        pytest.param(lambda: "A" * 64_000_000, id="64 MB"),
        pytest.param(lambda: raw_token(b'{"a":' + b"[" * 8000), id="deep header"),
        pytest.param(lambda: raw_token(payload=b'{"a":' + b"[" * 8000), id="deep payload"),
        pytest.param(
            lambda: raw_token(payload=b'{"a":' + b"[" * 32 + b"]" * 32 + b"}"), id="33 deep"
        ),
    ],
)
async def test_j14_what_costs_too_much_is_not_read(token: Callable[[], str]) -> None:
    assert await reason_of(token()) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J14")
async def test_j14_a_token_of_sixteen_kilobytes_is_taken() -> None:
    token = minted(pad="x" * 11_500)
    assert 15_000 < len(token) <= 16_384
    assert (await verified(token, a_provider())).user_id == "alice"


@pytest.mark.catalogue("J15")
@pytest.mark.parametrize("bits", [1024, 16384])
async def test_j15_a_key_too_weak_or_too_large_is_dropped_and_the_others_stay(bits: int) -> None:
    modulus = encode_base64url((2 ** (bits - 1) + 1).to_bytes(bits // 8, "big"))
    odd = {"kty": "RSA", "kid": "odd", "n": modulus, "e": "AQAB"}
    provider = a_provider(key_set=key_set_of(odd, EC))
    assert await reason_of(raw_token({"kid": "odd"}), provider) is Reason.TOKEN_SIGNATURE_INVALID
    assert (await verified(minted(key=EC), provider)).user_id == "alice"


@pytest.mark.catalogue("J16")
@pytest.mark.parametrize(
    "purpose", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": []}, {"alg": "ES384"}]
)
async def test_j16_a_key_for_another_purpose_verifies_nothing(purpose: dict[str, object]) -> None:
    provider = a_provider(key_set=key_set_of({**EC.public_jwk, **purpose}))
    assert await reason_of(minted(key=EC), provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J17")
@pytest.mark.parametrize(
    "token",
    [
        pytest.param("e30.e30.e30.e30.e30", id="five segments"),
        pytest.param("e30..e30.e30.e30", id="jwe without a key"),
        pytest.param(
            json.dumps(
                dict(zip(("protected", "payload", "signature"), minted().split("."), strict=True))
            ),
            id="flattened json",
        ),
        pytest.param(json.dumps({"payload": "e30", "signatures": []}), id="general json"),
        pytest.param(raw_token({"cty": "JWT"}, minted().encode()), id="nested"),
        pytest.param(raw_token(payload=b'"' + minted().encode() + b'"'), id="nested as a string"),
        pytest.param(raw_token(payload=b"[]"), id="list of claims"),
        pytest.param(raw_token(payload=b"null"), id="no claims"),
        pytest.param(minted().split(".")[0] + ".." + minted().split(".")[2], id="detached"),
    ],
)
async def test_j17_only_a_plain_compact_jws_of_claims_is_taken(token: str) -> None:
    assert await reason_of(token) in {Reason.TOKEN_MALFORMED, Reason.TOKEN_SIGNATURE_INVALID}


@pytest.mark.catalogue("J19")
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xef\xbb\xbf" + json.dumps(claims_of()).encode(), id="bom"),
        pytest.param(json.dumps(claims_of()).encode("utf-16"), id="utf-16"),
        pytest.param(json.dumps(claims_of()).encode("utf-16-le"), id="utf-16 without bom"),
        pytest.param(json.dumps(claims_of()).encode("utf-32"), id="utf-32"),
        pytest.param(json.dumps(claims_of("\ud800")).encode(), id="lone surrogate"),
        pytest.param(
            json.dumps(claims_of(), ensure_ascii=False).encode()[:-1] + b',"a":"\xff"}',
            id="latin-1",
        ),
    ],
)
async def test_j19_claims_are_utf_8(payload: bytes) -> None:
    assert await reason_of(raw_token(payload=payload)) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J20")
async def test_j20_a_verified_signature_vouches_for_no_other_payload() -> None:
    provider = a_provider()
    token = minted("alice")
    await verified(token, provider)
    head, _, signature = token.split(".")
    forged = f"{head}.{encode_base64url(json.dumps(claims_of('admin')).encode())}.{signature}"
    credential = Credential("bearer", forged)
    assert provider.recall(credential, audience=AUDIENCE, now=NOW) is None
    assert await reason_of(forged, provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J20")
async def test_j20_two_hundred_users_at_once_each_get_their_own_claims() -> None:
    provider = a_provider()

    async def judged(subject: str) -> tuple[str | None, str | None]:
        credential = Credential("bearer", minted(subject, scope=f"of-{subject}"))
        first = await provider.verify(credential, audience=AUDIENCE, now=NOW)
        await asyncio.sleep(0)
        again = provider.recall(credential, audience=AUDIENCE, now=NOW)
        assert again is not None
        assert first.scopes == again.scopes == {f"of-{subject}"}
        return first.user_id, again.user_id

    subjects = [f"user-{number}" for number in range(200)]
    assert await asyncio.gather(*map(judged, subjects)) == [(name, name) for name in subjects]
