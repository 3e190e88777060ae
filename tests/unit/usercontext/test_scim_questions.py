"""Whatever a subject is, it stays one value of the path and of the filter."""

from __future__ import annotations

import json
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.usercontext.scim_answers import ScimPath
from deemster.usercontext.scim_questions import (
    can_be_asked_for,
    groups_target,
    user_target,
    users_target,
)

SUBJECTS = st.text(min_size=1, max_size=200) | st.text(
    "\"\\*().%/&?#+ \0\n\r'\u2028", min_size=1, max_size=30
)


def decoded(text: str) -> str:
    return unquote_to_bytes(text).decode()


def filter_of(query: str) -> str:
    (found,) = [pair for pair in query.split("&") if pair.startswith("filter=")]
    return decoded(found.removeprefix("filter="))


@pytest.mark.catalogue("I5")
@given(SUBJECTS)
def test_a_subject_is_one_segment_of_the_path(subject: str) -> None:
    if not can_be_asked_for(subject):
        return
    target = user_target(subject, ["active"])
    assert target.isascii()
    path, _, query = target.partition("?")
    _, users, segment = path.split("/")
    assert (users, decoded(segment), query) == ("Users", subject, "attributes=active")


@pytest.mark.catalogue("I5")
@given(SUBJECTS)
def test_a_subject_is_one_json_string_of_the_filter(subject: str) -> None:
    for target, name, pairs in (
        (users_target("userName", subject, ["active"]), "userName", 4),
        (groups_target(subject, "displayName", start=1, count=5), "members.value", 4),
    ):
        assert target.isascii()
        query = target.partition("?")[2]
        assert len(query.split("&")) == pairs
        attribute, word, value = filter_of(query).split(" ", 2)
        # RFC 7644 3.4.2.2: compValue is a JSON string, and nothing stands behind it.
        assert (attribute, word, json.loads(value)) == (name, "eq", subject)


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("subject", ["", ".", "..", "\ud800", "a" * 1025])
def test_what_can_be_no_value_is_not_asked_for(subject: str) -> None:
    assert not can_be_asked_for(subject)


@pytest.mark.parametrize(
    ("text", "parts", "asked"),
    [
        ("userName", (None, "userName", None), "userName"),
        ("name.familyName", (None, "name", "familyName"), "name"),
        ("urn:x:1.0:User:dept", ("urn:x:1.0:User", "dept", None), "urn:x:1.0:User:dept"),
        ("urn:x:y:manager.value", ("urn:x:y", "manager", "value"), "urn:x:y:manager"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:title", (None, "title", None), "title"),
    ],
)
def test_paths_are_taken_apart(
    text: str, parts: tuple[str | None, str, str | None], asked: str
) -> None:
    path = ScimPath.of(text)
    assert ((path.urn, path.name, path.sub), path.asked) == (parts, asked)


@pytest.mark.parametrize(
    "text", ["", "a b", "a.b.c", 'emails[type eq "work"]', "1a", "urn:x", "a.", ".a", "a\n", "a&b"]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        ScimPath.of(text)
