"""Alerts and the dashboard, held against what a running service exports, and run by Prometheus."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from benchmarks.issuing import Issuer
from benchmarks.processes import free_port
from benchmarks.worst.service import keys_at, requests, served
from deemster.model.decision import Reason
from tests.support.deployment import DEPLOY, ROOT
from tests.support.markdown import sections
from tests.support.parts import Parts
from tests.support.processes import running, until
from tests.support.service import a_call, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PROMETHEUS = DEPLOY / "prometheus"
ALERTS = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((DEPLOY / "grafana" / "deemster.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
_METRIC = re.compile(r"\b(?:deemster|process)_\w+\b(\{[^}]*\})?")
_LABEL = re.compile(r'(\w+)(?:=~|!=|=)"([^"]*)"')
OF_PROMETHEUS = {"job", "instance", "le"}

Exported = dict[str, dict[str, set[str]]]
"""Metric ► label ► values that were seen."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """What three services export together: one worker, two, and keys that are fetched."""
    found: Exported = {}
    for workers in (1, 2):
        folder = a_service_folder(tmp_path_factory.mktemp("service"))
        text = folder.settings_file.read_text(encoding="utf-8")
        folder.settings_file.write_text(
            text.replace("decisions: {bind", f"decisions: {{workers: {workers}, bind"),
            encoding="utf-8",
        )
        with running(folder) as service:
            assert service.ask(a_call(folder.token())).status_code == 200
            assert service.ask(a_call(folder.token()), secret="x" * 40).status_code == 401
            _add(found, service.manage("/metrics").text)
    at = tmp_path_factory.mktemp("keys")
    with ExitStack() as stack:
        issuer = Issuer(at)
        _, changed = keys_at(stack, at, issuer.key_set)
        of = served(stack, at / "served", issuer, changed=changed)
        # Keys are fetched for the first token.
        with socket.create_connection(("127.0.0.1", of.port)) as gateway:
            gateway.sendall(next(requests(of, [issuer.token("ES256", "s2.op10.read")])))
            assert gateway.recv(65_536).startswith(b"HTTP/1.1 200")
        url = f"http://127.0.0.1:{of.management}/metrics"
        _add(found, until(lambda: _with_keys(url)))
    return found


def _with_keys(url: str) -> str | None:
    text = httpx.get(url, trust_env=False).text
    return text if "deemster_provider_keys{" in text else None


def _add(found: Exported, text: str) -> None:
    for line in text.splitlines():
        if line.startswith("# HELP "):
            found.setdefault(line.split()[2], {})
        elif line and not line.startswith("#"):
            sample, _, told = line.rpartition(" ")[0].partition("{")
            labels = found.setdefault(sample, {})
            for label, value in _LABEL.findall(f"{{{told}"):
                labels.setdefault(label, set()).add(value)


def queries() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("where", "query"), list(queries()))
def test_each_query_names_metrics_and_labels_that_there_are(
    exported: Exported, where: str, query: str
) -> None:
    known = {str(reason) for reason in Reason}
    used = list(_METRIC.finditer(query))
    assert used or "up{" in query, where
    for match in used:
        metric = match.group().partition("{")[0]
        assert metric in exported, f"{where}: no metric `{metric}`"
        for label, value in _LABEL.findall(match[1] or ""):
            if label in OF_PROMETHEUS:
                continue
            values = exported[metric].get(label)
            assert values is not None, f"{where}: `{metric}` has no label `{label}`"
            assert value in values | known, f"{where}: `{label}` is never `{value}`"


def test_names_in_the_dashboard_and_in_the_alerts_are_each_there_once() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    names = [rule["alert"] for rule in RULES]
    for named in (ids, titles, names):
        assert len(set(named)) == len(named)
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24


def test_the_page_says_of_each_alert_what_to_do() -> None:
    told = sections(PAGE)["Alerts, and what to do"]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", told, re.MULTILINE))
    assert list(rows) == [rule["alert"] for rule in RULES]
    assert all(len(words) > 40 for words in rows.values())


def test_the_page_has_every_metric_with_its_type_and_labels(exported: Exported) -> None:
    told = sections(PAGE)["Metrics"]
    named = set(re.findall(r"^\| `(deemster_\w+?)` \|", told, re.MULTILINE))
    there = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in exported}
    missing = {name for name in there if name.startswith("deemster_")} - named
    assert not missing
    for row in re.findall(r"^\| `(deemster_\w+)` \| ([^|]*) \|", told, re.MULTILINE):
        labels = set(re.findall(r"`(\w+)`", row[1]))
        seen = set(exported.get(row[0], {}))
        assert seen <= labels | {"le"}, row


def test_the_alerts_do_what_they_are_for(parts: Parts) -> None:
    promtool = parts.command("promtool")
    for arguments in (
        ("check", "config", "prometheus.yaml"),
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts.test.yaml"),
    ):
        done = subprocess.run(
            [promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    tested = (PROMETHEUS / "alerts.test.yaml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in RULES if f'"{rule["alert"]}"' not in tested] == []


@contextmanager
def prometheus(command: str, at: Path, target: str) -> Iterator[str]:
    """One that scrapes and evaluates every second; its base address."""
    settings = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text(encoding="utf-8"))
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["rule_files"] = [str(PROMETHEUS / "alerts.yaml")]
    settings["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    (at / "prometheus.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    port = free_port()
    process = subprocess.Popen(
        [
            command,
            f"--config.file={at / 'prometheus.yaml'}",
            f"--storage.tsdb.path={at / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.terminate()
        process.wait(20)


def test_prometheus_scrapes_a_running_service_and_evaluates_the_alerts(
    tmp_path: Path, parts: Parts
) -> None:
    command = parts.command("prometheus")
    folder = a_service_folder(tmp_path)
    with running(folder) as service, httpx.Client(trust_env=False) as client:
        host, port = service.management
        with prometheus(command, tmp_path, f"{host}:{port}") as base:

            def asked(path: str) -> dict[str, list[dict[str, object]]] | None:
                try:
                    found = client.get(f"{base}/{path}")
                except httpx.TransportError:
                    return None
                if found.status_code != httpx.codes.OK:
                    return None  # it is starting
                data: dict[str, list[dict[str, object]]] = found.json()["data"]
                return data

            def up() -> bool | None:
                targets = (asked("targets") or {}).get("activeTargets") or []
                return [target["health"] for target in targets] == ["up"] or None

            def firing() -> set[object] | None:
                alerts = (asked("alerts") or {}).get("alerts") or []
                names = {
                    alert["labels"]["alertname"]  # type: ignore[index]  # as JSON has it
                    for alert in alerts
                    if alert["state"] == "firing"
                }
                return names or None

            until(up)
            # The service of tests has a development key, which is for trials.
            assert until(firing) == {"DeemsterInsecure"}
            groups = (asked("rules") or {})["groups"]
            rules = [rule for group in groups for rule in group["rules"]]  # type: ignore[attr-defined]
            assert {rule["health"] for rule in rules} == {"ok"}
            assert len(rules) == len(RULES)
