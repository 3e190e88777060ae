"""The management listener by TLS: for operators who show a certificate, and nobody else."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import Authority, Issued
from tests.support.service import ServiceFolder, a_service_folder
from tests.support.serving import Served, client_context, replaced, served


class Stand:
    """A service whose management speaks TLS, with the authority of its operators."""

    def __init__(self, path: Path) -> None:
        self.folder: ServiceFolder = a_service_folder(path)
        self.operators = Authority(path, "operators")
        self.operators.serve_as("server")
        replaced(
            self.folder,
            "management: {bind: 127.0.0.1:0}",
            "management: {bind: 127.0.0.1:0, "
            "tls: {certificate: server.pem, key: server.key, clientCa: operators.pem}}",
        )

    async def get(self, service: Served, path: str, shown: Issued | None) -> httpx.Response:
        """Raises httpx.TransportError where there is no connection."""
        context: ssl.SSLContext = client_context(self.operators.file, shown)
        url = f"https://{service.servers.listening.management}{path}"
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return await client.get(url)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


async def test_an_operator_with_a_certificate_is_answered(stand: Stand) -> None:
    async with served(stand.folder) as service:
        operator = stand.operators.issue("operator")
        assert "deemster_" in (await stand.get(service, "/metrics", operator)).text
        assert (await stand.get(service, "/ready", operator)).json()["status"] == "ready"


@pytest.mark.parametrize("how", ["none", "another CA", "expired"])
async def test_nobody_else_gets_a_connection(stand: Stand, how: str, tmp_path: Path) -> None:
    shown: Issued | None = None
    if how == "another CA":
        (tmp_path / "theirs").mkdir()
        shown = Authority(tmp_path / "theirs").issue("operator")
    elif how == "expired":
        shown = stand.operators.issue("operator", days=(-2, -1))
    async with served(stand.folder) as service:
        with pytest.raises(httpx.TransportError):
            await stand.get(service, "/metrics", shown)
        with pytest.raises(httpx.TransportError):
            await stand.get(service, "/live", shown)


async def test_its_files_are_renewed_with_the_others_or_none_is(stand: Stand) -> None:
    async with served(stand.folder) as service:
        operator = stand.operators.issue("operator")
        (stand.folder.path / "server.key").write_bytes(b"x")
        await service.reload()
        refused = next(event for event in service.events if event["event"] == "reload_refused")
        assert "`listeners.management.tls.certificate`" in str(refused["reason"])
        answer = await stand.get(service, "/ready", operator)
        assert answer.json()["status"] == "degraded"
        stand.operators.serve_as("server")
        await service.reload()
        assert (await stand.get(service, "/ready", operator)).json()["status"] == "ready"
