"""`deemster schema`, as it is typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_schema_of_a_kind_or_of_all_is_printed() -> None:
    outcome = CliRunner().invoke(app, ["schema", "Library"])
    assert json.loads(outcome.stdout)["title"] == "Deemster Library, deemster/v1"
    outcome = CliRunner().invoke(app, ["schema"])
    assert json.loads(outcome.stdout)["title"] == "Deemster policy document, deemster/v1"


def test_all_schemas_are_written_to_a_folder_that_is_made(here: Path) -> None:
    outcome = CliRunner().invoke(app, ["schema", "--out", "a/b"])
    assert outcome.exit_code == 0
    names = [
        "api-service.schema.json", "library.schema.json", "policy.schema.json",
        "application.schema.json", "policy-test.schema.json", "deemster.schema.json",
    ]  # fmt: skip
    assert outcome.stdout.splitlines() == [f"wrote a/b/{name}" for name in names]
    assert sorted(file.name for file in (here / "a" / "b").iterdir()) == sorted(names)


def test_one_schema_is_written_and_printed_alike(here: Path) -> None:
    CliRunner().invoke(app, ["schema", "Policy", "--out", "."])
    printed = CliRunner().invoke(app, ["schema", "Policy"]).stdout
    assert [file.read_text() for file in here.iterdir()] == [printed]


def test_a_kind_that_there_is_not_suggests_one() -> None:
    outcome = CliRunner().invoke(app, ["schema", "Libary"])
    assert outcome.exit_code == 2
    assert "did you mean `Library`?" in outcome.stderr
