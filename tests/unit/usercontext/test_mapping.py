"""Where a document about a user says what, and what it means where it does not."""

from __future__ import annotations

import pytest

from deemster.usercontext.mapping import MemberPath, MisfitError, attributes_in, names_in

DOCUMENT = {
    "groups": ["finance", "legal"],
    "realm_access": {"roles": ["auditor"]},
    "https://example.com/unit": "tax",
    "a.b": {"c": 0},
    "none": None,
    "text": "finance",
    "mixed": ["finance", 7],
    "object": {"finance": True},
}


def path(*names: str, optional: bool = False) -> MemberPath:
    return MemberPath(names, optional)


def test_a_name_is_one_member_whatever_is_in_it() -> None:
    assert attributes_in(
        DOCUMENT, (("unit", path("https://example.com/unit")), ("level", path("a.b", "c")))
    ) == {"unit": "tax", "level": 0}


def test_names_are_a_list_of_strings() -> None:
    assert names_in(DOCUMENT, path("groups"), "groups") == {"finance", "legal"}
    assert names_in(DOCUMENT, path("realm_access", "roles"), "roles") == {"auditor"}


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize("name", ["text", "mixed", "object", "none"])
@pytest.mark.parametrize("optional", [True, False])
def test_anything_else_is_no_list_of_names_optional_or_not(name: str, optional: bool) -> None:
    with pytest.raises(MisfitError, match=f"`{name}` is not a list of strings"):
        names_in(DOCUMENT, path(name, optional=optional), "groups")


@pytest.mark.catalogue("I7")
def test_absent_names_are_an_error_unless_they_are_optional() -> None:
    for missing in (path("group"), path("realm_access", "groups")):
        with pytest.raises(MisfitError, match="is absent"):
            names_in(DOCUMENT, missing, "groups")
        assert names_in(DOCUMENT, MemberPath(missing.names, optional=True), "groups") == frozenset()


@pytest.mark.catalogue("I7")
def test_what_is_not_mapped_is_not_known() -> None:
    with pytest.raises(MisfitError, match="`roles` is not mapped"):
        names_in(DOCUMENT, None, "roles")


def test_an_absent_attribute_is_left_to_the_policy() -> None:
    assert attributes_in(DOCUMENT, (("level", path("level")), ("text", path("text")))) == {
        "text": "finance"
    }


@pytest.mark.parametrize("names", [("text", "length"), ("groups", "0"), ("none", "x")])
def test_a_way_through_what_is_no_object_is_an_error(names: tuple[str, str]) -> None:
    with pytest.raises(MisfitError, match=f"`{names[0]}` is not an object"):
        attributes_in(DOCUMENT, (("x", path(*names)),))
