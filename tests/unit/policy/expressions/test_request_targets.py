"""Values in a request's path stay within their segment, whatever they hold."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.policy.expressions.request_targets import (
    UnsafeValueError,
    header_value,
    path_and_query,
)

TEXTS = st.text(st.characters() | st.sampled_from("./\\%2fF?#&=;:@"), max_size=8)


def target(value: str, before: str = "/v1/score/", after: str = "/now") -> str:
    return path_and_query([(before, False), (value, True), (after, False)])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("alice", "/v1/score/alice/now"),
        ("a/b", "/v1/score/a%2Fb/now"),
        ("a%2fb", "/v1/score/a%252fb/now"),
        ("a?b#c", "/v1/score/a%3Fb%23c/now"),
        ("a;b=c", "/v1/score/a%3Bb%3Dc/now"),
        ("a b+c", "/v1/score/a%20b%2Bc/now"),
        ("\u00e9\U0001f600", "/v1/score/%C3%A9%F0%9F%98%80/now"),
        ("...", "/v1/score/.../now"),
        (".well-known", "/v1/score/.well-known/now"),
        ("auth0|12~a", "/v1/score/auth0%7C12~a/now"),
    ],
)
def test_a_value_is_percent_encoded_into_one_segment(value: str, written: str) -> None:
    assert target(value) == written


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "../admin", "a/..", "a/../b", "..\\a", "a\\..", "./a", "\0", "a\nb", "\x7f",
     "\x85", "\ud800", "x" * 5000],
)  # fmt: skip
def test_a_value_that_would_leave_its_segment_is_refused(value: str) -> None:
    with pytest.raises(UnsafeValueError):
        target(value)


@pytest.mark.parametrize(
    "pieces",
    [
        [("/a/.", False), (".", True)],
        [("/a/.", False), (".", True), ("?q=1", False)],
        [("/a/%2e", False), ("", True)],
        [("/a/", False), ("", True), ("?q=1", False)],
        [("/a/", False), ("", True)],
        [("/a/", False), (".", True), ("", True), (".", True), ("/b", False)],
    ],
)
def test_values_do_not_make_a_dot_segment_with_what_stands_beside_them(
    pieces: list[tuple[str, bool]],
) -> None:
    with pytest.raises(UnsafeValueError):
        path_and_query(pieces)


def test_in_the_query_dots_and_nothing_are_data() -> None:
    pieces = [("/a?x=", False), ("..", True), ("&y=", False), ("", True), ("&z=", False)]
    assert path_and_query([*pieces, ("a&b=c", True)]) == "/a?x=..&y=&z=a%26b%3Dc"


def test_a_path_without_values_is_as_written() -> None:
    assert path_and_query([("/a/?b=c", False)]) == "/a/?b=c"


@given(TEXTS)
def test_what_arrives_has_as_many_segments_as_were_written(value: str) -> None:
    try:
        written = target(value)
    except UnsafeValueError:
        return
    for base in ("https://risk.example.com/base", "http://[::1]:8080"):
        url = httpx.URL(base + written)
        parts = urlsplit(str(url))
        # Neither our own client nor the standard's rules see another path.
        assert url.raw_path.decode().removeprefix("/base") == written
        assert (parts.query, parts.fragment) == ("", "")
        assert url.host in {"risk.example.com", "::1"}
        segments = parts.path.removeprefix("/base").split("/")
        assert [unquote(segment) for segment in segments] == ["", "v1", "score", value, "now"]


@pytest.mark.parametrize("value", ["a b", "", "Bearer x", "~!"])
def test_visible_ascii_stands_in_a_header(value: str) -> None:
    assert header_value(value) == value


@pytest.mark.parametrize("value", ["a\r\nx: y", " a", "a ", "\u00e9", "\0", "a\tb", "x" * 5000])
def test_anything_else_does_not(value: str) -> None:
    with pytest.raises(UnsafeValueError):
        header_value(value)
