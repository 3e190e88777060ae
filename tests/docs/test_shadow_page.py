"""The page about a tree beside the live one shows what the command prints."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from deemster.cli.main import app
from tests.support.markdown import code_blocks

PAGE = (Path(__file__).parents[2] / "docs" / "shadow-policies.md").read_text(encoding="utf-8")
SIDE = {"api_service": "orders", "operation": "cancel", "missing": []}
LINE = {
    "shadow": 1,
    "time": "2026-11-27T11:02:09.125Z",
    "environment": "local",
    "decision_id": "fa776b7a85da2f4baf41fc3c6b5e7588",
    "result": "widened",
    "live": {
        **SIDE,
        "revision": "a",
        "effect": "deny",
        "reason": "scope-missing",
        "deciding": None,
    },
    "beside": {
        **SIDE,
        "revision": "b",
        "effect": "permit",
        "reason": "permitted",
        "deciding": {"id_path": "orders/cancel/allow", "place": "next/orders.yaml:33"},
    },
}


def test_the_page_shows_a_difference_as_the_command_prints_it(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    log.write_text(json.dumps(LINE) + "\n", encoding="utf-8")
    [block] = code_blocks(PAGE, "console")
    command, _, shown = block.partition("\n")
    assert command == "$ deemster log decisions.jsonl --shadow"
    found = CliRunner().invoke(app, ["log", str(log), "--shadow"])
    assert (found.exit_code, found.stdout.strip()) == (0, shown.strip())


def test_options_narrow_differences_as_they_narrow_records(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    log.write_text(json.dumps(LINE) + "\n", encoding="utf-8")

    def status(*options: str) -> int:
        return CliRunner().invoke(app, ["log", str(log), "--shadow", *options]).exit_code

    assert status("--operation", "orders/cancel", "--reason", "scope-missing") == 0
    assert status("--operation", "orders/list") == 1
    assert status("--id", "fa776b7a85da2f4baf41fc3c6b5e7588") == 0
    assert status("--until", "2026-11-27T00:00:00Z") == 1
