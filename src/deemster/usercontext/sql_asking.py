"""Questions to an SQL directory, bounded in time and rows; what cannot be asked is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql import Executable

from deemster.errors import DependencyUnavailableError

__all__ = ["MOST_ROWS", "SqlQuestions", "can_be_stored"]

MOST_ROWS = 10_000
"""Of one part of one user; more is no user of anybody's."""

Rows = tuple[Sequence[str], Sequence[tuple[Any, ...]]]
"""Names of the columns, and the rows."""


class SqlQuestions:
    """Asks one database. Every failure is DependencyUnavailableError of `id`."""

    def __init__(self, id: str, engine: AsyncEngine, *, timeout: float) -> None:
        """`timeout` in seconds for each question."""
        self.id = id
        self._engine = engine
        self._timeout = timeout
        self._questions: set[asyncio.Task[Rows | str]] = set()

    async def rows(self, statement: Executable, values: dict[str, object]) -> Rows:
        """What the statement gives."""
        question = asyncio.create_task(self._asked(statement, values))
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

    async def close(self) -> None:
        """Release connections."""
        if self._questions:
            await asyncio.wait(self._questions)
        await self._engine.dispose()

    async def _asked(self, statement: Executable, values: dict[str, object]) -> Rows | str:
        """The rows, or why there are none."""
        try:
            async with self._engine.connect() as connection:
                return await _read(connection, statement, values)
        except (SQLAlchemyError, ValueError, OSError) as error:
            # The message of a database error may quote the subject or the URL: only its type.
            return type(error).__name__


async def _read(
    connection: AsyncConnection, statement: Executable, values: dict[str, object]
) -> Rows | str:
    result = await connection.execute(statement, values)
    names = list(result.keys())
    rows = [tuple(row) for row in result.fetchmany(MOST_ROWS + 1)]
    return "too many rows" if len(rows) > MOST_ROWS else (names, rows)


def can_be_stored(subject: str) -> bool:
    """PostgreSQL has no NUL in text, and lone surrogates are no text: nobody is called that."""
    try:
        subject.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in subject
