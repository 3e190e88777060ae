"""The worked examples of RFC 7515 (appendix A) and RFC 8037 (appendix A) through tokens/jose.py."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.tokens.base64url import decode_base64url
from deemster.tokens.jose import (
    SUPPORTED_ALGORITHMS,
    KeyNotUsableError,
    verification_key,
    verified_payload,
)
from deemster.tokens.precheck import TokenType, precheck

CLAIMS = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
A1_KEY = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
A1 = (
    f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
A2_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx"
    "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
    "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH"
    "SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8"
    "NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
A2 = (
    f"eyJhbGciOiJSUzI1NiJ9.{CLAIMS}."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
    "p0igcN_IoypGlUPQGe77Rw"
)
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
A3 = (
    f"eyJhbGciOiJFUzI1NiJ9.{CLAIMS}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
    "pmWQxfKTUJqPP3-Kg6NU1Q"
)
A4_KEY = {
    "kty": "EC",
    "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
}
A4 = (
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZq"
    "wqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8Kp"
    "EHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
)
A5 = f"eyJhbGciOiJub25lIn0.{CLAIMS}."
ED25519_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
ED25519 = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B"
    "hVsPt9g7sVvpAr_MuM0KAg"
)
GOOD = [
    pytest.param(A2, A2_KEY, decode_base64url(CLAIMS), id="RFC 7515 A.2, RS256"),
    pytest.param(A3, A3_KEY, decode_base64url(CLAIMS), id="RFC 7515 A.3, ES256"),
    pytest.param(A4, A4_KEY, b"Payload", id="RFC 7515 A.4, ES512"),
    pytest.param(ED25519, ED25519_KEY, b"Example of Ed25519 signing", id="RFC 8037 A.4, EdDSA"),
]


def verified(token: str, jwk: Mapping[str, object]) -> bytes:
    jws = precheck(token, algorithms=SUPPORTED_ALGORITHMS, token_type=TokenType.ANY)
    return verified_payload(jws, verification_key(jwk))


@pytest.mark.parametrize(("token", "jwk", "payload"), GOOD)
def test_the_example_verifies(token: str, jwk: dict[str, object], payload: bytes) -> None:
    assert verified(token, jwk) == payload


@pytest.mark.parametrize(("token", "jwk", "payload"), GOOD)
def test_the_example_with_one_changed_character_does_not(
    token: str, jwk: dict[str, object], payload: bytes
) -> None:
    head, body, signature = token.split(".")
    changed_body = ("A" if body[0] != "A" else "B") + body[1:]
    changed_signature = ("A" if signature[0] != "A" else "B") + signature[1:]
    for changed in (f"{head}.{changed_body}.{signature}", f"{head}.{body}.{changed_signature}"):
        with pytest.raises(TokenRejectedError, match="token-signature-invalid"):
            verified(changed, jwk)


@pytest.mark.parametrize(
    "token", [pytest.param(A1, id="A.1, HS256"), pytest.param(A5, id="A.5, none")]
)
def test_the_examples_without_a_public_key_are_refused(token: str) -> None:
    with pytest.raises(TokenRejectedError) as caught:
        precheck(token, algorithms=SUPPORTED_ALGORITHMS, token_type=TokenType.ANY)
    assert caught.value.reason is Reason.TOKEN_SIGNATURE_INVALID


def test_the_symmetric_key_of_the_first_example_is_not_admitted() -> None:
    with pytest.raises(KeyNotUsableError):
        verification_key(A1_KEY)


def test_the_key_of_another_example_verifies_nothing() -> None:
    with pytest.raises(TokenRejectedError, match="token-signature-invalid"):
        verified(A3, A4_KEY)
