"""Counting colons finds every body whose members msgspec would drop in silence."""

import json
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.gateways.strict_body import Census, count_untyped, hides_nothing
from deemster.model.strict_json import StrictJsonError, read_strict_json
from tests.support.json_texts import json_texts
from tests.support.scale import scaled

NAMES = st.sampled_from(["a", "b", "a:b", ":", "é", "\\", '"', "u003a"])
TEXTS = st.one_of(NAMES, st.text(max_size=5))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 2**70), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)


def verdict_of(body: bytes, max_depth: int = 64) -> bool:
    """What the fast reading says of a body that msgspec accepts."""
    census = count_untyped(msgspec.json.decode(body), max_depth=max_depth)
    return census is not None and hides_nothing(body, census)


@settings(max_examples=scaled(10_000))
@given(VALUES.flatmap(json_texts))
def test_what_is_vouched_for_the_strict_reader_accepts_with_the_same_value(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    try:
        strict = read_strict_json(body, max_depth=64)
    except StrictJsonError:
        try:
            vouched = verdict_of(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            vouched = False
        assert not vouched
        return
    if verdict_of(body):
        assert msgspec.json.decode(body) == strict


@settings(max_examples=scaled(5_000))
@given(VALUES)
def test_a_body_without_escapes_of_colons_and_without_twins_is_vouched_for(value: object) -> None:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    if b"u003" not in body and count_untyped(value, max_depth=64) is not None:
        assert verdict_of(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rb'{"a":1,"a":2}', id="plain"),
        pytest.param(rb'{"a":1,"\u0061":2}', id="escaped name"),
        pytest.param(rb'{"a" :1,"a"	:2}', id="space before the colon"),
        pytest.param(b'{"a"\n:1,"a"\r:2}', id="line ends before the colon"),
        pytest.param(rb'{"a":":","a":""}', id="colon in the value that is dropped"),
        pytest.param(rb'{"a":"","a":":"}', id="colon in the value that is kept"),
        pytest.param(rb'{"a":"","a":"\u003a"}', id="escaped colon makes up for a dropped member"),
        pytest.param(rb'{"a":"","a":"\u003A"}', id="the same in upper case"),
        pytest.param(rb'{"a":1,"a":"\\\":"}', id="backslashes and a quote before a colon"),
        pytest.param(rb'[[{"x":{"a":1,"a":1}}]]', id="nested"),
        pytest.param(rb'{"a":{"b":1},"a":{"b":1}}', id="objects twice"),
        pytest.param(rb'{"":1,"":1}', id="empty names"),
    ],
)
def test_a_member_that_stands_twice_is_never_vouched_for(body: bytes) -> None:
    assert not verdict_of(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rb'{"url":"http:\/\/gw.test:51149\/api"}', id="lua-cjson"),
        pytest.param(rb'{"body":"{\"a\":1,\"a\":2}"}', id="JSON in a string"),
        pytest.param(rb'{"body":"{\"b\":\"{\\\"c\\\":1}\"}"}', id="JSON in a string in a string"),
        pytest.param(b'{ "a" : 1 ,\n "b" : [ ] }', id="spaces"),
        pytest.param(rb'{"a":{"a":1},"b":{"a":1}}', id="one name in different objects"),
    ],
)
def test_ordinary_bodies_are_vouched_for(body: bytes) -> None:
    assert verdict_of(body)


def test_depth_counts_arrays_and_objects_as_the_strict_reader_does() -> None:
    for depth in (1, 2, 3):
        body = b"[" * depth + b"]" * depth
        assert verdict_of(body, max_depth=depth)
        assert not verdict_of(body, max_depth=depth - 1)
        with pytest.raises(StrictJsonError):
            read_strict_json(body, max_depth=depth - 1)
        read_strict_json(body, max_depth=depth)


def test_integers_beyond_64_bits_are_left_to_the_strict_reader() -> None:
    assert count_untyped({"exp": 2**64}, max_depth=64) is None
    assert count_untyped([[-(2**64)]], max_depth=64) is None
    assert count_untyped([2**64 - 1], max_depth=64) == Census(0, 0)


def test_members_and_colons_are_counted_in_names_and_values_at_every_depth() -> None:
    value = {"a:b": ["x:y", {"c": "::", "d": 1.5}], "e": None, "f": True}
    assert count_untyped(value, max_depth=64) == Census(5, 4)
    assert Counter(json.dumps(value))[":"] == 5 + 4
