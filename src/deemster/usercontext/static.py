"""A directory written down in the settings: for tests, trials and a handful of service users."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.errors import ConfigurationError

__all__ = ["StaticUserSource"]

_KEYS = ("enabled", "groups", "roles", "attributes")


@dataclass(frozen=True, slots=True)
class _StaticUser:
    enabled: bool = True
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = field(default_factory=dict)


class StaticUserSource:
    """`directories[]` of kind static: `{alice: {groups: […], roles: […], attributes: {…}}}`."""

    def __init__(self, id: str, users: Mapping[str, object]) -> None:
        """`users` as read from YAML, by subject. Raises ConfigurationError naming the user."""
        self.id = id
        self._users = {subject: _user(subject, entry) for subject, entry in users.items()}

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource."""
        user = self._users.get(subject)
        return None if user is None else user.enabled

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return self._known(subject).groups

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return self._known(subject).roles

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource."""
        return self._known(subject).attributes

    async def close(self) -> None:
        """Nothing is open."""

    def _known(self, subject: str) -> _StaticUser:
        return self._users.get(subject, _StaticUser())


def _user(subject: object, entry: object) -> _StaticUser:
    if not isinstance(subject, str):
        raise ConfigurationError(f"user `{subject}` is not text; quote it")
    if entry is None:
        return _StaticUser()
    if not isinstance(entry, Mapping):
        raise ConfigurationError(f"user `{subject}` is not a mapping; expected {_expected()}")
    for key in entry:
        if key not in _KEYS:
            raise ConfigurationError(f"user `{subject}`: unknown key `{key}`; {_suggestion(key)}")
    enabled, attributes = entry.get("enabled", True), entry.get("attributes", {})
    if not isinstance(enabled, bool):
        raise ConfigurationError(f"user `{subject}`: `enabled` is neither true nor false")
    if not isinstance(attributes, Mapping):
        raise ConfigurationError(f"user `{subject}`: `attributes` is not a mapping")
    groups, roles = _names(subject, entry, "groups"), _names(subject, entry, "roles")
    return _StaticUser(enabled, groups, roles, dict(attributes))


def _names(subject: str, entry: Mapping[str, object], key: str) -> frozenset[str]:
    found = entry.get(key, [])
    if not isinstance(found, list | tuple) or not all(isinstance(name, str) for name in found):
        raise ConfigurationError(f"user `{subject}`: `{key}` is not a list of names")
    return frozenset(found)


def _suggestion(key: object) -> str:
    near = difflib.get_close_matches(str(key), _KEYS, n=1)
    return f"did you mean `{near[0]}`?" if near else f"expected {_expected()}"


def _expected() -> str:
    return ", ".join(f"`{key}`" for key in _KEYS)
