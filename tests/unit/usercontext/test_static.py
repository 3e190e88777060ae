"""The directory in the settings: shapes are checked when it is read."""

from __future__ import annotations

import pytest

from deemster.errors import ConfigurationError
from deemster.usercontext.static import StaticUserSource

PEOPLE = StaticUserSource(
    "people",
    {
        "alice": {"groups": ["finance"], "roles": ["accountant"], "attributes": {"level": 3}},
        "bob": None,
        "mallory": {"enabled": False},
    },
)


async def test_a_user_is_found_as_written() -> None:
    assert await PEOPLE.is_enabled("alice") is True
    assert await PEOPLE.groups("alice") == {"finance"}
    assert await PEOPLE.roles("alice") == {"accountant"}
    assert await PEOPLE.attributes("alice") == {"level": 3}
    await PEOPLE.close()


async def test_a_user_without_entries_is_known_and_has_nothing() -> None:
    assert await PEOPLE.is_enabled("bob") is True
    assert await PEOPLE.groups("bob") == frozenset()


@pytest.mark.parametrize(
    ("subject", "enabled"),
    [("mallory", False), ("nobody", None), ("Alice", None), ("alice ", None), ("", None)],
)
async def test_disabled_and_unknown_users_are_told_apart(
    subject: str, enabled: bool | None
) -> None:
    assert await PEOPLE.is_enabled(subject) is enabled


@pytest.mark.parametrize(
    ("users", "message"),
    [
        pytest.param({7: {}}, "user `7` is not text", id="number as subject"),
        pytest.param({"a": []}, "`a` is not a mapping", id="list"),
        pytest.param({"a": {"group": []}}, "did you mean `groups`", id="misspelt"),
        pytest.param({"a": {"x": []}}, "expected `enabled`", id="unknown"),
        pytest.param({"a": {"enabled": "no"}}, "neither true nor false", id="enabled is text"),
        pytest.param({"a": {"groups": "finance"}}, "not a list of names", id="one group"),
        pytest.param({"a": {"groups": None}}, "not a list of names", id="no groups"),
        pytest.param({"a": {"roles": [1]}}, "`roles` is not a list of names", id="number as role"),
        pytest.param({"a": {"attributes": []}}, "`attributes` is not a mapping", id="attributes"),
    ],
)
def test_a_mistake_stops_the_start_and_names_the_user(
    users: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        StaticUserSource("people", users)
