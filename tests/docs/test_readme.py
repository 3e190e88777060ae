"""README.md, executed: its table, its YAML, its red test run, its curl, its claims, its links."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.errors import ConfigurationError, PolicyError
from deemster.policy.loading import load_texts
from deemster.settings import load_settings
from tests.support.markdown import code_blocks, sections
from tests.support.quickstart import ROOT, Quickstart, a_checkout, run_once, staying_quickstart

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTIONS = sections(README)
INVOICES = Path("policies", "api-services", "invoices.yaml")
SETTINGS = ROOT / "examples" / "settings" / "production.yaml"


def test_it_says_what_a_newcomer_asks_in_the_order_in_which_they_ask() -> None:
    assert list(SECTIONS) == [
        "Deemster",
        "Run it",
        "Change a rule",
        "Ask it yourself",
        "Internal and external token providers",
        "Connect your gateway",
        "Before production",
        "More",
    ]


def test_it_begins_with_two_sentences() -> None:
    assert len(re.findall(r"\.\s", SECTIONS["Deemster"] + "\n")) == 2


# --- run it -------------------------------------------------------------------------------------


def test_the_table_is_what_the_quickstart_prints(tmp_path: Path) -> None:
    printed = run_once(a_checkout(tmp_path))
    assert printed.returncode == 0
    (shown,) = code_blocks(SECTIONS["Run it"], "text")
    assert shown == printed.stdout.removesuffix("\n")


def test_make_run_is_the_quickstart() -> None:
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(
        r"^run: .*\n\t@\$\(BIN\)/python -m deemster.quickstart \$\(ARGS\)$", rules, re.M
    )


# --- change a rule ------------------------------------------------------------------------------


def test_the_yaml_is_eight_lines_of_the_tree_that_end_where_its_row_was_decided() -> None:
    text = SECTIONS["Change a rule"]
    (shown,) = code_blocks(text, "yaml")
    said = re.match(r"\*(.+?)\* was decided by line (\d+) of \[(.+?)\]", text)
    assert said is not None
    row, line, file = said[1], int(said[2]), ROOT / said[3]
    (table,) = code_blocks(SECTIONS["Run it"], "text")
    (decided,) = [found for found in table.splitlines() if f" {row} " in found]
    assert f" api-services/{file.name}:{line} " in decided
    assert shown.splitlines() == file.read_text(encoding="utf-8").splitlines()[line - 8 : line]


def test_the_red_run_is_what_that_change_brings_about(tmp_path: Path) -> None:
    text = SECTIONS["Change a rule"]
    changed = re.search(r"Take one scope away, `(scopes: .+?)`", text)
    (yaml,) = code_blocks(text, "yaml")
    before = re.search(r"scopes: .+", yaml)
    assert changed is not None
    assert before is not None
    file = a_checkout(tmp_path) / INVOICES
    policies = file.read_text(encoding="utf-8")
    assert policies.count(before[0]) == 1
    file.write_text(policies.replace(before[0], changed[1]), encoding="utf-8")
    (console,) = code_blocks(text, "console")
    command, _, shown = console.partition("\n")
    assert command == "$ .venv/bin/deemster test policies"
    run = subprocess.run(
        [sys.executable, "-m", "deemster", "test", "policies"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert untimed(shown) == untimed(run.stdout.removesuffix("\n"))
    assert f"{INVOICES}:" in shown


def untimed(report: str) -> str:
    return re.sub(r"\(\d+\.\d\d s\)$", "(… s)", report)


# --- ask it yourself ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickstart]:
    with staying_quickstart(a_checkout(tmp_path_factory.mktemp("readme"))) as quickstart:
        yield quickstart


def curl(running: Quickstart) -> dict[str, object]:
    """The README's command, with the port that was free in the place of the usual one."""
    (command,) = code_blocks(SECTIONS["Ask it yourself"], "sh")
    (address,) = re.findall(r"decisions on http://([0-9.:]+),", running.printed)
    assert "127.0.0.1:8080" in command
    said = subprocess.run(
        ["/bin/sh", "-c", command.replace("127.0.0.1:8080", address)],
        cwd=running.folder,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    answer = json.loads(said.stdout)
    assert isinstance(answer, dict)
    return answer


def test_the_curl_is_permitted_and_the_answer_is_the_call_itself(running: Quickstart) -> None:
    asked = (running.folder / ".run" / "call.json").read_text(encoding="utf-8")
    assert curl(running) == json.loads(asked)


def test_the_changed_call_is_denied_as_the_text_says(running: Quickstart) -> None:
    text = SECTIONS["Ask it yourself"]
    assert "Put `DELETE` for `GET` into `.run/call.json`" in text
    file = running.folder / ".run" / "call.json"
    asked = file.read_text(encoding="utf-8")
    try:
        file.write_text(asked.replace('"GET"', '"DELETE"'), encoding="utf-8")
        deny = curl(running)["response"]
    finally:
        file.write_text(asked, encoding="utf-8")
    assert isinstance(deny, dict)
    told = f"{deny['response_code']}, `{json.loads(deny['body'])['code']}`"
    assert told in text


# --- internal and external ----------------------------------------------------------------------


def test_internal_is_told_from_external_in_four_rows() -> None:
    rows = SECTIONS["Internal and external token providers"].strip().splitlines()
    assert [row.count("|") for row in rows] == [4] * (2 + 4)


SERVICE = """
apiVersion: deemster/v1
kind: ApiService
metadata: {{id: s}}
service:
  baseUrls: [https://api.example.com]
  tokenProvider: {{type: {kind}, id: p}}
  {audience}
operations:
  - {{id: o, match: {{path: /}}, allow: {allow}}}
"""
BASIC, USER = "{scopes: {any: [read]}}", "{when: \"'x' in user.groups\"}"


@pytest.mark.parametrize(
    ("kind", "audience", "allow", "loads"),
    [
        ("internal", "audience: a", BASIC, True),
        ("internal", "audience: a", USER, True),
        ("internal", "", BASIC, False),
        ("external", "", "{when: \"'read' in claims.scope\"}", True),
        ("external", "", BASIC, False),
        ("external", "", USER, False),
    ],
)
def test_what_the_rows_say_loads_and_what_they_exclude_does_not(
    kind: str, audience: str, allow: str, loads: bool
) -> None:
    text = SERVICE.format(kind=kind, audience=audience, allow=allow)
    if loads:
        assert load_texts({"s.yaml": text}).snapshot.services
    else:
        with pytest.raises(PolicyError):
            load_texts({"s.yaml": text})


# --- before production --------------------------------------------------------------------------


def test_five_lines_stand_before_production() -> None:
    lines = SECTIONS["Before production"].strip().splitlines()
    assert [line[:3] for line in lines] == [f"{number}. " for number in range(1, 6)]


@pytest.mark.parametrize("command", ["check", "test"])
def test_every_command_that_is_named_exists(command: str) -> None:
    assert f"`deemster {command}`" in README
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


SECRETS = {
    "KONG_SECRET": "k" * 40,
    "KONG_SECRET_NEXT": "n" * 40,
    "PEOPLE_DATABASE": "sqlite+aiosqlite:///people.db",
    "LEDGER_DATABASE": "sqlite+aiosqlite:///ledger.db",
    "RISK_TOKEN": "t" * 32,
    "STATE_KEY": "t" * 32,
    "SHARED_REDIS": "redis://redis:6379/0",
}


def production(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The example for production, its one secret file in reach, with changes."""
    secret = tmp_path / "apigee"
    secret.write_text("a" * 40, encoding="utf-8")
    text = SETTINGS.read_text(encoding="utf-8").replace("/run/secrets/apigee", str(secret))
    for found, by in changes:
        assert found in text
        text = text.replace(found, by)
    file = tmp_path / "deemster.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_for_production_loads(tmp_path: Path) -> None:
    assert load_settings(production(tmp_path), SECRETS).listeners.decisions.bind.port == 8080


@pytest.mark.parametrize("word", ["mesh", "sidecar", "private-network"])
def test_each_word_for_plaintext_is_one(tmp_path: Path, word: str) -> None:
    assert f"`{word}`" in SECTIONS["Before production"]
    change = ("plaintextBehind: mesh", f"plaintextBehind: {word}")
    load_settings(production(tmp_path, change), SECRETS)


@pytest.mark.parametrize("word", ["drop", "block"])
def test_each_word_for_a_full_log_is_one(tmp_path: Path, word: str) -> None:
    assert f"`{word}`" in SECTIONS["Before production"]
    load_settings(production(tmp_path, ("whenFull: drop", f"whenFull: {word}")), SECRETS)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((", plaintextBehind: mesh", ""), id="no word for plaintext"),
        pytest.param(
            (
                "keys: {discovery: true, refresh: 10m, coolDown: 30s, maxStale: 24h}",
                "keys: {insecureDevelopmentKey: key.json}",
            ),
            id="a development key",
        ),
        pytest.param(("  whenFull: drop", "  # whenFull"), id="no choice for a full log"),
    ],
)
def test_what_must_not_go_into_production_is_refused(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    with pytest.raises(ConfigurationError):
        load_settings(production(tmp_path, change), SECRETS)
