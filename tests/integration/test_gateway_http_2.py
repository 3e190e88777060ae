"""HTTP/2 on the decisions listener, chosen by ALPN: the same proofs, the same answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder
from tests.support.serving import client_context, replaced, served

NAME = "kong.gateways.example.com"


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def folder(tmp_path: Path, ca: Authority) -> ServiceFolder:
    found = a_service_folder(tmp_path)
    ca.serve_as("server")
    replaced(
        found,
        "{decisions: {bind: 127.0.0.1:0}",
        "{decisions: {bind: 127.0.0.1:0, server: hypercorn, "
        "tls: {certificate: server.pem, key: server.key, clientCa: ca.pem}}",
    )
    secrets = 'secrets: [{id: k1, value: "${file:kong-secret}"}]'
    replaced(found, secrets, f"{secrets}\n    certificates: [{{id: c1, san: {NAME}}}]")
    return found


@pytest.mark.parametrize(
    ("name", "secret", "fine"),
    [
        pytest.param(NAME, None, True, id="certificate"),
        pytest.param(None, SECRET, True, id="secret"),
        pytest.param(None, None, False, id="nothing"),
        pytest.param("x.example.com", SECRET, False, id="another certificate"),
    ],
)
async def test_many_calls_at_once_on_one_connection(
    folder: ServiceFolder, ca: Authority, name: str | None, secret: str | None, *, fine: bool
) -> None:
    shown = None if name is None else ca.issue("shown", dns=[name])
    headers = {} if secret is None else {"client-token": secret}
    async with served(folder) as service:
        url = f"https://{service.servers.listening.decisions}/sideband/request"
        context = client_context(ca.file, shown)
        async with httpx.AsyncClient(verify=context, trust_env=False, http2=True) as client:
            body = a_call(folder.token())
            calls = [client.post(url, json=body, headers=headers) for _ in range(20)]
            answers = await asyncio.gather(*calls)
    assert {answer.http_version for answer in answers} == {"HTTP/2"}
    assert {answer.status_code for answer in answers} == {200 if fine else 401}
    assert not any("response" in answer.json() for answer in answers)
    ids = [answer.headers["x-decision-id"] for answer in answers if fine]
    assert len(set(ids)) == len(ids)
