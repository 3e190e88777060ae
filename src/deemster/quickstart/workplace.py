"""Makes what the service needs below `.run/`: settings, secrets, a key, a directory of users."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deemster.outgoing.databases import open_engine
from deemster.tokens.development_key import DevelopmentKey, load_or_create
from deemster.usercontext.sql_migrations import migrate
from deemster.usercontext.sql_schema import put_user

__all__ = ["ISSUER", "Workplace", "prepare_workplace"]

ISSUER = "https://auth.example.com/bizpro/as"
_GATEWAYS = ("kong", "apigee")


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where everything lies. `secrets` and `secret_files` are by gateway id."""

    settings: Path
    decision_log: Path
    service_log: Path
    secret_files: Mapping[str, Path]
    secrets: Mapping[str, str]
    key: DevelopmentKey


def prepare_workplace(folder: Path, policies: Path, *, fixed_ports: bool) -> Workplace:
    """Make or complete `folder`; keys and secrets that are there already stay as they are.

    Without `fixed_ports` the listeners take any free ones.
    """
    for made in (folder.parent, folder):  # `parents=True` would open the parent to everybody
        made.mkdir(mode=0o700, exist_ok=True)
    secret_files = {gateway: folder / f"{gateway}.secret" for gateway in _GATEWAYS}
    shared = {gateway: _secret(file) for gateway, file in secret_files.items()}
    key = load_or_create(folder / "development-key.json")
    database = folder / "people.db"
    asyncio.run(_fill_directory(database))
    settings = folder / "deemster.yaml"
    decision_log = folder / "decisions.log"
    decision_log.unlink(missing_ok=True)
    settings.write_text(
        _SETTINGS.format(
            policies=json.dumps(str(policies.resolve())),
            decisions=8080 if fixed_ports else 0,
            management=9080 if fixed_ports else 0,
            issuer=ISSUER,
            database=json.dumps(f"sqlite+aiosqlite:///{database.resolve()}"),
        ),
        encoding="utf-8",
    )
    return Workplace(settings, decision_log, folder / "service.log", secret_files, shared, key)


def _secret(file: Path) -> str:
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(32) + "\n")
    return file.read_text(encoding="ascii").strip()


async def _fill_directory(database: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{database}", create=True)
    try:
        await migrate(engine)
        await put_user(
            engine,
            "alice",
            group_names=["finance"],
            role_names=["accountant"],
            attribute_values={"level": 3, "department": "billing"},
        )
        await put_user(engine, "bob", group_names=["sales"])
        await put_user(engine, "dave", role_names=["controller"])
        await put_user(engine, "erin", group_names=["finance"], attribute_values={"level": 6})
        await put_user(engine, "frank", enabled=False, group_names=["finance"])
    finally:
        await engine.dispose()


_SETTINGS = """# Made by the quickstart; a production file starts from examples/settings/.
environment: quickstart
policies: {{path: {policies}}}
listeners:
  decisions: {{bind: "127.0.0.1:{decisions}"}}
  management: {{bind: "127.0.0.1:{management}"}}
gateways:
  - id: kong
    protocols: [sideband]
    apiServices: [invoices, partner-orders]
    secrets: [{{id: k1, value: "${{file:kong.secret}}"}}]
  - id: apigee
    protocols: [sideband]
    apiServices: [partner-orders]
    secrets: [{{id: a1, value: "${{file:apigee.secret}}"}}]
    asserts: [apigee-partners]
tokenProviders:
  - id: bizpro
    type: internal
    issuer: {issuer}
    keys: {{insecureDevelopmentKey: development-key.json}}
    directory: people
  - {{id: apigee-partners, type: external, claims: asserted}}
directories:
  - {{id: people, sql: {{url: {database}}}, cache: 60s}}
deadlines: {{decision: 5s, token: 5s, user: 5s}} # for machines that are busy with other things
decisionLog: {{sinks: [{{file: {{path: decisions.log}}}}], whenFull: block}}
"""
