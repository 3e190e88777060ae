"""Named queries: parameters are data, rows are JSON, and what is too much or unclear has failed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.attributesources.sql import SqlSource, query_parameters
from deemster.model.attributes import HttpCall, SqlCall
from deemster.outgoing.databases import open_engine
from deemster.outgoing.failures import CallFailedError

LIMITS = "SELECT amount, currency FROM limits WHERE owner = :owner AND level >= :level"
HOSTILE = ["' or 1=1 --", "alice' --", "alice'; drop table limits; --", ":level", "%", "alice "]


@pytest.fixture
async def driver_at_rest() -> AsyncIterator[None]:
    """aiosqlite does not wait for the thread of a connection that failed; its loop must."""
    yield
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5)


@pytest.fixture
async def engine(tmp_path: Path, driver_at_rest: None) -> AsyncIterator[AsyncEngine]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'limits.db'}"
    writer = open_engine(url, create=True)
    async with writer.begin() as connection:
        await connection.execute(text("CREATE TABLE limits (owner, level, amount, currency)"))
        for number in range(20):
            row = {"owner": "alice" if number < 3 else "bob", "level": number, "amount": 100}
            statement = "INSERT INTO limits VALUES (:owner, :level, :amount, 'EUR')"
            await connection.execute(text(statement), row)
    await writer.dispose()
    engine = open_engine(url, read_only=True)
    yield engine
    await engine.dispose()


def call(owner: str = "alice", level: int = 0) -> SqlCall:
    return SqlCall("limits", (("owner", "str", owner), ("level", "int", level)))


def test_parameters_are_found_in_the_text() -> None:
    assert query_parameters(LIMITS) == {"owner", "level"}
    assert query_parameters("SELECT ':no', a::text FROM t WHERE x = :yes") >= {"yes"}


async def test_rows_are_objects(engine: AsyncEngine) -> None:
    source = SqlSource("limits", engine, LIMITS)
    assert await source.ask(call(level=1)) == [{"amount": 100, "currency": "EUR"}] * 2
    assert await source.ask(call("nobody")) == []


@pytest.mark.parametrize("owner", HOSTILE)
async def test_a_value_is_data(engine: AsyncEngine, owner: str) -> None:
    source = SqlSource("limits", engine, LIMITS)
    assert await source.ask(call(owner)) == []
    assert await source.ask(call()) == [{"amount": 100, "currency": "EUR"}] * 3


async def test_too_many_rows_are_a_failure_and_no_part_of_them_an_answer(
    engine: AsyncEngine,
) -> None:
    source = SqlSource("limits", engine, LIMITS, most_rows=3)
    assert len(await source.ask(call())) == 3  # type: ignore[arg-type]
    with pytest.raises(CallFailedError, match="more than 3 rows"):
        await source.ask(call("bob"))


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT amount FROM nowhere", "OperationalError"),
        ("SELECT amount, level AS amount FROM limits", "two columns"),
        ("SELECT x'00ff' AS bytes", "ValueError"),
        ("SELECT 9e999 AS number", "ValueError"),
        ("DELETE FROM limits", "Error"),
        ("CREATE TABLE other (x)", "OperationalError"),
    ],
)
async def test_what_cannot_be_answered_has_failed(engine: AsyncEngine, sql: str, told: str) -> None:
    with pytest.raises(CallFailedError, match=told):
        await SqlSource("limits", engine, sql).ask(SqlCall("limits"))
    assert len(await SqlSource("limits", engine, LIMITS).ask(call())) == 3  # type: ignore[arg-type]


async def test_a_database_that_is_not_there_has_failed_and_is_not_made(
    tmp_path: Path, driver_at_rest: None
) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/no.db", read_only=True)
    with pytest.raises(CallFailedError, match="OperationalError"):
        await SqlSource("limits", engine, "SELECT 1 AS one").ask(SqlCall("limits"))
    await engine.dispose()
    assert not (tmp_path / "no.db").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        SqlCall("limits"),
        SqlCall("limits", (("owner", "str", "a"),)),
        HttpCall("limits", "GET", "/"),
    ],
)
async def test_other_parameters_ask_nothing(engine: AsyncEngine, wrong: SqlCall | HttpCall) -> None:
    with pytest.raises(CallFailedError):
        await SqlSource("limits", engine, LIMITS).ask(wrong)


async def test_values_of_the_database_as_json(engine: AsyncEngine) -> None:
    sql = "SELECT 1 AS i, 1.5 AS f, 'a' AS t, NULL AS n"
    rows = await SqlSource("q", engine, sql).ask(SqlCall("q"))
    assert rows == [{"i": 1, "f": 1.5, "t": "a", "n": None}]


async def test_whoever_gives_up_does_not_wait_for_the_driver(engine: AsyncEngine) -> None:
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT 3000000) "
        "SELECT max(x) AS x FROM n"
    )
    source = SqlSource("q", engine, endless)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await source.ask(SqlCall("q"))
    await source.close()
