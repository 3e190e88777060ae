"""What may occur in a path once it is opened, and what never may."""

import pytest

from deemster.model.openings import DECODINGS, is_unambiguous
from deemster.model.urls import PathFeature, canonical_url

SLASH, DOUBLE, EMPTY, SEMICOLON = PathFeature
ALL = frozenset(PathFeature)


def judged(path: str, *opened: PathFeature) -> bool:
    return is_unambiguous(canonical_url(f"https://h{path}"), frozenset(opened))


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("/a%2Fb", {SLASH}),
        ("/a%252fb", {DOUBLE}),
        ("/100%2525", {DOUBLE}),
        ("/a//b", {EMPTY}),
        ("/a;v=1", {SEMICOLON}),
        ("/a%3bv", {SEMICOLON}),
        ("/a%2Fb;v//c%252F", set(PathFeature)),
        ("/a/b", set()),
    ],
)
def test_a_path_is_judged_where_everything_in_it_is_opened(
    path: str, needed: set[PathFeature]
) -> None:
    assert judged(path, *needed)
    for missing in needed:
        assert not judged(path, *(needed - {missing}))


@pytest.mark.parametrize(
    "path",
    [
        "/a/../b", "/a/%2e%2E/b", "/a%2F..%2Fb", "/a/..;v/b", "/a/.%3B/b", "/..%2f", "/a\\b",
        "/a%5Cb", "/a%00", "/a%0A", "/a%FF", "/a%zz", "/a#b",
    ],
)  # fmt: skip
def test_what_is_never_opened_stays_refused(path: str) -> None:
    assert not judged(path, *ALL)


@pytest.mark.parametrize(
    "path",
    [
        "/a/%252e%252e/b", "/a/%252e./b", "/a%252F..%252Fb", "/a/..%252Fb", "/a/..%253Bb",
        "/a%255Cb", "/a%2500", "/a%250a", "/a%25FF", "/%25252e%25252e/b", "/%25%32%65%25%32%65/b",
        "/%25252%2545/",
    ],
)  # fmt: skip
def test_what_is_never_opened_does_not_hide_in_a_double_encoding(path: str) -> None:
    assert canonical_url(f"https://h{path}").refused is None
    assert not judged(path, *ALL)


def test_layers_of_encoding_without_end_are_refused() -> None:
    assert judged("/a%" + "25" * DECODINGS + "20", DOUBLE)
    assert not judged("/a%" + "25" * (DECODINGS + 1) + "20", DOUBLE)
