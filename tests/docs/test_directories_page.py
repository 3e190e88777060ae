"""docs/directories.md: its settings load, its commands run, its queries find who is there."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
from pathlib import Path

from typer.testing import CliRunner

from deemster.app.users import build_user_resolver
from deemster.cli.main import app
from deemster.model.clock import SystemClock
from deemster.model.identity import UserPart
from deemster.settings import load_settings
from tests.support.markdown import code_blocks, sections
from tests.support.page_settings import ENVIRON, with_a_provider

PAGE = (Path(__file__).parents[2] / "docs" / "directories.md").read_text("utf-8")
PARTS = sections(PAGE)


def settings_of(folder: Path, part: str, directory: str) -> Path:
    (text,) = code_blocks(PARTS[part], "yaml")
    return with_a_provider(folder, text, directory)


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    config = settings_of(tmp_path, "Our tables", "people")
    (staff,) = code_blocks(PARTS["Our tables"], "text")
    (tmp_path / "staff.csv").write_text(staff, encoding="utf-8")
    (console,) = code_blocks(PARTS["Our tables"], "console")
    outputs = []
    for line in console.splitlines():
        arguments = shlex.split(line.removeprefix("$ deemster "))
        arguments = [str(tmp_path / one) if one == "staff.csv" else one for one in arguments]
        found = CliRunner(env=ENVIRON).invoke(app, [*arguments, "--config", str(config)])
        assert found.exit_code == 0, found.output
        outputs.append(found.output.strip())
    assert outputs == [
        "from nothing to 0002",
        "added",
        "2 imported; services know within 60 s",
        "alice  enabled  groups finance  roles accountant\n"
        "bob  enabled  groups crew, sales\n"
        "carol  disabled  roles controller",
        "sales\nservices know within 60 s",
        "accountant",
        "disabled; services know within 60 s",
        "enabled; services know within 60 s",
        "removed; services know within 60 s",
    ]


def test_the_queries_of_the_page_find_who_is_there(tmp_path: Path) -> None:
    config = settings_of(tmp_path, "Your own tables", "crm")
    database = sqlite3.connect(tmp_path / "crm.db")
    database.executescript(
        "CREATE TABLE accounts (login TEXT COLLATE NOCASE, active INT, level INT, region TEXT);"
        "CREATE TABLE memberships (login TEXT, team TEXT);"
        "INSERT INTO accounts VALUES ('alice', 1, 3, NULL);"
        "INSERT INTO memberships VALUES ('alice', 'sales');"
    )
    database.close()

    async def asked() -> tuple[object, object]:
        users = build_user_resolver(load_settings(config, ENVIRON), SystemClock())
        found = await users.resolve("staff", "alice")
        found = await users.fetch("staff", found, frozenset(UserPart))
        await users.close()
        return found.groups, found.attributes

    assert asyncio.run(asked()) == ({"sales"}, {"level": 3})
