"""What docs/settings.md says of secrets at SIGHUP: a file that is gone refuses the reload or not.

A reload that is not given the settings anew reads exactly the secrets that services renew.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from deemster.app import build_application
from deemster.telemetry.service_log import build_service_log
from tests.support.bundle_server import bundle_server
from tests.support.clock import FrozenClock
from tests.support.policy_bundles import an_orders_bundle, bundled_service_folder
from tests.support.service import SETTINGS, ServiceFolder, a_service_folder
from tests.support.settings_keys import found_keys
from tests.support.settings_page import PAGE

KEYS = "keys: {insecureDevelopmentKey: development-key.json}"
USERS = "static: {users: {alice: {groups: [sales]}, mallory: {enabled: false}}}"
NOWHERE = "https://127.0.0.1:1"
HERE = '"${file:secret}"'
URL = "https://other.example.com"
INTROSPECTION = f"introspection: {{url: {URL}, clientId: pdp, auth: {{clientSecretBasic: {HERE}}}}}"
SCIM = f"scim: {{url: {NOWHERE}, allowPrivate: true, user: {{by: userName}}, auth: AUTH}}"

POSTED = f"url: {NOWHERE}, allowPrivate: true, bearer: {HERE}"

Change = tuple[str, str]
"""Text of the settings, and what stands there instead; added where there is none."""

CASES: dict[str, tuple[Change, str]] = {
    "gateways[].secrets[].value": (('"${file:kong-secret}"', HERE), "s" * 40),
    "stateKeys[].value": (("", f"stateKeys: [{{id: s, value: {HERE}}}]\n"), "s" * 40),
    "services.NAME.bearer": (
        ("", f"services: {{risk: {{url: {URL}, bearer: {HERE}}}}}\n"),
        "token",
    ),
    "services.NAME.headers.NAME": (
        ("", f"services: {{risk: {{url: {URL}, headers: {{x-key: {HERE}}}}}}}\n"),
        "key",
    ),
    "directories[].scim.auth.bearer": (
        (USERS, SCIM.replace("AUTH", f"{{bearer: {HERE}}}")),
        "token",
    ),
    "directories[].scim.auth.basic.password": (
        (USERS, SCIM.replace("AUTH", f"{{basic: {{user: pdp, password: {HERE}}}}}")),
        "password",
    ),
    "tokenProviders[].introspection.auth.clientSecretBasic": ((KEYS, INTROSPECTION), "secret"),
    "databases.NAME.url": (
        ("", f"databases: {{ledger: {{url: {HERE}}}}}\n"),
        "sqlite+aiosqlite:///ledger.db",
    ),
    "directories[].sql.url": ((USERS, f"sql: {{url: {HERE}}}"), "sqlite+aiosqlite:///people.db"),
    "decisionLog.salt": (
        ("whenFull: drop", f"whenFull: drop, redact: {{subject: digest}}, salt: {HERE}"),
        "s" * 40,
    ),
    **{
        f"decisionLog.sinks[].{kind}.bearer": (
            ("{file: {path: decisions.jsonl}}", f"{{{kind}: {{{POSTED}}}}}"),
            "token",
        )
        for kind in ("http", "otlp")
    },
    "tracing.otlp.bearer": (("", f"tracing: {{otlp: {{{POSTED}}}}}\n"), "token"),
    "shared.url": (("", f"shared: {{url: {HERE}}}\n"), "redis://127.0.0.1:1/0"),
}
OF_BUNDLES = {
    "policies.bundle.bearer": {"bearer": HERE},
    "policies.bundle.headers.NAME": {"headers": f"{{x-key: {HERE}}}"},
}


def at_sighup(path: str) -> str:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{path}` |")]
    return row.strip("|").split("|")[4].strip()


async def is_renewed(folder: ServiceFolder, clock: FrozenClock) -> bool:
    """Whether a reload reads the file `secret`."""
    app = build_application(
        folder.settings(), clock=clock, log=build_service_log(io.StringIO(), clock)
    )
    await app.startup()
    try:
        assert await app.reload()
        (folder.path / "secret").unlink()
        return not await app.reload()
    finally:
        await app.shutdown(1.0)


def test_every_secret_is_among_them() -> None:
    secrets = {key.path for key in found_keys().keys.values() if key.takes == "a secret"}
    assert secrets == {*CASES, *OF_BUNDLES}


@pytest.mark.parametrize("path", CASES)
async def test_a_secret_is_read_again_where_the_page_says_so(
    tmp_path: Path, clock: FrozenClock, path: str
) -> None:
    (old, new), secret = CASES[path]
    assert not old or SETTINGS.count(old) == 1
    folder = a_service_folder(tmp_path)
    text = SETTINGS.replace(old, new) if old else SETTINGS + new
    folder.settings_file.write_text(text, encoding="utf-8")
    (tmp_path / "secret").write_text(secret, encoding="utf-8")
    assert await is_renewed(folder, clock) == (at_sighup(path) in {"yes", "a file's secret"})


@pytest.mark.parametrize("path", OF_BUNDLES)
async def test_so_is_one_that_a_bundle_is_asked_with(
    tmp_path: Path, clock: FrozenClock, path: str
) -> None:
    with bundle_server(an_orders_bundle()) as server:
        folder = bundled_service_folder(tmp_path, server.place, **OF_BUNDLES[path])
        (tmp_path / "secret").write_text("token", encoding="utf-8")
        assert await is_renewed(folder, clock)
    assert at_sighup(path) == "a file's secret"
