"""Engines of SQL databases: embedded SQLite, or a server in production."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deemster.errors import ConfigurationError

__all__ = ["open_engine"]


def open_engine(url: str, *, create: bool = False, read_only: bool = False) -> AsyncEngine:
    """An engine; nothing is connected yet. Raises ConfigurationError.

    A SQLite file that is not there stays away unless `create`: an empty database made in passing
    would be one that knows nobody. `read_only` opens it so that nothing can be written.
    """
    try:
        engine = create_async_engine(
            make_url(url) if create else _existing(make_url(url), "ro" if read_only else "rw"),
            hide_parameters=True,
            connect_args=_connect_args(url),
        )
    except (ImportError, SQLAlchemyError) as error:
        # The URL may hold a password.
        raise ConfigurationError(
            "the database URL cannot be used", detail=type(error).__name__
        ) from None
    return engine


def _existing(url: URL, mode: str) -> URL:
    database = url.database or ":memory:"
    is_file = database != ":memory:" and not database.startswith("file:")
    if url.get_backend_name() != "sqlite" or not is_file:
        return url
    # https://www.sqlite.org/uri.html: `rw` and `ro` open what is there and make nothing.
    query = {**url.query, "mode": mode, "uri": "true"}
    return url.set(database=f"file:{quote(database)}", query=query)


def _connect_args(url: str) -> dict[str, object]:
    # How long SQLite itself waits for its lock: little longer than anybody waits for SQLite.
    return {"timeout": 1.0} if make_url(url).get_backend_name() == "sqlite" else {}
