"""Sideband bodies: the fast reading never says anything else than the strict one."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import MalformedCallError
from deemster.gateways.sideband_body import (
    read_request_leg,
    read_request_leg_strictly,
    read_response_leg,
    read_response_leg_strictly,
)
from tests.support.gateway_calls import a_request_leg, a_response_leg
from tests.support.json_texts import json_texts
from tests.support.scale import scaled

DEPTH = 64
NAMES = st.sampled_from(["host", "Host", "x-custom", "a:b", "", "é", "Authorization"])
VALUES = st.sampled_from(["", "a:b", "\x01", "Bearer a", "é:", "\t", "close", "\x7f", "\\", '":'])
FIELDS = st.lists(st.dictionaries(NAMES, VALUES, min_size=0, max_size=2), max_size=3)
CLAIMS = st.one_of(
    st.just({"sub": "alice", "scope": ["a:b"], "exp": 1.5}),
    st.just({"deep": [[[{"x": 2**70}]]]}),
    st.none(),
    st.just("text"),
)
SPOILT: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "source_ip": st.sampled_from(["::1", "", 1, None]),
        "source_port": st.sampled_from([0, 65535, 65536, -1, "1", "", "a", "123456", True, 1.0]),
        "method": st.sampled_from(["GET", "get", "", "G:T", "PURGE", None]),
        "url": st.sampled_from(["", "https://h/a:b", [], "x"]),
        "http_version": st.sampled_from(["2", "1:1", 1.1]),
        "headers": st.one_of(FIELDS, st.just({}), st.just({"a": "b"}), st.none()),
        "body": st.sampled_from(["", '{"a":1}', ":", None, {}, ...]),
        "access_token": CLAIMS,
        "client_certificate": CLAIMS,
        "state": st.sampled_from(["opaque", None, {"a": 1}]),
        "unknown": st.sampled_from([1, [[[]]], ":"]),
    },
)
SPOILT_RESPONSE: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "response_code": st.sampled_from([200, "200", "99", 600, "", None, True, "20:"]),
        "response_status": st.sampled_from(["", "OK", ":", None]),
        "headers": st.one_of(FIELDS, st.just({})),
        "body": st.sampled_from(["", ":", None, ...]),
        "request": st.one_of(
            st.sampled_from([..., None, {}, {"headers": [{}]}]),
            SPOILT.map(lambda spoilt: a_request_leg(**spoilt)),
        ),
        "state": st.sampled_from(["opaque", None]),
    },
)


def outcome(read: Callable[..., object], body: bytes) -> object:
    try:
        return read(body, max_depth=DEPTH)
    except MalformedCallError as error:
        return error.message


def told_by_request_leg(read: Callable[..., object], body: bytes) -> object:
    """The members, the fields and the echo as a value: its text may differ, not what it says."""
    told = outcome(read, body)
    if isinstance(told, tuple):
        leg, fields, echo = told
        assert echo.endswith(b"}")
        return leg, fields, json.loads(echo)
    return told


@settings(max_examples=scaled(6_000))
@given(SPOILT.flatmap(lambda spoilt: json_texts(a_request_leg(**spoilt))))
def test_the_fast_reading_of_a_request_leg_equals_the_strict_one(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    fast = told_by_request_leg(read_request_leg, body)
    assert fast == told_by_request_leg(read_request_leg_strictly, body)


@settings(max_examples=scaled(3_000))
@given(SPOILT_RESPONSE.flatmap(lambda spoilt: json_texts(a_response_leg(**spoilt))))
def test_the_fast_reading_of_a_response_leg_equals_the_strict_one(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    fast, strict = outcome(read_response_leg, body), outcome(read_response_leg_strictly, body)
    if not isinstance(fast, str) and not isinstance(strict, str):
        fast.request = strict.request  # type: ignore[attr-defined]  # nothing reads it
    assert fast == strict


@settings(max_examples=scaled(3_000))
@given(st.binary(max_size=40), st.integers(0, 400), st.integers(0, 3))
def test_bytes_cut_out_and_put_in_are_read_alike(splinter: bytes, place: int, removed: int) -> None:
    whole = json.dumps(a_request_leg()).encode()
    body = whole[:place] + splinter + whole[place + removed :]
    fast = told_by_request_leg(read_request_leg, body)
    assert fast == told_by_request_leg(read_request_leg_strictly, body)


def test_a_plain_body_is_echoed_to_the_letter() -> None:
    body = json.dumps(a_request_leg()).encode().replace(b"/", b"\\/") + b"\r\n"
    _, _, echo = read_request_leg(body, max_depth=DEPTH)
    assert echo == body.rstrip()


@pytest.mark.parametrize("name", ["access_token", "client_certificate", "state", "response"])
def test_what_is_not_of_the_echo_is_left_out_of_it(name: str) -> None:
    body = json.dumps(a_request_leg(**{name: {"a": "b"}})).encode()
    _, _, echo = read_request_leg(body, max_depth=DEPTH)
    assert json.loads(echo) == a_request_leg()


def test_header_names_become_lower_case_and_keep_their_order_and_repetition() -> None:
    headers = [{"X-Multi": "a"}, {"x-multi": "b"}, {"Host": "h"}]
    body = json.dumps(a_request_leg(headers=headers)).encode()
    _, fields, echo = read_request_leg(body, max_depth=DEPTH)
    assert fields == (("x-multi", "a"), ("x-multi", "b"), ("host", "h"))
    assert json.loads(echo)["headers"] == headers


def test_lua_writes_no_header_fields_as_an_empty_object() -> None:
    body = json.dumps(a_request_leg(headers={})).encode()
    _, fields, echo = read_request_leg(body, max_depth=DEPTH)
    assert fields == ()
    assert json.loads(echo)["headers"] == []
