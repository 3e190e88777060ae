"""A named query: its text from the settings, its parameters bound, its rows as JSON objects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.model.attributes import SourceCall, SqlCall
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.sql_values import json_of

__all__ = ["SqlSource", "query_parameters"]

_READ_ONLY = {"postgresql": "SET TRANSACTION READ ONLY"}


def query_parameters(sql: str) -> frozenset[str]:
    """Names of the `:parameters` of a query."""
    return frozenset(text(sql).compile().params)


class SqlSource:
    """`queries:` of the settings, one entry. Values are only ever bound parameters."""

    def __init__(self, name: str, engine: AsyncEngine, sql: str, *, most_rows: int = 100) -> None:
        """More rows than `most_rows` are a failure, never a part of them an answer."""
        self.name = name
        self._engine = engine
        self._query = text(sql)
        self._parameters = query_parameters(sql)
        self._most_rows = most_rows
        self._read_only = _READ_ONLY.get(engine.dialect.name)
        self._questions: set[asyncio.Task[list[dict[str, object]] | str]] = set()

    async def ask(self, call: SourceCall) -> object:
        """See AttributeSource: a list of rows, each an object of column ► JSON value."""
        if not isinstance(call, SqlCall):
            raise CallFailedError("is no service", is_outage=False)
        values = {name: value for name, _, value in call.parameters}
        if values.keys() != self._parameters:
            raise CallFailedError("has other parameters", is_outage=False)
        question = asyncio.create_task(self._asked(self._query, values))
        self._questions.add(question)
        question.add_done_callback(self._questions.discard)
        # A driver may need long to give up a cancelled query. It does so by itself: nobody waits
        # for it any longer.
        try:
            found = await asyncio.shield(question)
        except asyncio.CancelledError:
            question.cancel()
            raise
        if isinstance(found, str):
            raise CallFailedError(f"failed: {found}", is_outage=True)
        if len(found) > self._most_rows:
            message = f"has more than {self._most_rows} rows"
            raise CallFailedError(message, is_outage=False)
        return found

    async def close(self) -> None:
        """Wait for what is under way; the engine is its builder's."""
        if self._questions:
            await asyncio.wait(self._questions)

    async def _asked(
        self, query: TextClause, values: Mapping[str, str | int | bool]
    ) -> list[dict[str, object]] | str:
        """The rows, one more than there may be at most; or why there are none."""
        try:
            async with self._engine.connect() as connection:
                if self._read_only is not None:
                    await connection.execute(text(self._read_only))
                # A server-side cursor: what is not fetched is not in memory either.
                result = await connection.stream(query, dict(values))
                names = list(result.keys())
                if len(set(names)) < len(names):
                    return "two columns have one name"
                rows = await result.fetchmany(self._most_rows + 1)
                await result.close()
                return [dict(zip(names, map(json_of, row), strict=True)) for row in rows]
        except (SQLAlchemyError, ValueError, OSError, OverflowError) as error:
            # The message of a database error may quote values or the URL: only its type.
            return type(error).__name__
