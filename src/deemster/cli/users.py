"""`deemster users`: the people of an SQL directory that has our own tables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from deemster.cli.arguments import FormatOption, RequiredConfigOption
from deemster.cli.output import OutputFormat, print_json
from deemster.cli.user_files import read_users
from deemster.errors import ConfigurationError
from deemster.outgoing.databases import end_engine, is_postgresql, open_engine
from deemster.policy.diagnostics import did_you_mean
from deemster.policytest.printable import printable
from deemster.settings import load_settings, process_environment
from deemster.settings.directory_model import SqlDirectory
from deemster.usercontext.sql_migrations import migrate, versions
from deemster.usercontext.sql_people import (
    Person,
    change_names,
    list_people,
    put_people,
    remove_person,
    set_enabled,
)

__all__ = ["users"]

T = TypeVar("T")

users = typer.Typer(
    help="The people of an SQL directory.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

DirectoryOption = Annotated[
    str | None,
    typer.Option("--directory", help="Id of a directory; may be left out where there is one."),
]
SubjectArgument = Annotated[str, typer.Argument(help="As tokens name the user (`sub`).")]
AddOption = Annotated[list[str] | None, typer.Option("--add", metavar="NAME")]
RemoveOption = Annotated[list[str] | None, typer.Option("--remove", metavar="NAME")]


@users.command("list")
def list_users(
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Everybody, with groups and roles."""
    found = _with_engine(config, directory, list_people)
    if output_format is OutputFormat.JSON:
        print_json([person.shown() for person in found])
        return
    for person in found:
        parts = [person.subject, "enabled" if person.enabled else "disabled"]
        parts += [f"{kind} {', '.join(names)}" for kind, names in person.named() if names]
        print(printable("  ".join(parts)))


@users.command("add")
def add_user(
    subject: SubjectArgument,
    group: Annotated[list[str] | None, typer.Option("--group", help="May be repeated.")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="May be repeated.")] = None,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """A new user, enabled; one that is there already is an error."""
    person = Person(subject, groups=tuple(group or ()), roles=tuple(role or ()))
    _with_engine(config, directory, lambda engine: put_people(engine, [person], replace=False))
    print("added")


@users.command("disable")
def disable_user(
    subject: SubjectArgument,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """No token of the user opens anything from now on."""
    _with_engine(config, directory, lambda engine: set_enabled(engine, subject, enabled=False))
    _told_when(config, directory, "disabled")


@users.command("enable")
def enable_user(
    subject: SubjectArgument,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """The contrary of disable."""
    _with_engine(config, directory, lambda engine: set_enabled(engine, subject, enabled=True))
    _told_when(config, directory, "enabled")


@users.command("remove")
def remove_user(
    subject: SubjectArgument,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """The user, with groups, roles and attributes."""
    _with_engine(config, directory, lambda engine: remove_person(engine, subject))
    _told_when(config, directory, "removed")


@users.command("groups")
def change_groups(
    subject: SubjectArgument,
    add: AddOption = None,
    remove: RemoveOption = None,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """The user's groups; `--add` and `--remove` change them."""
    _names("groups", subject, add, remove, directory, config)


@users.command("roles")
def change_roles(
    subject: SubjectArgument,
    add: AddOption = None,
    remove: RemoveOption = None,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """The user's roles; `--add` and `--remove` change them."""
    _names("roles", subject, add, remove, directory, config)


@users.command("import")
def import_users(
    file: Annotated[Path, typer.Argument(help="CSV with a head line, or JSON.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Also those who are there already.")
    ] = False,
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """All users of a file, or none of them."""
    people = read_users(file)
    _with_engine(config, directory, lambda engine: put_people(engine, people, replace=replace))
    _told_when(config, directory, f"{len(people)} imported")


@users.command("migrate")
def migrate_tables(
    directory: DirectoryOption = None,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """Bring the tables to this release's version, and make them where there are none."""
    before, after = _with_engine(config, directory, migrate, checked=False)
    print(f"at version {after}" if before == after else f"from {before or 'nothing'} to {after}")


def _names(
    kind: str,
    subject: str,
    add: list[str] | None,
    remove: list[str] | None,
    directory: str | None,
    config: Path,
) -> None:
    changed = bool(add or remove)
    found = _with_engine(
        config,
        directory,
        lambda engine: change_names(engine, kind, subject, add=add or [], remove=remove or []),
    )
    print(printable(", ".join(found) or f"no {kind}"))
    if changed:
        _told_when(config, directory, None)


def _directory(config: Path, wanted: str | None) -> tuple[str, SqlDirectory, float]:
    """Raises ConfigurationError where none is meant, or one that is not ours to write."""
    settings = load_settings(config, process_environment())
    ours = {
        found.id: (found.source, found.cache)
        for found in settings.directories
        if isinstance(found.source, SqlDirectory) and found.source.queries is None
    }
    if wanted is None and len(ours) == 1:
        wanted = next(iter(ours))
    if wanted not in ours:
        if not ours:
            raise ConfigurationError("no directory of the settings has `sql` with our own tables")
        near = "" if wanted is None else did_you_mean(wanted, ours)
        raise ConfigurationError(
            "`--directory` names no directory that can be written; "
            + (near or f"known: {', '.join(sorted(ours))}")
        )
    return wanted, *ours[wanted]


def _with_engine(
    config: Path,
    wanted: str | None,
    use: Callable[[AsyncEngine], Awaitable[T]],
    *,
    checked: bool = True,
) -> T:
    id, source, _ = _directory(config, wanted)

    async def run() -> T:
        engine = open_engine(source.url.reveal(), create=not checked)
        try:
            if checked:
                there, needed = await versions(engine)
                if there != needed:
                    raise ConfigurationError(
                        f"the tables of `{id}` are of version {there or 'none'}, not {needed}: "
                        "run `deemster users migrate`"
                    )
            return await use(engine)
        except (SQLAlchemyError, OSError) as error:
            # The message may quote the URL.
            raise ConfigurationError(
                f"the database of directory `{id}` cannot be used: {type(error).__name__}"
            ) from None
        finally:
            await end_engine(engine)

    return asyncio.run(run())


def _told_when(config: Path, wanted: str | None, what: str | None) -> None:
    """When running services know of it: at once by PostgreSQL, else when their cache ends."""
    _, source, cache = _directory(config, wanted)
    at_once = is_postgresql(source.url.reveal()) and source.notify is not None
    when = "services know at once" if at_once else f"services know within {cache:g} s"
    print(when if what is None else f"{what}; {when}")
