"""One spelling for one sequence of octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.tokens.base64url import decode_base64url, encode_base64url


@given(st.binary(max_size=80))
def test_octets_survive_the_round_trip(raw: bytes) -> None:
    assert decode_base64url(encode_base64url(raw)) == raw


@given(st.text(alphabet="AQgw_-=+/ \n\té.", max_size=12))
def test_whatever_is_decoded_was_in_its_canonical_spelling(text: str) -> None:
    try:
        raw = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("QQ==", id="padding"),
        pytest.param("QR", id="unused bits"),
        pytest.param("QUJ", id="unused bits of three"),
        pytest.param("Q Q", id="space"),
        pytest.param("QQ\n", id="line feed"),
        pytest.param("Q", id="impossible length"),
        pytest.param("+/", id="the other alphabet"),
        pytest.param("QQé", id="not ascii"),
        pytest.param("QQ.", id="dot"),
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode_base64url(text)
