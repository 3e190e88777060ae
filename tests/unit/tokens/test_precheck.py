"""The structural check refuses before a library sees the token."""

from __future__ import annotations

import json

import pytest

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.tokens.base64url import encode_base64url
from deemster.tokens.precheck import TokenType, precheck

ALGORITHMS = frozenset({"ES256"})
GOOD = {"alg": "ES256", "typ": "at+jwt", "kid": "k"}
SIGNATURE = encode_base64url(bytes(64))


def token_of(header: object) -> str:
    octets = header if isinstance(header, bytes) else json.dumps(header).encode()
    return f"{encode_base64url(octets)}.e30.{SIGNATURE}"


def reason_of(token: str, token_type: TokenType = TokenType.AT_JWT) -> Reason:
    with pytest.raises(TokenRejectedError) as caught:
        precheck(token, algorithms=ALGORITHMS, token_type=token_type)
    return caught.value.reason


def test_a_sound_token_gives_its_algorithm_key_id_and_signature() -> None:
    jws = precheck(token_of(GOOD), algorithms=ALGORITHMS, token_type=TokenType.AT_JWT)
    assert (jws.algorithm, jws.key_id, jws.signature) == ("ES256", "k", bytes(64))


def test_a_header_seen_before_is_judged_by_each_provider_anew() -> None:
    token = token_of({**GOOD, "typ": "JWT"})
    assert precheck(token, algorithms=ALGORITHMS, token_type=TokenType.ANY).key_id == "k"
    with pytest.raises(TokenRejectedError, match="token-type-rejected"):
        precheck(token, algorithms=ALGORITHMS, token_type=TokenType.AT_JWT)
    with pytest.raises(TokenRejectedError, match="token-signature-invalid"):
        precheck(token, algorithms=frozenset({"RS256"}), token_type=TokenType.ANY)


def test_the_representation_holds_neither_token_nor_signature() -> None:
    jws = precheck(token_of(GOOD), algorithms=ALGORITHMS, token_type=TokenType.AT_JWT)
    assert repr(jws) == "CompactJws(algorithm='ES256', key_id='k')"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("..", id="three empty segments"),
        pytest.param(token_of(GOOD) + ".", id="four segments"),
        pytest.param(token_of(GOOD) + ".e30.e30", id="five segments"),
        pytest.param("e30.e30", id="two segments"),
        pytest.param(token_of(GOOD) + "=", id="padded signature"),
        pytest.param(" " + token_of(GOOD), id="leading space"),
        pytest.param(token_of(GOOD) + "\n", id="trailing line feed"),
        pytest.param(token_of(GOOD).replace(".e30.", ".e31."), id="unused bits in payload"),
        pytest.param(token_of(GOOD) + "é", id="not ascii"),
        pytest.param(token_of(GOOD) + "\ud800", id="lone surrogate"),
        pytest.param("A" * 16_385, id="one character too long"),
        pytest.param(token_of(GOOD) + "A" * 1_000_000, id="a megabyte"),
        pytest.param(json.dumps({"payload": "e30", "signatures": []}), id="json serialisation"),
        pytest.param(token_of(b"[]"), id="header is a list"),
        pytest.param(token_of(b'"ES256"'), id="header is a string"),
        pytest.param(token_of(b"null"), id="header is null"),
        pytest.param(token_of(b""), id="header is empty"),
        pytest.param(token_of(b'{"alg":"ES256","alg":"ES256"}'), id="duplicate alg"),
        pytest.param(token_of(b'{"alg":"ES256","\\u0061lg":"ES256"}'), id="escaped duplicate alg"),
        pytest.param(token_of(b'{"alg":"ES256","x":{"y":1,"y":2}}'), id="deep duplicate"),
        pytest.param(token_of(b'\xef\xbb\xbf{"alg":"ES256"}'), id="bom"),
        pytest.param(token_of('{"alg":"ES256"}'.encode("utf-16")), id="utf-16"),
        pytest.param(token_of(b'{"alg":"ES256","kid":"\\ud800"}'), id="lone surrogate in kid"),
        pytest.param(token_of(b'{"alg":"ES256","n":NaN}'), id="nan"),
        pytest.param(token_of(b'{"alg":"ES256","n":1e999}'), id="infinite number"),
        pytest.param(token_of(b'{"alg":"ES256","n":' + b"[" * 32 + b"]" * 32 + b"}"), id="deep"),
        pytest.param(token_of(b'{"n":' + b"[" * 10_000), id="very deep"),
        pytest.param(token_of({"typ": "at+jwt"}), id="no alg"),
        pytest.param(token_of({**GOOD, "alg": ["ES256"]}), id="alg is a list"),
        pytest.param(token_of({**GOOD, "alg": None}), id="alg is null"),
        pytest.param(token_of({**GOOD, "typ": 1}), id="typ is a number"),
    ],
)
def test_a_token_of_unsound_structure_is_malformed(token: str) -> None:
    assert reason_of(token) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("member", ["crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"])
@pytest.mark.parametrize("value", [None, True, [], ["exp"], {}, "https://evil.example/"])
def test_header_members_that_change_the_rules_or_bring_a_key_are_refused(
    member: str, value: object
) -> None:
    assert reason_of(token_of({**GOOD, member: value})) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "key_id",
    [
        pytest.param(7, id="number"),
        pytest.param(["k"], id="list"),
        pytest.param(None, id="null"),
        pytest.param("k" * 129, id="129 bytes"),
        pytest.param("é" * 65, id="130 bytes in 65 characters"),
        pytest.param("k\0", id="nul"),
        pytest.param("k\r\nX-Evil: 1", id="line break"),
        pytest.param("k\x85", id="c1 control"),
    ],
)
def test_an_odd_key_id_is_refused(key_id: object) -> None:
    assert reason_of(token_of({**GOOD, "kid": key_id})) is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize("key_id", ["../../dev/null", "' or 1=1 --", "k" * 128, ""])
def test_a_key_id_is_only_ever_a_name(key_id: str) -> None:
    token = token_of({**GOOD, "kid": key_id})
    jws = precheck(token, algorithms=ALGORITHMS, token_type=TokenType.AT_JWT)
    assert jws.key_id == key_id


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "es256", "ES256 ", "RS256"])
def test_an_algorithm_outside_the_list_is_no_valid_signature(algorithm: str) -> None:
    assert reason_of(token_of({**GOOD, "alg": algorithm})) is Reason.TOKEN_SIGNATURE_INVALID


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])
def test_access_tokens_are_recognised_whatever_their_case(typ: str) -> None:
    token = token_of({**GOOD, "typ": typ})
    assert precheck(token, algorithms=ALGORITHMS, token_type=TokenType.AT_JWT).algorithm == "ES256"


@pytest.mark.parametrize(
    "typ", ["JWT", "", "dpop+jwt", "logout+jwt", "id_token", "at+jwt ", "text/at+jwt", "at+jwtx"]
)
def test_another_type_is_rejected_unless_the_provider_takes_any(typ: str) -> None:
    token = token_of({**GOOD, "typ": typ})
    assert reason_of(token) is Reason.TOKEN_TYPE_REJECTED
    assert precheck(token, algorithms=ALGORITHMS, token_type=TokenType.ANY).algorithm == "ES256"


def test_a_token_without_a_type_is_rejected() -> None:
    assert reason_of(token_of({"alg": "ES256"})) is Reason.TOKEN_TYPE_REJECTED
