"""The tables of an SQL directory, and writing users into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import JSON, Boolean, Column, ForeignKey, MetaData, Table, Text, delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["attributes", "create_schema", "groups", "put_user", "roles", "users"]

_metadata = MetaData()


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
    Column("value", JSON, nullable=False),
)


async def create_schema(engine: AsyncEngine) -> None:
    """Make the tables that are not there yet (embedded SQLite; elsewhere use migrations)."""
    async with engine.begin() as connection:
        await connection.run_sync(_metadata.create_all)


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
