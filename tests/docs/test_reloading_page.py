"""docs/reloading.md: its settings load, its answer is given, its words are those that there are."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import httpx
import pytest

from deemster.app import build_application
from deemster.model.bundle_cause import BundleCause
from deemster.settings import Settings, load_settings
from deemster.settings.policy_model import WhenTooOld
from deemster.telemetry.policy_figures import POLLS, RELOAD_CAUSES
from deemster.telemetry.service_log import build_service_log
from tests.support.bundle_server import bundle_server
from tests.support.clock import FrozenClock
from tests.support.markdown import code_blocks, sections
from tests.support.policy_bundles import an_orders_bundle, bundled_service_folder

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reloading.md").read_text(encoding="utf-8")
PARTS = sections(PAGE)
SOURCE = "".join(
    file.read_text(encoding="utf-8") for file in (ROOT / "src" / "deemster").rglob("*.py")
)
KEYS = "https://127.0.0.1/keys"
REST = """
gateways:
  - {id: kong, protocols: [sideband], apiServices: ["*"], secrets: [{id: k, value: "${env:K}"}]}
decisionLog: {sinks: [{stdout: {}}], whenFull: drop}
"""


def settings_under(heading: str, folder: Path) -> list[Settings]:
    found = []
    for block in code_blocks(PARTS[heading], "yaml"):
        file = folder / "deemster.yaml"
        file.write_text(block + REST, encoding="utf-8")
        found.append(load_settings(file, {"K": "k" * 32, "BUNDLE_TOKEN": "t" * 32}))
    return found


def test_the_settings_of_the_page_are_what_it_says(tmp_path: Path) -> None:
    (signal,) = settings_under("At a signal", tmp_path)
    assert not signal.policies.watch
    (watch,) = settings_under("When the tree changes", tmp_path)
    assert watch.policies.watch
    http, file = settings_under("From signed bundles", tmp_path)
    assert http.policies.bundle is not None
    assert http.policies.bundle.source is not None
    assert http.policies.bundle.when_too_old is WhenTooOld.DENY
    assert file.policies.bundle is not None
    assert file.policies.bundle.file == tmp_path / "production.bundle"
    # What the table gives as defaults, and what the example writes out.
    for found in (http.policies.bundle, file.policies.bundle):
        assert (found.poll, found.timeout, found.maximum_age) == (10.0, 30.0, 86_400.0)


def test_the_table_of_settings_has_every_one(tmp_path: Path) -> None:
    (tmp_path / "deemster.yaml").write_text(
        "policies: {bundle: {url: 'https://p.example.com', none: 1}}" + REST, encoding="utf-8"
    )
    with pytest.raises(Exception, match="error") as refused:
        load_settings(tmp_path / "deemster.yaml", {"K": "k" * 32})
    diagnostics = getattr(refused.value, "diagnostics", ())
    (help,) = [found.help for found in diagnostics if "unknown setting" in found.message]
    told = re.findall(r"^\| (`.+?) \|", PARTS["From signed bundles"], re.M)
    assert set(re.findall(r"`(\w+)`", " ".join(told))) == set(re.findall(r"`(\w+)`", help))


def first_column(heading: str, header: str) -> set[str]:
    _, _, table = PARTS[heading].partition(f"| {header} | |")
    rows = re.findall(r"^\| (.+?) \|", table.split("\n\n")[0], re.M)
    return set(re.findall(r"`(\w+)`", " ".join(rows)))


def test_every_metric_and_event_of_the_page_exists() -> None:
    metrics = first_column("What is told", "metric")
    assert len(metrics) == 8
    for metric in metrics:
        assert f'"{metric.removesuffix("_total")}"' in SOURCE, metric
    events = first_column("What is told", "event of the service log")
    assert len(events) == 9
    for event in events:
        assert f'"{event}"' in SOURCE, event


def test_the_words_of_the_page_are_those_that_are_counted() -> None:
    _, _, told = PARTS["What is told"].partition("Causes: ")
    words = set(re.findall(r"`([a-z-]+)`", told.split("\n\n")[0]))
    assert words == set(RELOAD_CAUSES)
    assert {cause.value for cause in BundleCause} < words
    polls = re.search(r"^\| `deemster_bundle_polls_total` \| by `outcome`: (.+) \|$", PAGE, re.M)
    assert polls is not None
    assert set(re.findall(r"`(\w+)`", polls[1])) == set(POLLS)
    table = re.findall(r"^\| `(\w+)` \|", PARTS["How old policies are"], re.M)
    assert table[1:] == [action.value for action in WhenTooOld]


async def test_a_service_answers_as_the_page_shows(tmp_path: Path, clock: FrozenClock) -> None:
    (shown,) = [json.loads(block) for block in code_blocks(PARTS["What is told"], "json")]
    with bundle_server(
        an_orders_bundle(sequence=7, environment="production", expires=clock.wall() + 30 * 86_400.0)
    ) as server:
        folder = bundled_service_folder(tmp_path, server.place)
        text = folder.settings_file.read_text(encoding="utf-8")
        text = text.replace("\npolicies:", "\nenvironment: production\npolicies:")
        text = text.replace("insecureDevelopmentKey: development-key.json", f"jwksUrl: '{KEYS}'")
        folder.settings_file.write_text(text, encoding="utf-8")
        log = build_service_log(io.StringIO(), clock)
        app = build_application(folder.settings(), clock=clock, log=log)
        await app.startup()
        await app.shutdown(1.0)
        server.status = 503
        clock.advance(90_000)
        again = build_application(folder.settings(), clock=clock, log=log)
        await again.startup()
        await again.refresh()
        transport = httpx.ASGITransport(again.management)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            told = (await client.get("/ready")).json()
        await again.shutdown(1.0)
    assert shown.pop("revision")
    assert told.pop("revision")
    assert told == shown
