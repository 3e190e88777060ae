"""Decisions do not change with the layout: the suites of the demonstration tree say the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.reader import read_document
from tests.support.random_yaml import RandomWriter
from tests.support.scale import scaled, seed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demonstration tree, at `policies` in the current folder."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "policies"


def outcomes() -> list[tuple[str, str]]:
    """Every case of every suite, which says what must be decided, and how it came out."""
    run = CliRunner().invoke(app, ["test", "policies", "--format", "json"])
    assert run.exit_code == 0, run.output
    return [
        (case["name"], case["outcome"])
        for suite in json.loads(run.stdout)["suites"]
        for case in suite["cases"]
    ]


@pytest.mark.slow
def test_a_tree_in_any_layout_decides_as_before_and_after_it_is_formatted(tree: Path) -> None:
    rng = Random(f"decisions/{seed()}")
    before = outcomes()
    assert before
    for _ in range(scaled(50)):
        for file in tree.rglob("*.yaml"):
            node = read_document(file.read_bytes(), "a.yaml", DiagnosticSink())
            assert node is not None
            file.write_text(RandomWriter(rng).write(node), encoding="utf-8", newline="")
        assert outcomes() == before
        assert CliRunner().invoke(app, ["fmt"]).exit_code == 0
        assert outcomes() == before
        assert CliRunner().invoke(app, ["fmt", "--check"]).exit_code == 0
