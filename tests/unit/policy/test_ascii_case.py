"""Case folded for ASCII letters alone."""

import string

import pytest

from deemster.policy.routing.ascii_case import ascii_lower


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        (string.ascii_uppercase, string.ascii_lowercase),
        ("aZ-09_%", "az-09_%"),
        ("", ""),
        ("Å\N{KELVIN SIGN}ELVIN", "Å\N{KELVIN SIGN}elvin"),
        ("STRAẞE", "straẞe"),
        ("İI", "İi"),
    ],
    ids=["letters", "signs", "empty", "the Kelvin sign", "a capital sharp s", "a dotted I"],
)
def test_only_ascii_letters_are_folded(text: str, folded: str) -> None:
    assert ascii_lower(text) == folded
