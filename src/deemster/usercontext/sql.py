"""A directory in an SQL database: embedded SQLite, or PostgreSQL in production."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.errors import DependencyUnavailableError
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
        self._engine = engine
        self._timeout = timeout
        self._questions: set[asyncio.Task[list[tuple[Any, ...]] | str]] = set()

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource."""
        rows = await self._rows(select(users.c.id, users.c.enabled), subject)
        # A flag that is NULL in spite of the schema is not a yes.
        return bool(rows[0][1]) if rows else None

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        rows = await self._rows(select(groups.c.user_id, groups.c.name), subject)
        return frozenset(row[1] for row in rows)

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        rows = await self._rows(select(roles.c.user_id, roles.c.name), subject)
        return frozenset(row[1] for row in rows)

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource."""
        columns = (attributes.c.user_id, attributes.c.name, attributes.c.value)
        rows = await self._rows(select(*columns), subject)
        return {row[1]: row[2] for row in rows}

    async def close(self) -> None:
        """Release connections."""
        if self._questions:
            await asyncio.wait(self._questions)
        await self._engine.dispose()

    async def _rows(self, query: Select[*tuple[Any, ...]], subject: str) -> list[tuple[Any, ...]]:
        if not _can_be_stored(subject):
            return []
        question = asyncio.create_task(self._asked(query, subject))
        self._questions.add(question)
        question.add_done_callback(self._questions.discard)
        # A driver may need long to give up a cancelled query (SQLite waits for its lock). It does
        # so by itself: nobody waits for it beyond the timeout.
        try:
            await asyncio.wait([question], timeout=self._timeout)
        finally:
            question.cancel()
        found = question.result() if question.done() else "timed out"
        if isinstance(found, str):
            raise DependencyUnavailableError(self.id, detail=found)
        return found

    async def _asked(
        self, query: Select[*tuple[Any, ...]], subject: str
    ) -> list[tuple[Any, ...]] | str:
        """The rows, or why there are none."""
        owner = query.selected_columns[0]
        try:
            async with self._engine.connect() as connection:
                result = await connection.execute(query.where(owner == subject))
                return [tuple(row) for row in result if row[0] == subject]
        except (SQLAlchemyError, ValueError, OSError) as error:
            # The message of a database error may quote the subject or the URL: only its type.
            return type(error).__name__


def _can_be_stored(subject: str) -> bool:
    """PostgreSQL has no NUL in text, and lone surrogates are no text: nobody is called that."""
    try:
        subject.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in subject
