"""A directory in the operator's own tables, by queries of the settings.

Each query has the one parameter `:subject`, bound and never part of the text, and gives a column
`subject` beside its own: what the database takes for equal is compared again here. What an answer
lacks, or has in another type, is a failure and never an empty answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.errors import DependencyUnavailableError
from deemster.outgoing.sql_values import json_of
from deemster.usercontext.sql_asking import SqlQuestions, can_be_stored

__all__ = ["SUBJECT", "QueriedUserSource", "UserQueries"]

SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class UserQueries:
    """`user`: `subject`, `enabled`; `groups`, `roles`: `subject`, `name`, a row each; `attributes`:
    `subject` and a column for each attribute. None: the directory has none of these."""

    user: str
    groups: str | None = None
    roles: str | None = None
    attributes: str | None = None


class QueriedUserSource:
    """`directories[].sql.queries`."""

    def __init__(
        self, id: str, engine: AsyncEngine, queries: UserQueries, *, timeout: float = 0.3
    ) -> None:
        """`timeout` in seconds for each question."""
        self.id = id
        self._queries = queries
        self._questions = SqlQuestions(id, engine, timeout=timeout)

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource."""
        rows = await self._rows(self._queries.user, subject, "user", ("enabled",))
        if not rows:
            return None
        if len(rows) > 1:
            self._fail("`user` gives more than one row")
        enabled = rows[0]["enabled"]
        # Databases without booleans have 0 and 1; anything else is neither yes nor no.
        if not isinstance(enabled, int) or enabled not in (0, 1):
            self._fail("`enabled` is no boolean")
        return bool(enabled)

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return await self._names(self._queries.groups, subject, "groups")

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return await self._names(self._queries.roles, subject, "roles")

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource."""
        query = self._queries.attributes
        if query is None:
            return {}
        rows = await self._rows(query, subject, "attributes", ())
        if len(rows) > 1:
            self._fail("`attributes` gives more than one row")
        if not rows:
            return {}
        try:
            # NULL is no value: the attribute is not there.
            return {
                name: json_of(value)
                for name, value in rows[0].items()
                if name != SUBJECT and value is not None
            }
        except ValueError:
            self._fail("an attribute has a type that JSON has not")

    async def close(self) -> None:
        """Release connections."""
        await self._questions.close()

    async def _names(self, query: str | None, subject: str, part: str) -> frozenset[str]:
        if query is None:
            return frozenset()
        rows = await self._rows(query, subject, part, ("name",))
        names = [row["name"] for row in rows]
        if not all(isinstance(name, str) for name in names):
            self._fail(f"a name of `{part}` is no text")
        return frozenset(names)

    async def _rows(
        self, query: str, subject: str, part: str, wanted: Sequence[str]
    ) -> list[dict[str, Any]]:
        if not can_be_stored(subject):
            return []
        columns, rows = await self._questions.rows(text(query), {SUBJECT: subject})
        if len(set(columns)) < len(columns):
            self._fail(f"two columns of `{part}` have one name")
        missing = [name for name in (SUBJECT, *wanted) if name not in columns]
        if missing:
            self._fail(f"`{part}` gives no column `{missing[0]}`")
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return [row for row in found if row[SUBJECT] == subject]

    def _fail(self, detail: str) -> NoReturn:
        raise DependencyUnavailableError(self.id, detail=detail)
