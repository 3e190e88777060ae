"""Security bugs of the JOSE libraries and of products like ours, each tried on us by its id.

Pinned versions have the libraries' own mends; these tests hold even if a version had none.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import zlib
from importlib.metadata import version

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwt import PyJWK

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from deemster.tokens.base64url import encode_base64url
from deemster.tokens.jose import SigningKey
from deemster.tokens.jwt_provider import JwtProvider
from deemster.tokens.remote_keys import FetchedKeys, RemoteKeySet
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock
from tests.support.keys import (
    AUDIENCE,
    ISSUER,
    a_provider,
    claims_of,
    key_document,
    key_set_of,
    minted,
    raw_token,
    signing_key,
)

RSA, EC = signing_key("RS256"), signing_key("ES256")


async def reason_of(token: str, provider: JwtProvider | None = None) -> Reason:
    provider = provider or a_provider(RSA, EC)
    with pytest.raises(TokenRejectedError) as caught:
        await provider.verify(Credential("bearer", token), audience=AUDIENCE, now=NOW)
    return caught.value.reason


def hs256(secret: bytes, kid: str) -> str:
    header = {"alg": "HS256", "kid": kid, "typ": "at+jwt"}
    parts = [encode_base64url(json.dumps(part).encode()) for part in (header, claims_of())]
    signature = hmac.new(secret, ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, encode_base64url(signature)])


@pytest.mark.parametrize(
    ("package", "least"),
    [("PyJWT", (2, 13, 0)), ("jwcrypto", (1, 5, 7)), ("cryptography", (46, 0, 5))],
)
def test_the_installed_library_has_its_published_mends(
    package: str, least: tuple[int, ...]
) -> None:
    assert tuple(int(part) for part in version(package).split(".")[:3]) >= least


@pytest.mark.catalogue("J1")
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER, Encoding.OpenSSH])
async def test_cve_2022_29217_a_public_key_in_any_encoding_is_no_secret(
    encoding: Encoding,
) -> None:
    # PyJWT knew some encodings of public keys and took the others for HMAC secrets.
    form = (
        PublicFormat.OpenSSH if encoding is Encoding.OpenSSH else PublicFormat.SubjectPublicKeyInfo
    )
    for key in (RSA, EC):
        secret = PyJWK(key.public_jwk).key.public_bytes(encoding, form)
        assert await reason_of(hs256(secret, key.key_id)) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J1")
async def test_cve_2026_34950_white_space_before_the_key_changes_nothing() -> None:
    pem = PyJWK(RSA.public_jwk).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (b" " + pem, b"\n" + pem, pem + b" "):
        assert await reason_of(hs256(secret, RSA.key_id)) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J1")
async def test_cve_2026_44699_a_key_without_an_algorithm_is_no_empty_secret() -> None:
    jwk = {name: value for name, value in RSA.public_jwk.items() if name != "alg"}
    provider = a_provider(key_set=key_set_of(jwk))
    assert await reason_of(hs256(b"", RSA.key_id), provider) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J8")
@pytest.mark.parametrize("iss", [ISSUER[:10], ISSUER[5:], "https", "a", ""])
async def test_cve_2024_53861_part_of_the_issuer_is_not_the_issuer(iss: str) -> None:
    assert await reason_of(minted(iss=iss)) is Reason.TOKEN_ISSUER_UNKNOWN


@pytest.mark.catalogue("J4")
@pytest.mark.parametrize("crit", [["x-unknown"], ["exp"], [], ["b64", "x"]])
async def test_cve_2026_32597_unknown_critical_members_are_refused(crit: list[str]) -> None:
    token = raw_token({"crit": crit, "x-unknown": True})
    assert await reason_of(token) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J3")
async def test_cve_2026_48523_the_algorithm_that_is_listed_is_the_one_that_verifies() -> None:
    # Header says RS512, which the settings list; the signature is RS256, as the key says.
    provider = a_provider(RSA, algorithms=["RS256", "RS512"])
    assert await reason_of(raw_token({"alg": "RS512"}, key=RSA), provider) is (
        Reason.TOKEN_SIGNATURE_INVALID
    )


@pytest.mark.catalogue("K1")
async def test_cve_2026_48524_a_failing_fetch_for_an_unknown_key_loses_no_key(
    clock: FrozenClock,
) -> None:
    class Failing:
        fetches = 0

        async def fetch(self) -> FetchedKeys:
            self.fetches += 1
            if self.fetches > 1:
                raise DependencyUnavailableError("identity provider")
            return FetchedKeys(key_document(EC))

    document = Failing()
    provider = a_provider(key_set=RemoteKeySet("keys", document, clock=clock))
    good = Credential("bearer", minted(key=EC))
    await provider.verify(good, audience=AUDIENCE, now=NOW)
    clock.advance(31)
    for number in range(50):
        token = raw_token({"kid": f"random-{number}"})
        assert await reason_of(token, provider) is Reason.TOKEN_SIGNATURE_INVALID
    assert document.fetches == 2
    assert (await provider.verify(good, audience=AUDIENCE, now=NOW)).user_id == "alice"


@pytest.mark.catalogue("J14")
@pytest.mark.parametrize("crit", [["b64"], ...])
async def test_cve_2026_48525_an_unencoded_payload_is_refused_before_it_is_read(
    crit: object,
) -> None:
    token = raw_token({"b64": False, "crit": crit})
    head, _, signature = token.split(".")
    assert await reason_of(token) is Reason.TOKEN_MALFORMED
    assert await reason_of(f"{head}..{signature}") is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J18")
@pytest.mark.parametrize("advisory", ["CVE-2024-28102", "CVE-2026-39373"])
async def test_cve_2024_28102_and_cve_2026_39373_a_compressed_jwe_is_never_inflated(
    advisory: str,
) -> None:
    key = JWK.generate(kty="RSA", size=2048)
    jwe = JWE(
        b"a" * 8_000_000 if advisory == "CVE-2026-39373" else b"a" * 200_000,
        json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF"}),
        recipient=key,
    )
    assert await reason_of(jwe.serialize(compact=True)) is Reason.TOKEN_MALFORMED
    bomb = encode_base64url(zlib.compress(b"a" * 5_000_000)[2:-4])
    signed = raw_token({"zip": "DEF"}).split(".")
    assert await reason_of(f"{signed[0]}.{bomb}.{signed[2]}") is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J18")
async def test_cve_2023_6681_no_password_is_ever_stretched() -> None:
    header = {
        "alg": "PBES2-HS512+A256KW",
        "enc": "A256GCM",
        "p2c": 2**31 - 1,
        "p2s": encode_base64url(b"salt"),
    }
    protected = encode_base64url(json.dumps(header).encode())
    assert await reason_of(f"{protected}.AA.AA.AA.AA") is Reason.TOKEN_MALFORMED
    assert await reason_of(f"{protected}.AA.AA") is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J5")
@pytest.mark.parametrize("kid", ["unknown", ..., EC.key_id])
async def test_cve_2018_0114_and_cve_2026_27962_a_key_in_the_header_is_not_used(
    kid: object,
) -> None:
    attacker = signing_key("ES256", "attacker")
    token = raw_token({"jwk": attacker.public_jwk, "kid": kid}, key=attacker)
    assert await reason_of(token) is Reason.TOKEN_MALFORMED


@pytest.mark.catalogue("J7")
async def test_cve_2026_49998_key_ids_mean_nothing_outside_their_provider() -> None:
    theirs = SigningKey({**signing_key("ES256", "two").private_jwk, "kid": EC.key_id})
    ours, other = a_provider(EC), a_provider(theirs, id="other")
    await asyncio.gather(
        *[
            provider.verify(Credential("bearer", minted(key=key)), audience=AUDIENCE, now=NOW)
            for provider, key in [(ours, EC), (other, theirs)] * 20
        ]
    )
    assert await reason_of(minted(key=theirs), ours) is Reason.TOKEN_SIGNATURE_INVALID
    assert await reason_of(minted(key=EC), other) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.catalogue("J20")
async def test_cve_2026_35039_a_remembered_token_gives_nobody_elses_claims() -> None:
    provider = a_provider()
    tokens = {name: minted(name) for name in ("alice", "bob")}
    for token in tokens.values():
        await provider.verify(Credential("bearer", token), audience=AUDIENCE, now=NOW)
    for name, token in tokens.items():
        claims = provider.recall(Credential("bearer", token), audience=AUDIENCE, now=NOW)
        assert claims is not None
        assert claims.user_id == name
    mixed = tokens["alice"].rpartition(".")[0] + "." + tokens["bob"].rpartition(".")[2]
    assert provider.recall(Credential("bearer", mixed), audience=AUDIENCE, now=NOW) is None
    assert await reason_of(mixed, provider) is Reason.TOKEN_SIGNATURE_INVALID
