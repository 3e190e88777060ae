"""The tables of an SQL directory, and writing users into them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Boolean, Column, ForeignKey, MetaData, Table, Text, delete, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import TypeDecorator

from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["attributes", "groups", "put_user", "roles", "users"]

_MAX_DEPTH = 32

_metadata = MetaData()


class _StrictJson(TypeDecorator[object]):
    """A JSON value kept as text.

    The databases' own JSON types differ in what they keep: SQLite's is a number where the text
    looks like one, and drops digits.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str:
        return json.dumps(value, allow_nan=False)

    def process_result_value(self, value: object, dialect: Dialect) -> object:
        if not isinstance(value, str):
            raise StrictJsonError("not text", 0)
        return read_strict_json(value.encode(), max_depth=_MAX_DEPTH)


def _of_user() -> Column[str]:
    return Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


users = Table(
    "users",
    _metadata,
    Column("id", Text, primary_key=True),
    Column("enabled", Boolean, nullable=False),
)
groups = Table("user_groups", _metadata, _of_user(), Column("name", Text, primary_key=True))
roles = Table("user_roles", _metadata, _of_user(), Column("name", Text, primary_key=True))
attributes = Table(
    "user_attributes",
    _metadata,
    _of_user(),
    Column("name", Text, primary_key=True),
    Column("value", _StrictJson, nullable=False),
)


async def put_user(
    engine: AsyncEngine,
    subject: str,
    *,
    enabled: bool = True,
    group_names: Iterable[str] = (),
    role_names: Iterable[str] = (),
    attribute_values: Mapping[str, object] | None = None,
) -> None:
    """Write one user as given, in place of whatever was known of it."""
    rows: list[tuple[Table, list[dict[str, object]]]] = [
        (users, [{"id": subject, "enabled": enabled}]),
        (groups, [{"user_id": subject, "name": name} for name in sorted(set(group_names))]),
        (roles, [{"user_id": subject, "name": name} for name in sorted(set(role_names))]),
        (
            attributes,
            [
                {"user_id": subject, "name": name, "value": value}
                for name, value in (attribute_values or {}).items()
            ],
        ),
    ]
    async with engine.begin() as connection:
        for table in (groups, roles, attributes):
            await connection.execute(delete(table).where(table.c.user_id == subject))
        await connection.execute(delete(users).where(users.c.id == subject))
        for table, values in rows:
            if values:
                await connection.execute(insert(table), values)
