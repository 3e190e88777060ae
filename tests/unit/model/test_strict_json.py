"""The strict JSON reader agrees with the standard library, or refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.model.strict_json import StrictJsonError, read_strict_json

DEPTH = 8


@pytest.mark.parametrize(
    ("document", "reason", "offset"),
    [
        pytest.param(b'{"a":1,"a":2}', "duplicate member name", 7, id="duplicate"),
        pytest.param(b'{"sub":1,"\\u0073ub":2}', "duplicate member name", 9, id="escaped twin"),
        pytest.param(
            b'{"p":"{","x":[{"q":1,"q":1}]}',
            "duplicate member name",
            21,
            id="deep twin",
        ),
        pytest.param(b'["NaN",NaN]', "not a JSON number", 7, id="nan"),
        pytest.param(b"[-Infinity]", "not a JSON number", 1, id="infinity"),
        pytest.param(b"[1e400]", "number out of range", 1, id="float beyond a double"),
        pytest.param(b"-1e999", "number out of range", 0, id="negative float beyond a double"),
        pytest.param(b"[" + b"9" * 309 + b"]", "number out of range", 1, id="309 digits"),
        pytest.param(b"9" * 5000, "number out of range", 0, id="past the interpreter's limit"),
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", 0, id="bom"),
        pytest.param(b'"a\xff"', "not UTF-8", 2, id="not utf-8"),
        pytest.param('"a"'.encode("utf-16"), "not UTF-8", 0, id="utf-16"),
        pytest.param(b'"\xed\xa0\x80"', "not UTF-8", 1, id="surrogate in utf-8"),
        pytest.param(b'["\\uD800"]', "lone surrogate", 2, id="lone high surrogate"),
        pytest.param(b'["\\udc00"]', "lone surrogate", 2, id="lone low surrogate"),
        pytest.param(b'"\\ud800 \\udc00"', "lone surrogate", 1, id="halves apart"),
        pytest.param(b'{"\\ud83d\\ud83d\\ude00":1}', "lone surrogate", 2, id="half before a pair"),
        pytest.param(b"1 2", "extra data", 2, id="text after the value"),
        pytest.param(b"", "expecting value", 0, id="empty"),
        pytest.param(b'"a\nb"', "invalid control character", 2, id="raw control character"),
        pytest.param(b"[" * 9 + b"]" * 9, "nested deeper than 8", 8, id="one too deep"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(
    document: bytes, reason: str, offset: int
) -> None:
    with pytest.raises(StrictJsonError) as caught:
        read_strict_json(document, max_depth=DEPTH)
    assert (caught.value.reason, caught.value.offset) == (reason, offset)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        pytest.param(b"[[[[[[[[1]]]]]]]]", [[[[[[[[1]]]]]]]], id="as deep as allowed"),
        pytest.param(b'{"a":"[[[[[[[[[[","b":"{\\"{{"}', None, id="brackets in strings"),
        pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="surrogate pair"),
        pytest.param(b'"\\\\ud800"', "\\ud800", id="escaped backslash before u"),
        pytest.param(b'[{"a":1},{"a":1}]', None, id="one name in two objects"),
        pytest.param(b'{"a":{"a":{"a":1}}}', None, id="one name at three depths"),
        pytest.param(b"[" + b"9" * 308 + b"]", None, id="308 digits"),
        pytest.param(b' \t\r\n{"a" : [ ] }\n', {"a": []}, id="white space"),
    ],
)
def test_unambiguous_json_is_read_as_the_standard_library_reads_it(
    document: bytes, value: object
) -> None:
    expected = json.loads(document) if value is None else value
    assert read_strict_json(document, max_depth=DEPTH) == expected


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"[" * 1_000_000, id="open brackets"),
        pytest.param(b'{"a":' * 200_000, id="open objects"),
        pytest.param(b'"' + b'\\"' * 500_000, id="string that never ends"),
        pytest.param(b'["' * 300_000, id="alternating quotes"),
        pytest.param(b'{"a":1,' * 150_000, id="objects in member places"),
    ],
)
def test_a_megabyte_of_hostile_text_is_refused_and_nothing_else(
    document: bytes,
) -> None:
    with pytest.raises(StrictJsonError):
        read_strict_json(document, max_depth=DEPTH)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.booleans())
def test_every_json_value_survives_the_round_trip(value: object, ascii_only: bool) -> None:
    document = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert read_strict_json(document, max_depth=64) == value


@given(st.binary(max_size=64) | st.text(alphabet='{}[]",:\\u0dD89aNI1e-.', max_size=64))
def test_no_input_raises_anything_but_a_strict_json_error(
    document: bytes | str,
) -> None:
    raw = document if isinstance(document, bytes) else document.encode()
    try:
        value = read_strict_json(raw, max_depth=DEPTH)
    except StrictJsonError:
        return
    assert value == json.loads(raw)
