"""The SQL directory: subjects are data, failures are failures."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.outgoing.databases import open_engine
from deemster.usercontext.sql import SqlUserSource
from deemster.usercontext.sql_migrations import migrate
from deemster.usercontext.sql_schema import put_user
from tests.support.hostile_subjects import HOSTILE_IN_SQL

HOSTILE = [*HOSTILE_IN_SQL, "x" * 100_000]


@pytest.fixture
async def driver_at_rest() -> AsyncIterator[None]:
    """aiosqlite does not wait for the thread of a connection that failed; its loop must."""
    yield
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5)


@pytest.fixture
async def engine(tmp_path: Path, driver_at_rest: None) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'people.db'}", create=True)
    await migrate(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def people(engine: AsyncEngine) -> SqlUserSource:
    await put_user(
        engine,
        "alice",
        group_names=["finance", "staff"],
        role_names=["bizpro/accountant"],
        attribute_values={"level": 3, "sites": ["berlin", "oslo"], "manager": None, "on": True},
    )
    await put_user(engine, "mallory", enabled=False, group_names=["staff"])
    return SqlUserSource("people", engine, timeout=5)


async def test_a_user_is_found_with_every_part(people: SqlUserSource) -> None:
    assert await people.is_enabled("alice") is True
    assert await people.groups("alice") == {"finance", "staff"}
    assert await people.roles("alice") == {"bizpro/accountant"}
    assert await people.attributes("alice") == {
        "level": 3,
        "sites": ["berlin", "oslo"],
        "manager": None,
        "on": True,
    }


async def test_disabled_and_unknown_users_are_told_apart(people: SqlUserSource) -> None:
    assert await people.is_enabled("mallory") is False
    assert await people.is_enabled("nobody") is None


@pytest.mark.parametrize("subject", HOSTILE, ids=lambda subject: ascii(subject)[:30])
async def test_a_hostile_subject_is_nobody(people: SqlUserSource, subject: str) -> None:
    assert await people.is_enabled(subject) is None
    assert await people.groups(subject) == frozenset()
    assert await people.roles(subject) == frozenset()
    assert await people.attributes(subject) == {}
    assert await people.groups("alice") == {"finance", "staff"}


@pytest.mark.parametrize("subject", ["' or 1=1 --", "%", "ALICE", "áliçé\u202e", "?"])
async def test_a_subject_of_odd_characters_can_be_a_user(
    people: SqlUserSource, engine: AsyncEngine, subject: str
) -> None:
    await put_user(engine, subject, group_names=["odd"])
    assert await people.is_enabled(subject) is True
    assert await people.groups(subject) == {"odd"}


@pytest.mark.usefixtures("driver_at_rest")
async def test_a_collation_that_ignores_case_makes_no_two_users_one(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'loose.db'}", create=True)
    async with engine.begin() as connection:
        await connection.execute(
            text("create table users (id text collate nocase primary key, enabled boolean)")
        )
        await connection.execute(text("insert into users values ('alice', true)"))
    people = SqlUserSource("people", engine, timeout=5)
    assert await people.is_enabled("alice") is True
    assert await people.is_enabled("ALICE") is None
    await people.close()


@pytest.mark.usefixtures("driver_at_rest")
async def test_a_user_without_an_enabled_flag_is_disabled(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'loose.db'}", create=True)
    async with engine.begin() as connection:
        await connection.execute(text("create table users (id text, enabled boolean)"))
        await connection.execute(text("insert into users values ('alice', null)"))
    people = SqlUserSource("people", engine, timeout=5)
    assert await people.is_enabled("alice") is False
    await people.close()


async def test_writing_a_user_again_replaces_all_of_it(
    people: SqlUserSource, engine: AsyncEngine
) -> None:
    await put_user(engine, "alice", group_names=["staff"])
    assert await people.groups("alice") == {"staff"}
    assert await people.roles("alice") == frozenset()
    assert await people.attributes("alice") == {}


async def test_the_schema_may_be_made_twice(engine: AsyncEngine, people: SqlUserSource) -> None:
    await migrate(engine)
    assert await people.is_enabled("alice") is True


@pytest.mark.usefixtures("driver_at_rest")
async def test_a_database_that_is_not_there_is_unavailable_and_is_not_made(
    tmp_path: Path,
) -> None:
    people = SqlUserSource("people", open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no.db'}"))
    with pytest.raises(DependencyUnavailableError):
        await people.is_enabled("alice")
    await people.close()
    assert not os.listdir(tmp_path)  # noqa: PTH208  (not from within a coroutine)


@pytest.mark.usefixtures("driver_at_rest")
async def test_a_database_without_tables_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "no.db").touch()
    people = SqlUserSource("people", open_engine(f"sqlite+aiosqlite:///{tmp_path / 'no.db'}"))
    for question in (people.is_enabled, people.groups, people.roles, people.attributes):
        with pytest.raises(DependencyUnavailableError, match="people is unavailable"):
            await question("alice")
    await people.close()


@pytest.mark.usefixtures("driver_at_rest")
async def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    people = SqlUserSource("people", open_engine(f"sqlite+aiosqlite:///{tmp_path}/no/people.db"))
    with pytest.raises(DependencyUnavailableError) as caught:
        await people.is_enabled("alice")
    assert caught.value.detail == "OperationalError"
    await people.close()


@pytest.mark.usefixtures("driver_at_rest")
async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "people.db").write_text("this is no database" * 100)
    people = SqlUserSource("people", open_engine(f"sqlite+aiosqlite:///{tmp_path}/people.db"))
    with pytest.raises(DependencyUnavailableError):
        await people.is_enabled("alice")
    await people.close()


async def test_a_database_that_makes_us_wait_is_unavailable(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    people = SqlUserSource("people", engine, timeout=0.05)
    holder = sqlite3.connect(tmp_path / "people.db")
    holder.execute("begin exclusive")
    with pytest.raises(DependencyUnavailableError) as caught:
        await people.is_enabled("alice")
    assert caught.value.detail == "timed out"
    holder.rollback()
    holder.close()
    await people.close()


@pytest.mark.parametrize("value", ['{"a":1,"a":2}', "NaN", "[1", "1e999", '"\\ud800"', "", "three"])
async def test_an_attribute_that_is_no_strict_json_is_unavailable(
    people: SqlUserSource, engine: AsyncEngine, value: str
) -> None:
    async with engine.begin() as connection:
        statement = text("insert into user_attributes values ('alice', 'odd', :value)")
        await connection.execute(statement, {"value": value})
    with pytest.raises(DependencyUnavailableError):
        await people.attributes("alice")


@pytest.mark.parametrize("url", ["", "people.db", "nosuch://x", "postgresql+nosuch://u:pw@h/d"])
def test_a_url_that_cannot_be_used_stops_the_start_and_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_engine(url)
    assert "pw" not in str(caught.value) + caught.value.detail
