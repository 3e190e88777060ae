"""Directories in a real PostgreSQL: our tables and the operator's, changed, gone and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.errors import ConfigurationError, DependencyUnavailableError, TokenRejectedError
from deemster.model.clock import SystemClock
from deemster.model.identity import UserPart
from deemster.outgoing.databases import open_engine
from deemster.usercontext.changes import OUR_CHANNEL, ChangeListener
from deemster.usercontext.resolver import UserResolver
from deemster.usercontext.source import UserSource
from deemster.usercontext.sql import SqlUserSource
from deemster.usercontext.sql_migrations import migrate, versions
from deemster.usercontext.sql_people import (
    Person,
    change_names,
    list_people,
    put_people,
    remove_person,
    set_enabled,
)
from deemster.usercontext.sql_queries import QueriedUserSource, UserQueries
from deemster.usercontext.sql_schema import put_user, users
from tests.support.hostile_subjects import HOSTILE_IN_SQL
from tests.support.parts import Parts
from tests.support.postgres import PostgresServer, postgres_server

HOSTILE = [*HOSTILE_IN_SQL, "x" * 1_000_000]
OWN = UserQueries(
    user="SELECT login AS subject, active AS enabled FROM accounts WHERE login = :subject",
    groups="SELECT login AS subject, team AS name FROM memberships WHERE login = :subject",
    attributes="SELECT login AS subject, level, region FROM accounts WHERE login = :subject",
)


@pytest.fixture(scope="module")
def server(parts: Parts) -> Iterator[PostgresServer]:
    with postgres_server(parts) as running:
        yield running


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.new_database()


@asynccontextmanager
async def engine_of(url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


async def ours(url: str) -> None:
    """Our tables with alice in them."""
    async with engine_of(url) as engine:
        await migrate(engine)
        await put_user(
            engine,
            "alice",
            group_names=["sales"],
            role_names=["clerk"],
            attribute_values={"level": 3, "big": 2**60},
        )


async def theirs(url: str) -> None:
    """The operator's tables with alice in them, by a collation that ignores case."""
    async with engine_of(url) as engine, engine.begin() as connection:
        for statement in (
            "CREATE COLLATION blind (provider=icu, locale='und-u-ks-level2', deterministic=false)",
            "CREATE TABLE accounts (login text COLLATE blind, active boolean, level int,"
            " region text)",
            "CREATE TABLE memberships (login text COLLATE blind, team text)",
            "INSERT INTO accounts VALUES ('alice', true, 3, NULL), ('bob', false, 1, 'eu')",
            "INSERT INTO memberships VALUES ('alice', 'sales'), ('alice', 'crew')",
        ):
            await connection.execute(text(statement))


@asynccontextmanager
async def source_of(kind: str, url: str) -> AsyncIterator[UserSource]:
    engine = open_engine(url, read_only=True)
    source: UserSource
    if kind == "ours":
        await ours(url)
        source = SqlUserSource("people", engine, timeout=5.0)
    else:
        await theirs(url)
        source = QueriedUserSource("people", engine, OWN, timeout=5.0)
    try:
        yield source
    finally:
        await source.close()


async def test_migrations_make_what_the_code_reads(url: str) -> None:
    async with engine_of(url) as engine:
        assert await versions(engine) == (None, "0002")
        assert await migrate(engine) == (None, "0002")
        assert await migrate(engine) == ("0002", "0002")

        def told(connection: object) -> dict[str, set[str]]:
            found = inspect(connection)
            return {
                table.name: {column["name"] for column in found.get_columns(table.name)}
                for table in users.metadata.sorted_tables
            }

        async with engine.connect() as connection:
            there = await connection.run_sync(told)
    assert there == {
        table.name: {column.name for column in table.columns}
        for table in users.metadata.sorted_tables
    }


async def test_tables_of_a_later_release_are_not_touched(url: str) -> None:
    async with engine_of(url) as engine:
        await migrate(engine)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE deemster_schema SET version_num = '0099'"))
        with pytest.raises(ConfigurationError, match="version 0099, which a later release made"):
            await migrate(engine)


async def test_tables_that_had_no_version_yet_are_taken_over(url: str) -> None:
    async with engine_of(url) as engine:
        async with engine.begin() as connection:
            await connection.run_sync(users.metadata.create_all)
        await put_user(engine, "alice", group_names=["sales"])
        assert await migrate(engine) == (None, "0002")
        assert [person.subject for person in await list_people(engine)] == ["alice"]


@pytest.mark.parametrize("kind", ["ours", "theirs"])
async def test_a_user_is_found_with_everything(url: str, kind: str) -> None:
    async with source_of(kind, url) as source:
        assert await source.is_enabled("alice") is True
        assert await source.is_enabled("nobody") is None
        groups = {"sales"} if kind == "ours" else {"sales", "crew"}
        assert await source.groups("alice") == groups
        assert await source.roles("alice") == ({"clerk"} if kind == "ours" else frozenset())
        wanted = {"level": 3, "big": 2**60} if kind == "ours" else {"level": 3}
        assert await source.attributes("alice") == wanted


@pytest.mark.catalogue("I5")
@pytest.mark.parametrize("kind", ["ours", "theirs"])
async def test_a_hostile_subject_is_nobody(url: str, kind: str) -> None:
    async with source_of(kind, url) as source:
        for subject in HOSTILE:
            assert await source.is_enabled(subject) is None, subject[:40]
            assert await source.groups(subject) == frozenset()
            assert await source.attributes(subject) == {}
        assert await source.is_enabled("alice") is True


@pytest.mark.catalogue("I7")
@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("SELECT login AS subject FROM accounts WHERE login = :subject", "is_enabled"),
        ("SELECT active AS enabled FROM accounts WHERE login = :subject", "is_enabled"),
        (
            "SELECT login AS subject, level AS enabled FROM accounts WHERE login = :subject",
            "is_enabled",
        ),
        (
            "SELECT login AS subject, NULL AS enabled FROM accounts WHERE login = :subject",
            "is_enabled",
        ),
        (
            "SELECT :subject AS subject, true AS enabled FROM accounts",
            "is_enabled",
        ),
        ("SELECT nothing FROM accounts WHERE login = :subject", "is_enabled"),
        ("SELECT login AS subject, level AS name FROM accounts WHERE login = :subject", "groups"),
        ("SELECT login AS subject FROM accounts WHERE login = :subject", "groups"),
        ("SELECT :subject AS subject, login FROM accounts", "attributes"),
        (
            "SELECT login AS subject, 'x'::bytea AS picture FROM accounts WHERE login = :subject",
            "attributes",
        ),
        (
            "SELECT login AS subject, level, region AS level FROM accounts WHERE login = :subject",
            "attributes",
        ),
        (
            "SELECT :subject AS subject, 'g' || n AS name FROM generate_series(1, 10001) AS n",
            "groups",
        ),
    ],
)
async def test_what_a_query_lacks_is_a_failure_and_never_empty(
    url: str, query: str, asked: str
) -> None:
    await theirs(url)
    part = "user" if asked == "is_enabled" else asked
    queries = UserQueries(**{"user": OWN.user, part: query})
    source = QueriedUserSource("people", open_engine(url), queries, timeout=5.0)
    with pytest.raises(DependencyUnavailableError, match="people"):
        await getattr(source, asked)("alice")
    await source.close()


@pytest.mark.catalogue("I5")
async def test_a_directory_cannot_be_written_through_its_source(url: str) -> None:
    await theirs(url)
    queries = UserQueries(
        user="WITH gone AS (DELETE FROM accounts RETURNING login) "
        "SELECT login AS subject, true AS enabled FROM gone WHERE login = :subject"
    )
    source = QueriedUserSource("people", open_engine(url, read_only=True), queries, timeout=5.0)
    with pytest.raises(DependencyUnavailableError):
        await source.is_enabled("alice")
    await source.close()
    async with engine_of(url) as engine, engine.connect() as connection:
        found = await connection.execute(text("SELECT count(*) FROM accounts"))
        assert found.scalar() == 2


_STILL_RUNNING = (
    "SELECT pid, state, wait_event, now() - query_start AS since FROM pg_stat_activity "
    "WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"
)


@pytest.mark.catalogue("I3")
async def test_the_server_ends_what_nobody_waits_for(url: str) -> None:
    await theirs(url)
    engine = open_engine(url, read_only=True, statement_seconds=0.4)
    queries = UserQueries(
        user="SELECT :subject AS subject, true AS enabled, pg_sleep(60)::text AS slept"
    )
    source = QueriedUserSource("people", engine, queries, timeout=0.2)
    async with asyncio.timeout(5):
        found = await asyncio.gather(
            *[source.is_enabled("alice") for _ in range(30)], return_exceptions=True
        )
    assert all(isinstance(one, DependencyUnavailableError) for one in found)
    # Each look is a transaction of its own: within one the view does not change.
    async with engine_of(url) as other:

        async def running() -> list[object]:
            async with other.connect() as connection:
                return list(await connection.execute(text(_STILL_RUNNING)))

        for _ in range(200):
            if not await running():
                break
            await asyncio.sleep(0.05)
        assert await running() == []
    await source.close()


async def test_people_are_written_whole_or_not_at_all(url: str) -> None:
    await ours(url)
    async with engine_of(url) as engine:
        with pytest.raises(ConfigurationError, match="`alice` is there already"):
            await put_people(engine, [Person("zoe"), Person("alice")], replace=False)
        assert [person.subject for person in await list_people(engine)] == ["alice"]
        await put_people(engine, [Person("zoe", groups=("a", "a"))], replace=False)
        assert await change_names(engine, "groups", "zoe", add=["b"], remove=["a"]) == ["b"]
        await set_enabled(engine, "zoe", enabled=False)
        await remove_person(engine, "alice")
        assert await list_people(engine) == [Person("zoe", enabled=False, groups=("b",))]
        for wrong in (
            set_enabled(engine, "x", enabled=True),
            remove_person(engine, "x"),
            change_names(engine, "roles", "x", add=["b"], remove=[]),
        ):
            with pytest.raises(ConfigurationError, match="there is no user `x`"):
                await wrong
        with pytest.raises(ConfigurationError, match="has no `z`"):
            await change_names(engine, "roles", "zoe", add=[], remove=["z"])


class Hearing:
    """A resolver that hears of changes, with a cache that would last for an hour."""

    def __init__(self, url: str) -> None:
        self.states: list[bool] = []
        source = SqlUserSource("people", open_engine(url, read_only=True), timeout=5.0)
        self.users = UserResolver({"staff": source}, clock=SystemClock(), ttl=3600, timeout=5.0)
        self.listener = ChangeListener(
            url,
            OUR_CHANNEL,
            on_change=lambda subject: self.users.forget(["staff"], subject),
            on_state=self.states.append,
        )

    async def groups(self, subject: str = "alice") -> object:
        """Or the reason why not."""
        try:
            user = await self.users.resolve("staff", subject)
        except TokenRejectedError as refused:
            return refused.reason.value
        user = await self.users.fetch("staff", user, frozenset({UserPart.GROUPS}))
        return user.groups

    async def becomes(self, wanted: Callable[[object], bool], subject: str = "alice") -> None:
        for _ in range(300):
            if wanted(await self.groups(subject)):
                return
            await asyncio.sleep(0.02)
        pytest.fail(f"it stayed {await self.groups(subject)}")


@asynccontextmanager
async def hearing(url: str) -> AsyncIterator[Hearing]:
    await ours(url)
    found = Hearing(url)
    found.listener.start()
    for _ in range(300):
        if found.listener.listening:
            break
        await asyncio.sleep(0.02)
    try:
        yield found
    finally:
        await found.listener.close()
        await found.users.close()


async def test_a_change_is_known_at_once(url: str) -> None:
    async with hearing(url) as running, engine_of(url) as engine:
        assert await running.groups() == {"sales"}
        assert await running.groups("zoe") == "user-unknown"
        await change_names(engine, "groups", "alice", add=["crew"], remove=["sales"])
        await running.becomes(lambda groups: groups == {"crew"})
        await put_people(engine, [Person("zoe")], replace=False)
        await running.becomes(lambda groups: groups == frozenset(), "zoe")
        await set_enabled(engine, "alice", enabled=False)
        await running.becomes(lambda groups: groups == "user-disabled")
        await remove_person(engine, "alice")
        await running.becomes(lambda groups: groups == "user-unknown")


async def test_what_everybody_lost_is_known_at_once(url: str) -> None:
    async with hearing(url) as running, engine_of(url) as engine:
        assert await running.groups() == {"sales"}
        async with engine.begin() as connection:
            await connection.execute(text("TRUNCATE user_groups"))
        await running.becomes(lambda groups: groups == frozenset())


@pytest.mark.slow
async def test_what_was_missed_while_the_database_was_away_is_not_believed(
    server: PostgresServer,
) -> None:
    url = server.new_database()
    async with hearing(url) as running:
        assert await running.groups() == {"sales"}
        server.stop()
        try:
            for _ in range(300):
                if not running.listener.listening:
                    break
                await asyncio.sleep(0.02)
            # What was known a moment ago is good for its time; what was not is unknown to nobody.
            assert await running.groups() == {"sales"}
            with pytest.raises(DependencyUnavailableError):
                await running.users.resolve("staff", "zoe")
        finally:
            server.start()
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("ALTER TABLE user_groups DISABLE TRIGGER USER")
        await connection.execute("UPDATE user_groups SET name = 'crew'")
        await connection.close()
        await running.becomes(lambda groups: groups == {"crew"})
        assert running.states == [True, False, True]
