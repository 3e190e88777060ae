"""Engines of SQL databases: embedded SQLite, or a server in production."""

from __future__ import annotations

import asyncio
import math
import threading
from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deemster.errors import ConfigurationError

__all__ = ["end_engine", "is_postgresql", "open_engine"]

CONNECT_SECONDS = 5.0


def open_engine(
    url: str, *, create: bool = False, read_only: bool = False, statement_seconds: float = 10.0
) -> AsyncEngine:
    """An engine; nothing is connected yet. Raises ConfigurationError.

    A SQLite file that is not there stays away unless `create`: an empty database made in passing
    would be one that knows nobody. `read_only` opens it so that nothing can be written. A server
    ends a statement after `statement_seconds` itself, whoever has stopped waiting for it.
    """
    try:
        wanted = make_url(url)
        return create_async_engine(
            wanted if create else _existing(wanted, "ro" if read_only else "rw"),
            hide_parameters=True,
            connect_args=_connect_args(wanted, statement_seconds, read_only=read_only),
            # A server that was restarted has ended every connection: found out before it is used.
            pool_pre_ping=wanted.get_backend_name() != "sqlite",
        )
    except ImportError as error:
        raise ConfigurationError(
            f"the database URL needs the Python package `{error.name}`, which is not installed"
        ) from None
    except SQLAlchemyError as error:
        # The URL may hold a password.
        raise ConfigurationError(
            "the database URL cannot be used", detail=type(error).__name__
        ) from None


async def end_engine(engine: AsyncEngine) -> None:
    """Release everything, for a loop that ends next.

    aiosqlite does not wait for the thread of a connection that failed, and that thread wants to
    tell the loop so.
    """
    await engine.dispose()
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 5.0)


def is_postgresql(url: str) -> bool:
    """Whether a URL names a PostgreSQL. Raises ConfigurationError where it is none."""
    try:
        return make_url(url).get_backend_name() == "postgresql"
    except SQLAlchemyError:
        raise ConfigurationError("the database URL cannot be used") from None


def _existing(url: URL, mode: str) -> URL:
    database = url.database or ":memory:"
    is_file = database != ":memory:" and not database.startswith("file:")
    if url.get_backend_name() != "sqlite" or not is_file:
        return url
    # https://www.sqlite.org/uri.html: `rw` and `ro` open what is there and make nothing.
    query = {**url.query, "mode": mode, "uri": "true"}
    return url.set(database=f"file:{quote(database)}", query=query)


def _connect_args(url: URL, statement_seconds: float, *, read_only: bool) -> dict[str, object]:
    if url.get_backend_name() == "sqlite":
        # How long SQLite itself waits for its lock: little longer than anybody waits for SQLite.
        return {"timeout": 1.0}
    if url.get_driver_name() != "asyncpg":
        return {}
    said = {
        "application_name": "deemster",
        "statement_timeout": str(math.ceil(statement_seconds * 1000)),
    }
    if read_only:
        said["default_transaction_read_only"] = "on"
    return {"timeout": CONNECT_SECONDS, "server_settings": said}
