"""Gateways that prove who they are by a client certificate: real handshakes, real files."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from deemster.errors import ConfigurationError
from tests.support.certificates import Authority, Issued
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder
from tests.support.serving import Served, client_context, replaced, served

NAME = "kong.gateways.example.com"
SPIFFE = "spiffe://example.com/gateways/kong"
BY_NAME = f"[{{id: c1, san: {NAME}}}, {{id: c2, san: '{SPIFFE}'}}, {{id: c3, san: 192.0.2.9}}]"


class Stand:
    """A service that speaks TLS, with two authorities: the one it believes, and another."""

    def __init__(self, path: Path, server: str) -> None:
        self.folder: ServiceFolder = a_service_folder(path)
        self.ours = Authority(path, "ours")
        self.theirs = Authority(path, "theirs")
        self.ours.serve_as("server")
        replaced(self.folder, "idleTimeout: 2s", "idleTimeout: 30s")
        replaced(
            self.folder,
            "{decisions: {bind: 127.0.0.1:0}",
            f"{{decisions: {{bind: 127.0.0.1:0, server: {server}, "
            "tls: {certificate: server.pem, key: server.key, clientCa: ours.pem}}",
        )

    def kong_has(self, credentials: str) -> None:
        replaced(self.folder, 'secrets: [{id: k1, value: "${file:kong-secret}"}]', credentials)

    def shows(self, issued: Issued | None) -> ssl.SSLContext:
        return client_context(self.ours.file, issued)

    def call(self) -> dict[str, object]:
        return a_call(self.folder.token())

    def last_record(self) -> dict[str, object]:
        lines = self.folder.log_file.read_text(encoding="utf-8").splitlines()
        found: dict[str, object] = json.loads(lines[-1])
        return found


@pytest.fixture(params=["uvicorn", "hypercorn"])
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Stand:
    return Stand(tmp_path, request.param)


def permitted(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and "response" not in answer.json()


NAMED: dict[str, tuple[str, Callable[[Authority], Issued]]] = {
    "DNS name": ("c1", lambda ca: ca.issue("kong", dns=[NAME])),
    "DNS name in other case": ("c1", lambda ca: ca.issue("kong", dns=[NAME.upper()])),
    "one of several names": ("c1", lambda ca: ca.issue("kong", dns=["a.example", NAME])),
    "URI": ("c2", lambda ca: ca.issue("kong", uris=[SPIFFE])),
    "address": ("c3", lambda ca: ca.issue("kong", ips=["192.0.2.9"])),
    "no usage stated": ("c1", lambda ca: ca.issue("kong", dns=[NAME], usage=None)),
}


@pytest.mark.parametrize("how", NAMED)
async def test_a_certificate_with_the_gateways_name_proves_it(stand: Stand, how: str) -> None:
    proof, issue = NAMED[how]
    stand.kong_has(f"certificates: {BY_NAME}")
    async with served(stand.folder) as service:
        answer = await service.ask(stand.call(), tls=stand.shows(issue(stand.ours)))
        assert permitted(answer)
    record = stand.last_record()
    assert (record["gateway"], record["secret_id"]) == ("kong", proof)


NOT_NAMED: dict[str, Callable[[Authority], Issued | None]] = {
    "no certificate": lambda ca: None,
    "the right CA alone": lambda ca: ca.issue("kong"),
    "the name as common name only": lambda ca: ca.issue(NAME),
    "another name": lambda ca: ca.issue("kong", dns=["other.gateways.example.com"]),
    "a name below": lambda ca: ca.issue("kong", dns=[f"x.{NAME}"]),
    "a parent's wildcard": lambda ca: ca.issue("kong", dns=["*.gateways.example.com"]),
    "a wildcard for everything": lambda ca: ca.issue("kong", dns=["*"]),
    "a final dot": lambda ca: ca.issue("kong", dns=[f"{NAME}."]),
    "the DNS name as a URI": lambda ca: ca.issue("kong", uris=[f"https://{NAME}"]),
    "the URI as a DNS name": lambda ca: ca.issue("kong", dns=[SPIFFE]),
    "the address as a DNS name": lambda ca: ca.issue("kong", dns=["192.0.2.9"]),
    "a longer URI": lambda ca: ca.issue("kong", uris=[f"{SPIFFE}/x"]),
    "the URI in other case": lambda ca: ca.issue("kong", uris=[SPIFFE.upper()]),
}


@pytest.mark.parametrize("how", NOT_NAMED)
async def test_a_certificate_that_names_nobody_proves_nothing(stand: Stand, how: str) -> None:
    stand.kong_has(f"certificates: {BY_NAME}")
    async with served(stand.folder) as service:
        shown = NOT_NAMED[how](stand.ours)
        answer = await service.ask(stand.call(), tls=stand.shows(shown))
    assert answer.status_code == 401
    assert not stand.folder.log_file.exists() or not stand.folder.log_file.read_text("utf-8")


NO_HANDSHAKE: dict[str, Callable[[Stand], Issued]] = {
    "another CA": lambda stand: stand.theirs.issue("kong", dns=[NAME]),
    "a CA of the same name": lambda stand: _namesake(stand).issue("kong", dns=[NAME]),
    "expired": lambda stand: stand.ours.issue("kong", dns=[NAME], days=(-2, -0.01)),
    "not valid yet": lambda stand: stand.ours.issue("kong", dns=[NAME], days=(0.5, 1)),
    "a server's certificate": lambda stand: stand.ours.issue(
        "kong", dns=[NAME], usage=ExtendedKeyUsageOID.SERVER_AUTH
    ),
}


def _namesake(stand: Stand) -> Authority:
    folder = stand.folder.path / "elsewhere"
    folder.mkdir()
    return Authority(folder, "ours")


@pytest.mark.parametrize("how", NO_HANDSHAKE)
async def test_a_certificate_that_is_not_good_gets_no_connection(stand: Stand, how: str) -> None:
    stand.kong_has(f"certificates: {BY_NAME}")
    shown = NO_HANDSHAKE[how](stand)
    async with served(stand.folder) as service:
        with pytest.raises(httpx.TransportError):
            await service.ask(stand.call(), tls=stand.shows(shown))
        # It cost nobody else anything.
        good = stand.ours.issue("good", dns=[NAME])
        assert permitted(await service.ask(stand.call(), tls=stand.shows(good)))


async def test_a_certificate_with_the_gateways_key_proves_it_whatever_its_names(
    stand: Stand,
) -> None:
    shown = stand.ours.issue("kong", dns=["x.example.com"])
    other = stand.ours.issue("other", dns=["x.example.com"])
    stand.kong_has(f"certificates: [{{id: pin, spki: '{shown.spki}'}}]")
    async with served(stand.folder) as service:
        assert permitted(await service.ask(stand.call(), tls=stand.shows(shown)))
        answer = await service.ask(stand.call(), tls=stand.shows(other))
        assert answer.status_code == 401
    assert stand.last_record()["secret_id"] == "pin"


TWO = """
  - id: apigee
    protocols: [sideband]
    apiServices: [orders]
    certificates: [{id: a1, san: apigee.example.com}]
tokenProviders:"""


@pytest.mark.parametrize(
    ("kong", "name", "secret", "caller"),
    [
        pytest.param("both", NAME, SECRET, "kong c1", id="agree"),
        pytest.param("both", NAME, None, "kong c1", id="certificate alone"),
        pytest.param("both", None, SECRET, "kong k1", id="secret alone"),
        pytest.param("both", NAME, "x" * 40, None, id="right certificate, wrong secret"),
        pytest.param("both", NAME, "", None, id="right certificate, empty secret"),
        pytest.param("both", "x.example.com", SECRET, None, id="right secret, unnamed certificate"),
        pytest.param("both", "apigee.example.com", SECRET, None, id="of two gateways"),
        pytest.param("secret", "apigee.example.com", SECRET, None, id="of two, one by secret only"),
        pytest.param("secret", "x.example.com", SECRET, "kong k1", id="a certificate of no matter"),
        pytest.param("both", "apigee.example.com", None, "apigee a1", id="the other gateway"),
    ],
)
async def test_certificate_and_secret_must_not_disagree(
    stand: Stand, kong: str, name: str | None, secret: str | None, caller: str | None
) -> None:
    replaced(stand.folder, "\ntokenProviders:", TWO)
    if kong == "both":
        secrets = 'secrets: [{id: k1, value: "${file:kong-secret}"}]'
        stand.kong_has(f"{secrets}\n    certificates: {BY_NAME}")
    shown = None if name is None else stand.ours.issue("shown", dns=[name])
    headers = {} if secret is None else {"client-token": secret}
    async with served(stand.folder) as service:
        answer = await service.ask(stand.call(), tls=stand.shows(shown), headers=headers)
    if caller is None:
        assert answer.status_code == 401
        return
    assert permitted(answer)
    record = stand.last_record()
    assert f"{record['gateway']} {record['secret_id']}" == caller


async def test_a_certificate_that_names_two_gateways_is_neither(stand: Stand) -> None:
    replaced(stand.folder, "\ntokenProviders:", TWO)
    stand.kong_has(f"certificates: {BY_NAME}")
    shown = stand.ours.issue("shown", dns=[NAME, "apigee.example.com"])
    async with served(stand.folder) as service:
        answer = await service.ask(stand.call(), tls=stand.shows(shown))
    assert answer.status_code == 401


async def test_a_certificate_is_not_believed_longer_than_it_lasts(stand: Stand) -> None:
    """Also on a connection that it opened while it was good."""
    stand.kong_has(f"certificates: {BY_NAME}")
    seconds = 3.0
    shown = stand.ours.issue("kong", dns=[NAME], days=(-1, seconds / 86_400))
    async with served(stand.folder) as service, Kept(service, stand.shows(shown)) as gateway:
        assert permitted(await gateway.ask(stand.call()))
        await asyncio.sleep(seconds)
        assert (await gateway.ask(stand.call())).status_code == 401
        assert gateway.connections == 1


class Kept:
    """A gateway that keeps its connections, and counts them."""

    def __init__(self, service: Served, tls: ssl.SSLContext) -> None:
        url = f"https://{service.servers.listening.decisions}"
        self._client = httpx.AsyncClient(verify=tls, trust_env=False, base_url=url)
        self._streams: list[object] = []

    async def ask(self, body: object) -> httpx.Response:
        answer = await self._client.post("/sideband/request", json=body)
        stream = answer.extensions["network_stream"]
        if stream not in self._streams:
            self._streams.append(stream)
        return answer

    @property
    def connections(self) -> int:
        return len(self._streams)

    async def __aenter__(self) -> Kept:
        return self

    async def __aexit__(self, *_fault: object) -> None:
        await self._client.aclose()


async def shown_by(service: Served, ca: Path) -> str:
    """The common name that the service shows to a new connection."""
    address = service.servers.listening.decisions
    context = client_context(ca)
    _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    certificate = writer.get_extra_info("peercert")
    writer.close()
    await writer.wait_closed()
    return str(dict(field[0] for field in certificate["subject"])["commonName"])


# --- renewal ------------------------------------------------------------------------------------


def renew(stand: Stand, issued: Issued) -> None:
    """As a rotation does: the files are replaced where they are."""
    issued.certificate.replace(stand.folder.path / "server.pem")
    issued.key.replace(stand.folder.path / "server.key")


async def test_a_renewed_certificate_is_shown_to_new_connections_and_old_ones_go_on(
    stand: Stand,
) -> None:
    stand.kong_has(f"certificates: {BY_NAME}")
    kong = stand.shows(stand.ours.issue("kong", dns=[NAME]))
    async with served(stand.folder) as service, Kept(service, kong) as gateway:
        assert permitted(await gateway.ask(stand.call()))
        assert await shown_by(service, stand.ours.file) == "server"
        renew(stand, stand.ours.serve_as("renewed"))
        await service.reload()
        assert await shown_by(service, stand.ours.file) == "renewed"
        assert permitted(await gateway.ask(stand.call()))
        assert gateway.connections == 1
        assert permitted(await service.ask(stand.call(), tls=kong))


BROKEN = {
    "no file": (None, "server.pem` cannot be read: No such file"),
    "an empty file": (b"", "it holds nothing of that kind in PEM"),
    "half a file": (b"-----BEGIN CERTIFICATE-----\nMIIB", "cannot be used"),
    "the key of another": (b"other", "the key does not belong to the certificate"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_broken_renewal_leaves_the_old_certificate_and_says_so(
    stand: Stand, how: str
) -> None:
    content, said = BROKEN[how]
    stand.kong_has(f"certificates: {BY_NAME}")
    kong = stand.shows(stand.ours.issue("kong", dns=[NAME]))
    file = stand.folder.path / "server.pem"
    async with served(stand.folder) as service:
        if content is None:
            file.unlink()
        elif content == b"other":
            stand.ours.serve_as("other").certificate.replace(file)
        else:
            file.write_bytes(content)
        stand.folder.require_group("buyers")
        await service.reload()
        refused = next(event for event in service.events if event["event"] == "reload_refused")
        assert said in str(refused["reason"])
        assert "`listeners.decisions.tls.certificate`" in str(refused["reason"])
        assert await shown_by(service, stand.ours.file) == "server"
        # All or nothing: the policies are the old ones as well.
        assert permitted(await service.ask(stand.call(), tls=kong))
        assert service.app.status().degraded is not None
        renew(stand, stand.ours.serve_as("renewed"))
        stand.folder.require_group("sales")
        await service.reload()
        assert await shown_by(service, stand.ours.file) == "renewed"
        assert service.app.status().degraded is None


async def test_who_was_believed_under_another_ca_asks_once_more_and_then_anew(
    stand: Stand,
) -> None:
    """A CA that is taken away: no resumed session and no kept connection outlives it for long."""
    stand.kong_has(f"certificates: {BY_NAME}")
    old = stand.shows(stand.ours.issue("kong", dns=[NAME]))
    new = stand.shows(stand.theirs.issue("kong-next", dns=[NAME]))
    async with served(stand.folder) as service, Kept(service, old) as gateway:
        assert permitted(await gateway.ask(stand.call()))
        (stand.folder.path / "ours.pem").replace(stand.folder.path / "both.pem")
        (stand.folder.path / "theirs.pem").replace(stand.folder.path / "ours.pem")
        await service.reload()
        answer = await gateway.ask(stand.call())
        assert permitted(answer)
        assert answer.headers["connection"] == "close"
        with pytest.raises(httpx.TransportError):
            await gateway.ask(stand.call())
        assert permitted(await service.ask(stand.call(), tls=new))


# --- the listener ---------------------------------------------------------------------------------


async def test_without_tls_nothing_is_said_on_a_tls_listener(stand: Stand) -> None:
    async with served(stand.folder) as service:
        with pytest.raises(httpx.TransportError):
            await service.ask(stand.call(), headers={"client-token": SECRET})
        answer = await service.ask(
            stand.call(), tls=stand.shows(None), headers={"client-token": SECRET}
        )
        assert permitted(answer)


@pytest.mark.parametrize(
    ("most", "fine"), [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)]
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_nothing_before_tls_1_2_is_spoken(
    stand: Stand, most: ssl.TLSVersion, fine: bool
) -> None:
    context = stand.shows(None)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = most
    context.set_ciphers("ALL:@SECLEVEL=0")
    async with served(stand.folder) as service:
        asked = service.ask(stand.call(), tls=context, headers={"client-token": SECRET})
        if fine:
            assert permitted(await asked)
        else:
            with pytest.raises(httpx.TransportError):
                await asked


async def test_a_cipher_without_forward_secrecy_is_not_spoken(stand: Stand) -> None:
    context = stand.shows(None)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA")
    async with served(stand.folder) as service:
        with pytest.raises(httpx.TransportError):
            await service.ask(stand.call(), tls=context, headers={"client-token": SECRET})


async def test_who_begins_a_handshake_and_stops_is_let_go(stand: Stand) -> None:
    async with served(stand.folder) as service:
        address = service.servers.listening.decisions
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"\x16\x03\x01\x00\xa5\x01")
        async with asyncio.timeout(10):  # headerTimeout is one second
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        pytest.param("server.pem", None, "`listeners.decisions.tls.certificate`", id="no file"),
        pytest.param("server.key", None, "`listeners.decisions.tls.key`", id="no key"),
        pytest.param("server.key", b"x", "cannot be used", id="no PEM"),
        pytest.param("ours.pem", b"", "holds no certificate in PEM", id="an empty CA"),
    ],
)
async def test_a_service_whose_tls_cannot_be_used_does_not_start(
    stand: Stand, file: str, content: bytes | None, said: str
) -> None:
    path = stand.folder.path / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        async with served(stand.folder):
            pytest.fail("it started")
    assert said in refused.value.message
