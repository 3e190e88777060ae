"""TLS of the service as a process: client certificates, renewal by SIGHUP while in use."""

from __future__ import annotations

import json
import signal
import socket
import ssl
from pathlib import Path

import pytest

from tests.e2e.test_server import one_answer
from tests.support.certificates import Authority
from tests.support.processes import PATIENCE, running, until
from tests.support.service import ServiceFolder, a_call, a_service_folder
from tests.support.serving import client_context, replaced

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NAME = "kong.gateways.example.com"


@pytest.fixture(params=["uvicorn", "hypercorn"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> ServiceFolder:
    """Of a service that speaks TLS, and knows its one gateway by a certificate."""
    found = a_service_folder(tmp_path)
    replaced(
        found,
        "{decisions: {bind: 127.0.0.1:0}",
        f"{{decisions: {{server: {request.param}, bind: 127.0.0.1:0, "
        "tls: {certificate: server.pem, key: server.key, clientCa: ca.pem}}",
    )
    secrets = 'secrets: [{id: k1, value: "${file:kong-secret}"}]'
    replaced(found, secrets, f"certificates: [{{id: c1, san: {NAME}}}]")
    replaced(found, "idleTimeout: 2s", "idleTimeout: 30s")
    return found


def connected(address: tuple[str, int], context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(address, timeout=PATIENCE)
    return context.wrap_socket(plain, server_hostname=address[0])


def call(folder: ServiceFolder) -> bytes:
    body = json.dumps(a_call(folder.token())).encode()
    head = f"POST /sideband/request HTTP/1.1\r\nhost: pdp\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def opens(connection: ssl.SSLSocket, folder: ServiceFolder) -> bool:
    connection.sendall(call(folder))
    answer = one_answer(connection)
    return answer.startswith(b"HTTP/1.1 200 ") and b'"response"' not in answer


def test_renewal_ends_no_connection_and_a_broken_one_changes_nothing(folder: ServiceFolder) -> None:
    ca = Authority(folder.path)
    ca.serve_as("server")
    kong = client_context(ca.file, ca.issue("kong", dns=[NAME]))
    with running(folder) as service:
        with connected(service.decisions, kong) as kept:
            assert opens(kept, folder)
            with connected(service.decisions, client_context(ca.file)) as stranger:
                stranger.sendall(call(folder))
                assert one_answer(stranger).startswith(b"HTTP/1.1 401 ")
            renewed = ca.serve_as("renewed")
            renewed.key.replace(folder.path / "server.key")
            service.signal(signal.SIGHUP)  # a key without its certificate
            refused = service.wait_for("reload_refused")
            assert "the key does not belong to the certificate" in str(refused["reason"])
            assert opens(kept, folder)
            renewed.certificate.replace(folder.path / "server.pem")
            service.signal(signal.SIGHUP)
            until(lambda: 'result="succeeded"} 1.0' in service.manage("/metrics").text)
            assert until(lambda: shown(service.decisions, kong) == "renewed")
            assert opens(kept, folder)
            with connected(service.decisions, kong) as fresh:
                assert opens(fresh, folder)
        service.signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE) == 0


def shown(address: tuple[str, int], context: ssl.SSLContext) -> str:
    with connected(address, context) as connection:
        certificate = connection.getpeercert()
    assert certificate is not None
    subject = dict(field[0] for field in certificate["subject"])  # type: ignore[misc]
    return str(subject["commonName"])
