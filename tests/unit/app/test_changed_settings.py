"""What of changed settings waits for a restart is named, also where nothing of it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.app.changed_settings import compare_settings
from deemster.settings import Settings, load_settings
from tests.support.announced_plugins import announce

BASE = """
policies: {path: policies}
gateways:
  - {id: kong, protocols: [sideband], apiServices: ["*"], secrets: [{id: k, value: "${file:k}"}]}
decisionLog: {sinks: [SINK], whenFull: drop, redact: {subject: digest}, salt: "${file:salt}"}
tokenProviders:
  - {id: partners, type: external, claims: verified, issuers: [
      {issuer: "https://a.example.com", keys: {inline: [{kty: EC, kid: a1}]}},
      {issuer: "https://b.example.com", keys: {inline: [{kty: EC, kid: b1}]}}]}
  - {id: staff, type: internal, issuer: "https://c.example.com", directory: people, KEYS}
  - {id: odd, type: internal, issuer: "https://d.example.com", directory: odd,
     plugin: {name: p, settings: {key: one}}}
directories:
  - {id: people, static: {users: {alice: {attributes: {level: 1}}}}}
  - {id: odd, plugin: {name: u, settings: {key: two}}}
  - {id: base, sql: {url: "${file:url}"}}
databases: {ledger: {url: "${file:url}"}}
queries: {paid: {database: ledger, sql: "SELECT AAAA"}}
services: {risk: {url: "https://risk.example.com", bearer: "${file:bearer}"}}
"""
LONG = "SELECT " + "a" * 100
TEXT = (
    BASE.replace("KEYS", "keys: {inline: [{kty: EC, kid: c1}]}")
    .replace("SINK", '{http: {url: "https://log.example.com", bearer: "${file:bearer}"}}')
    .replace("SELECT AAAA", f"{LONG}1")
)
FILES = {"k": "k" * 40, "salt": "s" * 40, "url": "sqlite+aiosqlite:///a.db", "bearer": "one"}


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(
        tmp_path,
        monkeypatch,
        package="parts",
        source="",
        entries={
            "deemster.token_providers": {"p": "parts:P"},
            "deemster.user_sources": {"u": "parts:U"},
        },
    )


def settings(folder: Path, text: str = TEXT, **files: str) -> Settings:
    for name, content in {**FILES, **files}.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "deemster.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder / "deemster.yaml", {})


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("kid: a1", "kid: a2", "tokenProviders[0].keys.inline"),
        ("kid: b1", "kid: b2", "tokenProviders[0].issuers"),
        ("kid: c1", "kid: c2", "tokenProviders[1].keys.inline"),
        ("key: one", "key: other", "tokenProviders[2].plugin.settings"),
        ("level: 1", "level: 2", "directories[0].static.users"),
        ("key: two", "key: other", "directories[1].plugin.settings"),
        (f"{LONG}1", f"{LONG}2", "queries[paid].sql"),
    ],
)
def test_what_is_not_shown_is_named_all_the_same(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    before = settings(tmp_path)
    assert TEXT.count(old) == 1
    now = settings(tmp_path, TEXT.replace(old, new))
    assert compare_settings(before, now).restart_needed == (named,)


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("salt", "t" * 40, ("decisionLog.salt",)),
        ("url", "sqlite+aiosqlite:///b.db", ("databases[ledger].url", "directories[2].sql.url")),
        # The service `risk` reads the same file again by itself.
        ("bearer", "two", ("decisionLog.sinks[0].http.bearer",)),
        ("k", "l" * 40, ()),
    ],
)
def test_so_is_a_secret_that_is_not_read_again_where_it_is_used(
    tmp_path: Path, file: str, content: str, named: tuple[str, ...]
) -> None:
    before = settings(tmp_path)
    assert compare_settings(before, settings(tmp_path, **{file: content})).restart_needed == named


def test_what_is_named_in_part_is_not_named_as_a_whole(tmp_path: Path) -> None:
    before = settings(tmp_path)
    now = settings(tmp_path, TEXT.replace("alice: {", "alice: {groups: [sales], "))
    assert compare_settings(before, now).restart_needed == (
        "directories[0].static.users.alice.groups",
    )


def test_settings_that_say_the_same_need_nothing(tmp_path: Path) -> None:
    assert compare_settings(settings(tmp_path), settings(tmp_path)).restart_needed == ()
