"""What holds for the canonical form of any URL."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from deemster.model.urls import (
    CanonicalUrl,
    MalformedUrlError,
    canonical_url,
    decode_segment,
    encode_segment,
)

# Text by spaces; what cannot stand in a source line follows.
VISIBLE = r"""/ / / a Z 0 . .. ~ % %2 %2f %2F %25 %2e %5c %41 %00 %ff %c3%a9 %C0%AF é \ ; %3b + : @
    ! * { " %zz [ | 32 65 well-known"""
PIECES = st.sampled_from([*VISIBLE.split(), "\x01", "\x85", "\ud800", "\udcc3"])
PATHS = st.lists(PIECES, max_size=12).map("".join)
ORIGINS = st.sampled_from(["https://h", "HTTP://A.b.:80", "https://h:443", "http://[::1]:9"])
QUERIES = st.sampled_from(["", "?", "?a=1&b=%2f", "?é", "?\x01", "?a?b"])


@st.composite
def urls(draw: st.DrawFn) -> str:
    path = draw(PATHS)
    return draw(ORIGINS) + ("/" + path if path else "") + draw(QUERIES)


def spelled(url: CanonicalUrl) -> str:
    return url.origin + url.path + (f"?{url.query}" if url.query else "")


@given(urls())
def test_the_canonical_form_of_a_canonical_form_is_itself(raw: str) -> None:
    once = canonical_url(raw)
    assert canonical_url(spelled(once)) == once


@given(st.text() | st.text(alphabet="htps:/.[]@%?# \\aé0\x00\ud800"))
def test_any_text_is_a_url_or_malformed(raw: str) -> None:
    try:
        url = canonical_url(raw)
    except MalformedUrlError:
        return
    assert url.path.startswith("/")
    assert url.path.isascii()
    assert url.origin.isascii()
    assert url.origin.islower()


@given(urls())
def test_an_unflagged_path_has_nothing_that_two_parties_could_read_differently(raw: str) -> None:
    """Written from the list in `policy-language.md` 11, over the decoded path."""
    url = canonical_url(raw)
    assume(url.refused is None and not url.openable)
    segments = [decode_segment(segment) for segment in url.path.split("/")]
    assert "" not in segments[1:-1]
    assert not {".", ".."}.intersection(segments)
    decoded = "/".join(segments)
    assert decoded.count("/") == url.path.count("/")
    assert not re.search(r"[\\;\x00-\x1f\x7f-\x9f\ud800-\udfff]", decoded)
    assert not re.search(r"%[0-9A-Fa-f]{2}", decoded)


@given(urls())
def test_decoding_and_encoding_a_segment_of_a_clean_path_keeps_its_meaning(raw: str) -> None:
    url = canonical_url(raw)
    assume(url.refused is None)
    for segment in url.path.split("/"):
        text = decode_segment(segment)
        assert decode_segment(encode_segment(text)) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_as_a_segment(text: str) -> None:
    encoded = encode_segment(text)
    assert "/" not in encoded
    assert decode_segment(encoded) == text


@given(st.text(alphabet="abAZ019-._~", min_size=1, max_size=8), st.data())
def test_every_spelling_of_unreserved_characters_is_one_path(
    text: str, data: st.DataObject
) -> None:
    choice = st.sampled_from(["{}", "%{:02x}", "%{:02X}"])
    spellings = [data.draw(choice) for _ in text]
    other = "".join(
        form.format(character if form == "{}" else ord(character))
        for form, character in zip(spellings, text, strict=True)
    )
    assert canonical_url(f"https://h/{other}") == canonical_url(f"https://h/{text}")
