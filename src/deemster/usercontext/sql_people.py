"""Writing people into our own tables: all of a change, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deemster.errors import ConfigurationError
from deemster.usercontext.sql_schema import attributes, groups, roles, users

__all__ = [
    "Person",
    "change_names",
    "list_people",
    "put_people",
    "remove_person",
    "set_enabled",
]

_TABLES = {"groups": groups, "roles": roles}
LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Person:
    """One user as it stands in the tables."""

    subject: str
    enabled: bool = True
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)

    def named(self) -> Sequence[tuple[str, tuple[str, ...]]]:
        """Groups and roles, with what they are called."""
        return (("groups", self.groups), ("roles", self.roles))

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {
            "subject": self.subject,
            "enabled": self.enabled,
            "groups": list(self.groups),
            "roles": list(self.roles),
            "attributes": dict(self.attributes),
        }


async def list_people(engine: AsyncEngine) -> list[Person]:
    """Everybody, by subject."""
    async with engine.connect() as connection:
        found = {
            row.id: Person(row.id, row.enabled) for row in await connection.execute(select(users))
        }
        of: dict[str, dict[str, list[str]]] = {kind: {} for kind in _TABLES}
        for kind, table in _TABLES.items():
            for row in await connection.execute(select(table)):
                of[kind].setdefault(row.user_id, []).append(row.name)
        valued: dict[str, dict[str, object]] = {}
        for row in await connection.execute(select(attributes)):
            valued.setdefault(row.user_id, {})[row.name] = row.value
    return [
        Person(
            subject,
            person.enabled,
            tuple(sorted(of["groups"].get(subject, ()))),
            tuple(sorted(of["roles"].get(subject, ()))),
            valued.get(subject, {}),
        )
        for subject, person in sorted(found.items())
    ]


async def put_people(engine: AsyncEngine, people: Iterable[Person], *, replace: bool) -> None:
    """All of them; those who are there already are an error unless `replace`.

    Raises ConfigurationError, and then nothing was written.
    """
    async with engine.begin() as connection:
        for person in people:
            _check(person.subject)
            if await _is_there(connection, person.subject):
                if not replace:
                    raise ConfigurationError(f"user `{person.subject}` is there already")
                await _delete(connection, person.subject)
            await _insert(connection, person)


async def set_enabled(engine: AsyncEngine, subject: str, *, enabled: bool) -> None:
    """Raises ConfigurationError for nobody."""
    async with engine.begin() as connection:
        changed = await connection.execute(
            update(users).where(users.c.id == subject).values(enabled=enabled)
        )
        if changed.rowcount != 1:
            raise ConfigurationError(f"there is no user `{subject}`")


async def remove_person(engine: AsyncEngine, subject: str) -> None:
    """Raises ConfigurationError for nobody."""
    async with engine.begin() as connection:
        await _check_there(connection, subject)
        await _delete(connection, subject)


async def change_names(
    engine: AsyncEngine, kind: str, subject: str, *, add: Iterable[str], remove: Iterable[str]
) -> list[str]:
    """Groups or roles (`kind`) as they are afterwards. Raises ConfigurationError for nobody."""
    table = _TABLES[kind]
    async with engine.begin() as connection:
        await _check_there(connection, subject)
        rows = await connection.execute(select(table.c.name).where(table.c.user_id == subject))
        there = {row.name for row in rows}
        for name in remove:
            if name not in there:
                raise ConfigurationError(f"user `{subject}` has no `{name}` among its {kind}")
            await connection.execute(
                delete(table).where(table.c.user_id == subject, table.c.name == name)
            )
            there.discard(name)
        for name in add:
            _check(name)
            if name not in there:
                await connection.execute(insert(table).values(user_id=subject, name=name))
                there.add(name)
    return sorted(there)


def _check(name: str) -> None:
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise ConfigurationError("names have 1 to 1024 printable characters")


async def _is_there(connection: AsyncConnection, subject: str) -> bool:
    found = await connection.execute(select(users.c.id).where(users.c.id == subject))
    return found.first() is not None


async def _check_there(connection: AsyncConnection, subject: str) -> None:
    if not await _is_there(connection, subject):
        raise ConfigurationError(f"there is no user `{subject}`")


async def _delete(connection: AsyncConnection, subject: str) -> None:
    for table in (groups, roles, attributes):
        await connection.execute(delete(table).where(table.c.user_id == subject))
    await connection.execute(delete(users).where(users.c.id == subject))


async def _insert(connection: AsyncConnection, person: Person) -> None:
    await connection.execute(insert(users).values(id=person.subject, enabled=person.enabled))
    for kind, names in person.named():
        for name in dict.fromkeys(names):
            _check(name)
            await connection.execute(
                insert(_TABLES[kind]).values(user_id=person.subject, name=name)
            )
    for name, value in person.attributes.items():
        await connection.execute(
            insert(attributes).values(user_id=person.subject, name=name, value=value)
        )
