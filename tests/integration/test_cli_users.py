"""`deemster users` tells every mistake in words, and leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from tests.support.service import a_service_folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    found = a_service_folder(tmp_path)
    text = found.settings_file.read_text(encoding="utf-8")
    users = "static: {users: {alice: {groups: [sales]}, mallory: {enabled: false}}}"
    text = text.replace(users, "sql: {url: 'sqlite+aiosqlite:///people.db'}")
    found.settings_file.write_text(text, encoding="utf-8")
    return found.settings_file


def said(config: Path, *arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["users", *arguments, "--config", str(config)])
    return found.exit_code, " ".join(found.output.replace("│", " ").split())


def test_before_there_are_tables_the_command_says_how_to_make_them(config: Path) -> None:
    code, told = said(config, "list")
    assert code == 2
    assert "the database of directory `people` cannot be used" in told
    assert said(config, "migrate") == (0, "from nothing to 0002")
    assert said(config, "migrate") == (0, "at version 0002")
    assert said(config, "list") == (0, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("disable", "nobody"), "there is no user `nobody`"),
        (("remove", "nobody"), "there is no user `nobody`"),
        (("add", "alice"), "`alice` is there already"),
        (("add", ""), "1 to 1024 printable characters"),
        (("add", "a\u202eb"), "1 to 1024 printable characters"),
        (("groups", "alice", "--remove", "crew"), "has no `crew` among its groups"),
        (("list", "--directory", "peple"), "did you mean `people`"),
        (("import", "missing.csv"), "cannot be read"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(
    config: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert said(config, "migrate")[0] == 0
    assert said(config, "add", "alice", "--group", "sales")[0] == 0
    code, output = said(config, *arguments)
    assert code == 2
    assert told in output
    assert said(config, "list")[1] == "alice enabled groups sales"


def test_an_import_is_whole_or_not_at_all(config: Path, tmp_path: Path) -> None:
    said(config, "migrate")
    said(config, "add", "bob")
    file = tmp_path / "staff.csv"
    file.write_text("subject,groups\nalice,sales\nbob,crew\n", encoding="utf-8")
    code, told = said(config, "import", str(file))
    assert (code, "`bob` is there already" in told) == (2, True)
    assert said(config, "list")[1] == "bob enabled"
    assert said(config, "import", str(file), "--replace")[0] == 0
    assert said(config, "list")[1] == "alice enabled groups sales bob enabled groups crew"


def test_a_directory_of_another_kind_is_not_written(tmp_path: Path) -> None:
    found = a_service_folder(tmp_path)
    code, told = said(found.settings_file, "list")
    assert code == 2
    assert "no directory of the settings has `sql` with our own tables" in told
