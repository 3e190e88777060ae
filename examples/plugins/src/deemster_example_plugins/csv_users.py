"""Users of a CSV file: `id,enabled,groups,roles`, and any further column an attribute.

Groups and roles are separated by blanks. The file is read again once it has changed; while it
cannot be read, nobody is known to be anybody, which Deemster takes for an outage.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deemster.plugins import ConfigurationError, DependencyUnavailableError, PluginContext

_COLUMNS = ("id", "enabled", "groups", "roles")
_ENABLED = {"true": True, "false": False}


@dataclass(frozen=True)
class _User:
    enabled: bool
    groups: frozenset[str]
    roles: frozenset[str]
    attributes: Mapping[str, object] = field(default_factory=dict)


class CsvUsers:
    """The UserReader."""

    def __init__(self, id: str, path: Path) -> None:
        self._id = id
        self._path = path
        self._users: dict[str, _User] = {}
        self._read_at: tuple[int, int] | None = None
        self._reading = asyncio.Lock()

    async def is_enabled(self, subject: str) -> bool | None:
        """None for somebody who is not in the file."""
        user = (await self._current()).get(subject)
        return None if user is None else user.enabled

    async def groups(self, subject: str) -> frozenset[str]:
        """Of the column `groups`."""
        return (await self._known(subject)).groups

    async def roles(self, subject: str) -> frozenset[str]:
        """Of the column `roles`."""
        return (await self._known(subject)).roles

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """Of the further columns that are not empty."""
        return (await self._known(subject)).attributes

    async def close(self) -> None:
        """Nothing stays open."""

    async def _known(self, subject: str) -> _User:
        user = (await self._current()).get(subject)
        if user is None:
            raise DependencyUnavailableError(self._id, detail="the user is gone")
        return user

    async def _current(self) -> dict[str, _User]:
        async with self._reading:
            try:
                # Files block, so they are read in a thread.
                await asyncio.to_thread(self._read_if_changed)
            except (OSError, ValueError, KeyError, csv.Error) as error:
                raise DependencyUnavailableError(self._id, detail=type(error).__name__) from None
            return self._users

    def _read_if_changed(self) -> None:
        found = self._path.stat()
        version = (found.st_mtime_ns, found.st_size)
        if version != self._read_at:
            self._users = _users_of(self._path)
            self._read_at = version


def _users_of(path: Path) -> dict[str, _User]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        if rows.fieldnames is None or not set(_COLUMNS) <= set(rows.fieldnames):
            raise ValueError("columns")
        users: dict[str, _User] = {}
        for row in rows:
            # `None` is what a row with too few or too many cells has.
            if None in row or None in row.values() or row["id"] in users:
                raise ValueError("row")
            users[row["id"]] = _User(
                enabled=_ENABLED[row["enabled"]],
                groups=frozenset(row["groups"].split()),
                roles=frozenset(row["roles"].split()),
                attributes={
                    name: value for name, value in row.items() if name not in _COLUMNS and value
                },
            )
    return users


def csv_users(context: PluginContext) -> CsvUsers:
    """The entry point `csv-file`; its one setting is `file`."""
    file = context.settings.get("file")
    if not isinstance(file, str) or set(context.settings) != {"file"}:
        raise ConfigurationError("its settings are `file`, the path of a CSV file")
    path = context.folder / file
    try:
        _users_of(path)
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise ConfigurationError(f"`{path}` cannot be used: {type(error).__name__}") from None
    return CsvUsers(context.id, path)
