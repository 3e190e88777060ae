"""A directory in an SQL database: embedded SQLite, or PostgreSQL in production."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.usercontext.sql_asking import SqlQuestions, can_be_stored
from deemster.usercontext.sql_schema import attributes, groups, roles, users

__all__ = ["SqlUserSource"]


class SqlUserSource:
    """`directories[]` of kind sql, over the tables of `sql_schema`.

    Subjects are only ever bound parameters. Every answer is compared with the subject again:
    collations that ignore case or trailing spaces would otherwise make two users one.
    """

    def __init__(self, id: str, engine: AsyncEngine, *, timeout: float = 0.3) -> None:
        """`timeout` in seconds for each question."""
        self.id = id
        self._questions = SqlQuestions(id, engine, timeout=timeout)

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource."""
        rows = await self._rows(_USER, subject)
        # A flag that is NULL in spite of the schema is not a yes.
        return bool(rows[0][1]) if rows else None

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return frozenset([row[1] for row in await self._rows(_GROUPS, subject)])

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return frozenset([row[1] for row in await self._rows(_ROLES, subject)])

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource."""
        return {row[1]: row[2] for row in await self._rows(_ATTRIBUTES, subject)}

    async def close(self) -> None:
        """Release connections."""
        await self._questions.close()

    async def _rows(self, query: Select[*tuple[Any, ...]], subject: str) -> list[tuple[Any, ...]]:
        if not can_be_stored(subject):
            return []
        _, rows = await self._questions.rows(query, {"subject": subject})
        return [row for row in rows if row[0] == subject]


def _of_subject(*columns: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401  (columns of any type)
    return select(*columns).where(columns[0] == bindparam("subject"))


_USER = _of_subject(users.c.id, users.c.enabled)
_GROUPS = _of_subject(groups.c.user_id, groups.c.name)
_ROLES = _of_subject(roles.c.user_id, roles.c.name)
_ATTRIBUTES = _of_subject(attributes.c.user_id, attributes.c.name, attributes.c.value)
