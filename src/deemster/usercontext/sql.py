"""A directory in an SQL database: embedded SQLite, or PostgreSQL in production."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.usercontext.sql_schema import attributes, groups, roles, users

__all__ = ["SqlUserSource", "open_engine"]

_MAX_DEPTH = 32


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
        await self._engine.dispose()

    async def _rows(self, query: Select[*tuple[Any, ...]], subject: str) -> list[tuple[Any, ...]]:
        if not _can_be_stored(subject):
            return []
        owner = query.selected_columns[0]
        try:
            async with asyncio.timeout(self._timeout), self._engine.connect() as connection:
                result = await connection.execute(query.where(owner == subject))
                return [tuple(row) for row in result if row[0] == subject]
        except (SQLAlchemyError, StrictJsonError, TimeoutError, OSError) as error:
            # The message of a database error may quote the subject or the URL: only its type.
            raise DependencyUnavailableError(self.id, detail=type(error).__name__) from None


def open_engine(url: str) -> AsyncEngine:
    """An engine for `SqlUserSource`; nothing is connected yet. Raises ConfigurationError."""
    try:
        return create_async_engine(url, json_deserializer=_json, hide_parameters=True)
    except (ArgumentError, ImportError, SQLAlchemyError) as error:
        # The URL may hold a password.
        raise ConfigurationError(
            "the directory's database URL cannot be used", detail=type(error).__name__
        ) from None


def _json(text: str | bytes) -> object:
    return read_strict_json(
        text if isinstance(text, bytes) else text.encode(), max_depth=_MAX_DEPTH
    )


def _can_be_stored(subject: str) -> bool:
    """PostgreSQL has no NUL in text, and lone surrogates are no text: nobody is called that."""
    try:
        subject.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in subject
