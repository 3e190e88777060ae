"""docs/gateways/authentication.md: its settings serve, and each proof in them is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from deemster.settings import Settings
from tests.support.certificates import Authority, Issued
from tests.support.keys import key_document, raw_token, signing_key
from tests.support.markdown import code_blocks
from tests.support.service import ServiceFolder, a_call
from tests.support.serving import Served, client_context, served

PAGE = Path(__file__).parents[2] / "docs" / "gateways" / "authentication.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECRET = "kong-secret-0123456789-0123456789-abcdef"
NEXT = "next-secret-0123456789-0123456789-abcdef"
ORDERS = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  baseUrls: [https://api.example.com/orders]
  tokenProvider: {type: internal, id: staff}
  audience: orders
operations:
  - {id: list, match: {methods: [GET], path: /}, allow: public}
  - {id: todo, match: {resourceType: todo, actions: [can_read]}, allow: authenticated}
"""
QUESTION = {
    "subject": {"type": "user", "id": "alice"},
    "action": {"name": "can_read"},
    "resource": {"type": "todo", "id": "1"},
}
FORWARDED = {
    "x-forwarded-method": "GET",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "api.example.com",
    "x-forwarded-uri": "/orders",
}


class PageFolder(ServiceFolder):
    """Where the page's secret is in the environment."""

    def settings(self, environ: Mapping[str, str] | None = None) -> Settings:
        """As `serve` would load them."""
        return super().settings({"KONG_SECRET": SECRET, **(environ or {})})


class Example:
    """The page's settings in a folder, with the files that they name, on a free port."""

    def __init__(self, path: Path) -> None:
        self.ca = Authority(path, "gateways-ca")
        self.ca.serve_as("deemster")
        self.by_name = self.ca.issue("by-name", dns=["traefik.gateways.example.com"])
        self.by_key = self.ca.issue("traefik")
        (path / "policies").mkdir()
        (path / "policies" / "orders.yaml").write_text(ORDERS, encoding="utf-8")
        (path / "kong-next-secret").write_text(NEXT, encoding="utf-8")
        (path / "staff-keys.json").write_bytes(key_document(signing_key()))
        (settings,) = code_blocks(TEXT, "yaml")
        for shown, here in (
            ("SPKI", self.by_key.spki),
            ("0.0.0.0:8443", "127.0.0.1:0"),
            ("\ngateways:", "\n  management: {bind: 127.0.0.1:0}\ngateways:"),
        ):
            assert shown in settings
            settings = settings.replace(shown, here)
        self.folder = PageFolder(path)
        self.folder.settings_file.write_text(settings, encoding="utf-8")

    def record(self) -> str:
        lines = self.folder.log_file.read_text(encoding="utf-8").splitlines()
        found = json.loads(lines[-1])
        return f"{found['gateway']} {found['secret_id']}"

    async def ask_as_traefik(self, service: Served, shown: Issued | None) -> int:
        url = f"https://{service.servers.listening.decisions}/forward-auth/traefik"
        context = client_context(self.ca.file, shown)
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return (await client.get(url, headers=FORWARDED)).status_code


@pytest.fixture
def example(tmp_path: Path) -> Example:
    return Example(tmp_path)


@pytest.mark.parametrize(("secret", "proof"), [(SECRET, "kong k1"), (NEXT, "kong k2")])
async def test_either_secret_proves_kong(example: Example, secret: str, proof: str) -> None:
    tls = client_context(example.ca.file)
    async with served(example.folder) as service:
        answer = await service.ask(a_call(), tls=tls, headers={"client-token": secret})
        assert (answer.status_code, "response" in answer.json()) == (200, False)
        assert (await service.ask(a_call(), tls=tls)).status_code == 401
    assert example.record() == proof


@pytest.mark.parametrize("how", ["name", "key"])
async def test_name_or_key_of_a_certificate_proves_traefik(example: Example, how: str) -> None:
    shown = example.by_name if how == "name" else example.by_key
    async with served(example.folder) as service:
        assert await example.ask_as_traefik(service, shown) == 200
        assert await example.ask_as_traefik(service, None) == 403
        assert await example.ask_as_traefik(service, example.ca.issue("other")) == 403
    assert example.record() == ("traefik c1" if how == "name" else "traefik c2")


async def test_an_access_token_proves_the_application(example: Example) -> None:
    claims: dict[str, object] = {"iss": "https://staff.example.com", "aud": "deemster"}
    claims |= {"client_id": "todo-app", "sub": "todo-app", "scope": "decide"}
    token = raw_token(payload=claims | {"iat": 1_700_000_000, "exp": 4_000_000_000})
    async with served(example.folder) as service:
        answer = await service.ask(
            QUESTION,
            tls=client_context(example.ca.file),
            headers={"authorization": f"Bearer {token}"},
            path="/access/v1/evaluation",
        )
        assert answer.json()["decision"] is True
    assert example.record() == "todo-app t1"


def test_the_command_shows_what_spki_takes(example: Example) -> None:
    shell, needed = shutil.which("sh"), shutil.which("openssl")
    if shell is None or needed is None:
        pytest.skip("needs a shell and the openssl command")
    (command,) = code_blocks(TEXT, "console")
    found = subprocess.run(
        [shell, "-c", command],
        cwd=example.folder.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.strip() == example.by_key.spki
