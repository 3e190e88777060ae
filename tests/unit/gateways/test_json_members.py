"""Members of bodies: the types they must have, and the strict reader's word on everything odd."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import MalformedCallError
from deemster.gateways.json_members import (
    optional_object,
    read_object,
    required_object,
    required_text,
)
from deemster.model.strict_json import StrictJsonError, read_strict_json
from tests.support.scale import scaled


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "the body must be an object, found an array"),
        (b"null", "the body must be an object, found null"),
        (b'"a"', "the body must be an object, found a string"),
        (b'{"a":1,"a":2}', "duplicate member name"),
        (b'{"a":1,"\\u0061":2}', "duplicate member name"),
        (b'{"a":{"b:":1,"b\\u003a":2}}', "duplicate member name"),
        (b'{"a":NaN}', "not a JSON number"),
        (b'{"a":1e999}', "number out of range"),
        (b'{"a":18446744073709551616}', "an integer beyond 64 bits"),
        (b'{"a":[-18446744073709551616]}', "an integer beyond 64 bits"),
        (b'{"a":"\\ud800"}', "lone surrogate"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'{"a":[[[1]]]}', "nested deeper than 3"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 3"),
        (b"{} {}", "not JSON"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(MalformedCallError) as refused:
        read_object(body, max_depth=3)
    assert why in refused.value.message


@pytest.mark.parametrize("body", [b'{"a":18446744073709551615}', b'{"a":[[1]]}', b'{"a":"b:c"}'])
def test_what_is_just_within_bounds_is_read(body: bytes) -> None:
    assert read_object(body, max_depth=3) == json.loads(body)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@settings(max_examples=scaled(1_000))
@given(value=st.dictionaries(st.text(), VALUES), indent=st.sampled_from([None, 1]))
def test_the_fast_way_and_the_strict_way_read_the_same(
    value: dict[str, object], indent: int | None
) -> None:
    body = json.dumps(value, indent=indent).encode()
    try:
        strict = read_strict_json(body, max_depth=5)
        found: object = read_object(body, max_depth=5)
    except StrictJsonError:
        with pytest.raises(MalformedCallError):
            read_object(body, max_depth=5)
    except MalformedCallError as refused:
        assert "64 bits" in refused.message  # noqa: PT017
    else:
        assert found == strict


def test_a_missing_member_and_a_wrong_one_are_told_by_name_and_type() -> None:
    members: dict[str, object] = {"text": "", "number": 1, "null": None, "list": []}
    told = []
    for read, name in [
        (required_object, "gone"),
        (required_object, "number"),
        (optional_object, "null"),
        (required_text, "list"),
        (required_text, "text"),
        (required_text, "gone"),
    ]:
        with pytest.raises(MalformedCallError) as refused:
            read(members, name, "a.")
        told.append(refused.value.message)
    assert told == [
        "`a.gone` is missing: it must be an object",
        "`a.number` must be an object, found a number",
        "`a.null` must be an object, found null",
        "`a.list` must be a string, found an array",
        "`a.text` must not be empty",
        "`a.gone` is missing: it must be a string",
    ]
    assert optional_object(members, "gone") is None
