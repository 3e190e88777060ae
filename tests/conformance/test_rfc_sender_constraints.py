"""Worked examples: RFC 7638 3.1, RFC 8705 3.1 and appendix A, RFC 9068 3, RFC 9449 4.1 and 7.1."""

from __future__ import annotations

import json
import ssl
from hashlib import sha256

import pytest

from deemster.errors import TokenRejectedError
from deemster.gateways.client_certificate import certificate_of_pem
from deemster.model.decision import Reason
from deemster.model.identity import Confirmation, Credential
from deemster.model.sender import SenderRules
from deemster.model.urls import canonical_url
from deemster.tokens.base64url import encode_base64url
from deemster.tokens.claim_rules import ClaimReader
from deemster.tokens.dpop import Proof, access_token_hash, verified_proof
from deemster.tokens.jose import thumbprint_of
from tests.support.keys import a_provider, raw_token
from tests.support.proofs import RFC_8705_CERTIFICATE, RFC_8705_THUMBPRINT

RFC_7638_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc"
    "_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW"
    "2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"
    "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
RFC_9449_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_9449_HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik"
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE"
    "QSIsImNydiI6IlAtMjU2In19"
)
RFC_9449_PROOF = (
    f"{RFC_9449_HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj"
    "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0Z"
    "WRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF"
    "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71E"
    "OptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
RFC_9449_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RFC_9449_RESOURCE = "https://resource.example.org/protectedresource"


def test_rfc_7638_3_1_the_thumbprint_of_a_key() -> None:
    assert thumbprint_of(RFC_7638_KEY) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_rfc_8705_3_1_the_confirmation_of_a_token() -> None:
    claims = json.loads(
        '{"iss": "https://server.example.com", "sub": "ty.webb@example.com", "exp": 1493726400,'
        ' "nbf": 1493722800,'
        ' "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}'
    )
    reader = ClaimReader(claims, malformed=Reason.TOKEN_MALFORMED)
    assert reader.confirmation() == Confirmation(
        None, "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"
    )


def test_rfc_8705_a_the_thumbprint_of_a_certificate() -> None:
    wanted = RFC_8705_THUMBPRINT
    der = ssl.PEM_cert_to_DER_cert(RFC_8705_CERTIFICATE)
    assert encode_base64url(sha256(der).digest()) == wanted
    assert certificate_of_pem(RFC_8705_CERTIFICATE).thumbprint == wanted


async def test_rfc_9068_3_a_token_of_that_header_and_those_claims_is_accepted() -> None:
    claims = {
        "iss": "https://authorization-server.example.com/",
        "sub": "5ba552d67",
        "aud": "https://rs.example.com/",
        "exp": 1639528912,
        "iat": 1618354090,
        "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
        "client_id": "s6BhdRkqt3",
        "scope": "openid profile reademail",
    }
    provider = a_provider(issuer="https://authorization-server.example.com/")
    token = raw_token({"typ": "at+JWT"}, claims)
    found = await provider.verify(
        Credential("bearer", token), audience="https://rs.example.com/", now=1618354100.0
    )
    assert (found.user_id, found.client_id) == ("5ba552d67", "s6BhdRkqt3")
    assert found.scopes == {"openid", "profile", "reademail"}


def rfc_9449(**changes: object) -> Proof:
    facts = {
        "method": "GET",
        "url": canonical_url(RFC_9449_RESOURCE),
        "token": RFC_9449_TOKEN,
        "rules": SenderRules(),
        "skew": 30.0,
        "now": 1562262618.0,
    }
    return verified_proof(RFC_9449_PROOF, **{**facts, **changes})  # type: ignore[arg-type]


def test_rfc_9449_7_1_the_proof_of_a_call_to_a_protected_resource() -> None:
    assert rfc_9449() == Proof(RFC_9449_THUMBPRINT, "e1j3V_bKic8-LAEB", 1562262618.0, None)


def test_rfc_9449_4_2_the_hash_of_the_access_token() -> None:
    assert access_token_hash(RFC_9449_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"method": "POST"}, id="another method"),
        pytest.param({"url": canonical_url(RFC_9449_RESOURCE + "/")}, id="another path"),
        pytest.param({"token": RFC_9449_TOKEN + "x"}, id="another token"),
        pytest.param({"now": 1562262618.0 + 151}, id="too late"),
        pytest.param({"rules": SenderRules(algorithms=("RS256",))}, id="another algorithm"),
    ],
)
def test_rfc_9449_4_3_the_same_proof_is_none_for_anything_else(changes: dict[str, object]) -> None:
    with pytest.raises(TokenRejectedError, match="proof-invalid"):
        rfc_9449(**changes)
