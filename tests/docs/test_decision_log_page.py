"""docs/decision-log.md and docs/shadow-policies.md: their settings load and are what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.settings import Settings, load_settings
from deemster.settings.decision_log_model import (
    FileSinkSettings,
    HttpSinkSettings,
    Redact,
    SinkProtocol,
    StdoutSinkSettings,
    WhenLogIsFull,
)
from tests.support.markdown import code_blocks

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = code_blocks((DOCS / "decision-log.md").read_text(encoding="utf-8"), "yaml")
REST = """
gateways:
  - {id: kong, protocols: [sideband], apiServices: ["*"], secrets: [{id: k, value: "${env:K}"}]}
"""
POLICIES = "policies: {path: policies}\n"
ENVIRON = {"K": "k" * 32, "LOG_TOKEN": "token-of-the-log", "COLLECTOR_TOKEN": "t"}


def settings_of(folder: Path, part: str) -> Settings:
    (folder / "log-salt").write_text("a-salt-of-twenty-characters", encoding="utf-8")
    file = folder / "deemster.yaml"
    file.write_text(part + REST, encoding="utf-8")
    return load_settings(file, ENVIRON)


def test_there_are_as_many_settings_as_are_looked_at() -> None:
    assert len(BLOCKS) == 4


@pytest.mark.parametrize("block", BLOCKS)
def test_all_settings_of_the_page_load(tmp_path: Path, block: str) -> None:
    assert settings_of(tmp_path, POLICIES + block).decision_log.sinks


def test_the_first_settings_block_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    log = settings_of(tmp_path, POLICIES + BLOCKS[0]).decision_log
    assert log.when_full is WhenLogIsFull.BLOCK
    assert log.sinks == (
        StdoutSinkSettings(),
        FileSinkSettings(Path("/var/log/deemster/decisions.jsonl")),
    )


def test_sinks_have_the_defaults_that_the_page_tells(tmp_path: Path) -> None:
    file, http, otlp = settings_of(tmp_path, POLICIES + BLOCKS[1]).decision_log.sinks
    mib = 1024 * 1024
    assert file == FileSinkSettings(tmp_path / "decisions.jsonl", 100 * mib, 10)
    assert isinstance(http, HttpSinkSettings)
    assert (http.protocol, http.batch, http.interval) == (SinkProtocol.NDJSON, mib // 2, 1.0)
    assert http.bearer is not None
    assert isinstance(otlp, HttpSinkSettings)
    assert (otlp.protocol, otlp.retry_for, otlp.buffer) == (SinkProtocol.OTLP, 300.0, 16 * mib)


def test_what_is_taken_out_and_what_may_be_in(tmp_path: Path) -> None:
    log = settings_of(tmp_path, POLICIES + BLOCKS[2]).decision_log
    assert log.redact == {"subject": Redact.DIGEST, "client_ip": Redact.REMOVE}
    assert log.salt is not None
    replay = settings_of(tmp_path, POLICIES + BLOCKS[3]).decision_log.replay
    assert replay is not None
    assert (replay.claims, replay.headers) == (("sub", "tier"), ("x-channel",))
    assert (replay.user, replay.attributes) == (
        ("groups", "roles", "attributes.region"),
        ("score",),
    )


def test_the_tree_beside_is_asked_about_the_share_that_the_page_says(tmp_path: Path) -> None:
    page = (DOCS / "shadow-policies.md").read_text(encoding="utf-8")
    [block] = code_blocks(page, "yaml")
    log = "\ndecisionLog: {sinks: [{stdout: {}}], whenFull: drop}\n"
    shadow = settings_of(tmp_path, block + log).policies.shadow
    assert shadow is not None
    assert (shadow.path, shadow.share) == (tmp_path / "next", 0.1)


def test_traces_go_where_the_page_says(tmp_path: Path) -> None:
    page = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    [block] = code_blocks(page, "yaml")
    log = "\ndecisionLog: {sinks: [{stdout: {}}], whenFull: drop}\n"
    tracing = settings_of(tmp_path, POLICIES + block + log).tracing
    assert tracing is not None
    assert (tracing.share, tracing.per_second) == (0.01, 100)
    assert tracing.collector.outgoing.url == "https://collector.example.com/v1/traces"
