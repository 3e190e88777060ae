"""Brings the tables of an SQL directory to the version that this release reads (Alembic)."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.errors import ConfigurationError

__all__ = ["VERSION_TABLE", "migrate", "versions"]

VERSION_TABLE = "deemster_schema"


async def migrate(engine: AsyncEngine) -> tuple[str | None, str]:
    """The versions before and after; nothing is done where it is right already.

    Raises ConfigurationError where the tables are of a later release. SQLAlchemyError where the
    database cannot be used.
    """
    async with engine.begin() as connection:
        return await connection.run_sync(_migrated)


async def versions(engine: AsyncEngine) -> tuple[str | None, str]:
    """The version that is there (None: none), and the one that this release reads."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: (_current(sync), _scripts()[1]))


def _migrated(connection: Connection) -> tuple[str | None, str]:
    scripts, newest = _scripts()
    before = _current(connection)
    if before is not None and before not in {
        script.revision for script in scripts.walk_revisions()
    }:
        raise ConfigurationError(
            f"the directory's tables are of version {before}, which a later release made"
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return before, newest


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _scripts() -> tuple[ScriptDirectory, str]:
    scripts = ScriptDirectory.from_config(_config())
    newest = scripts.get_current_head()
    if newest is None:
        raise AssertionError("there are migrations")
    return scripts, newest


def _config() -> Config:
    with as_file(files("deemster.usercontext") / "migrations") as folder:
        config = Config()
        # A `%` begins an interpolation to the library.
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
