"""What is kept of a URL, and what of a line."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.decisionlog.redaction import MAX_URL, escape_unprintable, redact_url


@pytest.mark.parametrize(
    ("url", "kept", "masked"),
    [
        pytest.param("https://a/b/c", "https://a/b/c", (), id="nothing to hide"),
        pytest.param("https://a/b?", "https://a/b?", (), id="an empty query"),
        pytest.param(
            "https://a/b?x=1&token=eyJ&y=",
            "https://a/b?x=[redacted]&token=[redacted]&y=[redacted]",
            ("url.query",),
            id="names stay, values go",
        ),
        pytest.param(
            "https://a/b?eyJhbGciOi&x=1",
            "https://a/b?[redacted]&x=[redacted]",
            ("url.query",),
            id="what has no name may be the secret",
        ),
        pytest.param(
            "https://a/b?x=1=2&&y",
            "https://a/b?x=[redacted]&&[redacted]",
            ("url.query",),
            id="more than one equals sign",
        ),
        pytest.param(
            "https://a/b?x=1?y=2",
            "https://a/b?x=[redacted]",
            ("url.query",),
            id="two question marks",
        ),
        pytest.param(
            "https://a/b#access_token=x",
            "https://a/b#[redacted]",
            ("url.fragment",),
            id="a fragment",
        ),
        pytest.param(
            "https://a/b#x?y=1", "https://a/b#[redacted]", ("url.fragment",), id="a query in it"
        ),
        pytest.param(
            "https://alice:hunter2@a/b", "https://[redacted]@a/b", ("url.userinfo",), id="user info"
        ),
        pytest.param(
            "https://alice:p@ss@a/b",
            "https://[redacted]@a/b",
            ("url.userinfo",),
            id="at signs in it",
        ),
        pytest.param(
            "https:\\\\alice:hunter2@a/b",
            "https:\\\\[redacted]@a/b",
            ("url.userinfo",),
            id="written with back slashes",
        ),
        pytest.param("//alice:x@a/", "//[redacted]@a/", ("url.userinfo",), id="without a scheme"),
        pytest.param("https://a/users/@me", "https://a/users/@me", (), id="an at sign in the path"),
    ],
)
def test_a_url_keeps_its_shape_and_loses_its_values(
    url: str, kept: str, masked: tuple[str, ...]
) -> None:
    assert redact_url(url) == (kept, masked)


def test_a_url_of_any_length_is_cut() -> None:
    kept, masked = redact_url("https://a/" + "x" * 100_000)
    assert len(kept) == MAX_URL
    assert masked == ("url.length",)


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="&#=")))
def test_no_query_value_is_kept(path: str, value: str) -> None:
    marked = f"S{value}E" * 3
    kept, _ = redact_url(f"https://a/{path}".split("?")[0].split("#")[0] + f"?name={marked}")
    assert marked not in kept


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_an_escaped_line_is_printable_and_means_the_same(text: str) -> None:
    line = escape_unprintable(msgspec.json.encode({"text": text}))
    assert line.decode().isprintable()
    assert json.loads(line) == {"text": text}


def test_bidirectional_overrides_and_escapes_do_not_reach_a_terminal() -> None:
    line = escape_unprintable(msgspec.json.encode("a\u202eb\x7f\x9b\U000e0041c"))
    assert line == b'"a\\u202eb\\u007f\\u009b\\udb40\\udc41c"'
