"""`make run`: a real service on the demonstration tree, real calls, their table, one curl."""

from __future__ import annotations

import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deemster.quickstart.rehearsal import REHEARSAL
from tests.support.quickstart import Quickstart, a_checkout, run_once, staying_quickstart

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Once = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_checkout(tmp_path_factory.mktemp("once"))


@pytest.fixture(scope="module")
def once(folder: Path) -> Once:
    return run_once(folder)


@pytest.fixture(scope="module")
def staying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quickstart]:
    with staying_quickstart(a_checkout(tmp_path_factory.mktemp("staying"))) as quickstart:
        yield quickstart


def columns(once: Once) -> list[list[str]]:
    """Cells of the table's rows."""
    return [re.split(r" {2,}", line) for line in once.stdout.splitlines()[2 : 2 + len(REHEARSAL)]]


def test_it_ends_with_status_0_after_every_call_was_answered_as_expected(once: Once) -> None:
    assert once.stderr == ""
    assert once.stdout.endswith(f"\n{len(REHEARSAL)} calls, all answered as expected\n")
    assert once.returncode == 0


@pytest.mark.parametrize(
    ("gateway", "answer", "reason", "rule"),
    [
        ("kong", "permit", "permitted", "invoices/list-invoices/allow"),
        ("apigee", "permit", "permitted", "partner-orders/list-own-orders/allow"),
        ("kong", "401", "token-missing", None),
        ("kong", "401", "token-expired", None),
        (
            "kong",
            "401 step-up",
            "authentication-too-weak",
            "invoices/pay-invoice/allow/authentication",
        ),
        (
            "kong",
            "401 step-up",
            "authentication-too-old",
            "invoices/pay-invoice/allow/authentication",
        ),
        ("kong", "403", "scope-missing", "invoices/list-invoices/allow/scopes"),
        ("kong", "403", "group-missing", "invoices/read-invoice/allow/groups"),
        ("kong", "403", "permission-missing", "invoices/create-invoice/allow/permissions"),
        ("apigee", "403", "policy-denied", "partner-orders/bulk-export/export/rest"),
        ("kong", "403", "claims-not-accepted", None),
        ("kong", "404", "no-api-service", None),
        ("kong", "400", "ambiguous-path", None),
    ],
)
def test_the_table_has_every_kind_of_answer_with_reason_and_deciding_rule(
    once: Once, gateway: str, answer: str, reason: str, rule: str | None
) -> None:
    rows = [row for row in columns(once) if (row[0], row[2], row[3]) == (gateway, answer, reason)]
    assert rows
    if rule is None:
        assert rows[0][4] == "-"
    else:
        assert rule in [row[5] for row in rows]


def test_every_place_in_the_table_is_a_line_of_the_rule_it_names(once: Once, folder: Path) -> None:
    places = [row[4] for row in columns(once) if row[4] != "-"]
    assert places
    for place in places:
        file, _, line = place.partition(":")
        lines = (folder / "policies" / file).read_text(encoding="utf-8").splitlines()
        assert re.match(r" +(?:allow:|- \{?id:|[a-z]+: )", lines[int(line) - 1])


def test_what_it_made_is_for_its_owner_only(once: Once, folder: Path) -> None:
    made = folder / ".run"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    for name in ("kong.secret", "apigee.secret", "development-key.json"):
        assert stat.S_IMODE((made / "once" / name).stat().st_mode) == 0o600


def test_no_secret_and_no_token_is_in_its_logs(once: Once, folder: Path) -> None:
    made = folder / ".run" / "once"
    secrets = [(made / f"{gateway}.secret").read_text().strip() for gateway in ("kong", "apigee")]
    for log in ("decisions.log", "service.log"):
        text = (made / log).read_text(encoding="utf-8")
        assert text
        assert not [secret for secret in (*secrets, "eyJ") if secret in text]


def test_a_second_run_keeps_keys_and_secrets(once: Once, folder: Path) -> None:
    made = folder / ".run" / "once"
    before = {file: file.read_bytes() for file in (made / "kong.secret", *made.glob("*.json"))}
    assert run_once(folder).returncode == 0
    assert {file: file.read_bytes() for file in before} == before


def test_the_printed_curl_works_while_it_stays_up(staying: Quickstart) -> None:
    command = staying.printed[staying.printed.index("  curl") :]
    said = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=staying.folder,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert '"url": "https://api.example.com/billing/invoices"' in said.stdout
    assert '"response"' not in said.stdout
    management = re.findall(r"management on (http://[0-9.:]+)", staying.printed)[0]
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{management}/ready").json()["status"] == "ready"


def test_a_broken_tree_is_told_and_nothing_is_left_running(tmp_path: Path) -> None:
    folder = a_checkout(tmp_path)
    file = folder / "policies" / "api-services" / "invoices.yaml"
    file.write_text(file.read_text().replace("scopes: {any", "scops: {any", 1), encoding="utf-8")
    found = run_once(folder)
    assert found.returncode == 1
    assert "the service did not start" in found.stderr
    assert "invoices.yaml:23:7: error[unknown-allow-line]" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_taken_port_is_told_with_the_way_round_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = run_once(a_checkout(tmp_path), f"DEEMSTER_LISTENERS__DECISIONS__BIND={address}")
    assert found.returncode == 1
    assert found.stderr.splitlines() == [
        "the service did not start:",
        f"deemster: cannot listen on {address} (`listeners.decisions.bind`): "
        "Address already in use",
        "help: choose another address, e.g. "
        "DEEMSTER_LISTENERS__DECISIONS__BIND=127.0.0.1:8081 make run",
    ]


def test_a_wrong_answer_is_shown_and_ends_with_status_1(tmp_path: Path) -> None:
    folder = a_checkout(tmp_path)
    file = folder / "policies" / "api-services" / "invoices.yaml"
    weakened = file.read_text().replace("groups: {any: [finance, auditors]}", "", 1)
    file.write_text(weakened, encoding="utf-8")
    found = run_once(folder)
    assert found.returncode == 1
    assert re.search(r"bob is not in finance +permit \(expected 403\) ", found.stdout)
    assert found.stdout.endswith("NOT all answered as expected\n")


def test_ctrl_c_ends_it_and_its_service(tmp_path: Path) -> None:
    with staying_quickstart(a_checkout(tmp_path)) as quickstart:
        assert quickstart.interrupt() == 0
    log = (tmp_path / ".run" / "service.log").read_text(encoding="utf-8")
    assert '"service_ended"' in log
    assert "fault" not in log
