"""An Envoy that proves who it is by a client certificate: ext_authz over gRPC, real handshakes."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from deemster.gateways.ext_authz_grpc import CHECK
from tests.support.certificates import Authority, Issued
from tests.support.ext_authz import Checked, a_check_request
from tests.support.service import ServiceFolder, a_service_folder
from tests.support.serving import Served, replaced, served

NAME = "envoy.gateways.example.com"
ENVOY = f"""
  - id: envoy
    protocols: [ext-authz-grpc]
    apiServices: [orders]
    certificates: [{{id: e1, san: {NAME}}}]
tokenProviders:"""
REQUEST = a_check_request(
    host="api.example.com", path="/orders/health", method="GET", scheme="https"
)


class Stand:
    """A service that listens for Envoy by TLS; anybody may call `/orders/health`."""

    def __init__(self, path: Path) -> None:
        self.folder: ServiceFolder = a_service_folder(path)
        self.ours = Authority(path, "ours")
        self.ours.serve_as("server")
        replaced(self.folder, "\ntokenProviders:", ENVOY)
        replaced(
            self.folder,
            "{decisions: {bind: 127.0.0.1:0}",
            "{decisions: {bind: 127.0.0.1:0}, extAuthz: {bind: 127.0.0.1:0, "
            "tls: {certificate: server.pem, key: server.key, clientCa: ours.pem}}",
        )

    async def check(self, service: Served, shown: Issued | None) -> Checked:
        """Raises grpc.aio.AioRpcError where there is no connection."""
        async with self.channel(service, shown) as channel:
            return Checked(await channel.unary_unary(CHECK)(REQUEST, timeout=20))

    def channel(self, service: Served, shown: Issued | None) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(
            self.ours.file.read_bytes(),
            None if shown is None else shown.key.read_bytes(),
            None if shown is None else shown.certificate.read_bytes(),
        )
        return grpc.aio.secure_channel(str(service.servers.listening.ext_authz), credentials)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


async def test_a_certificate_with_the_gateways_name_proves_it(stand: Stand) -> None:
    async with served(stand.folder) as service:
        assert (await stand.check(service, stand.ours.issue("envoy", dns=[NAME]))).opens
        assert '"secret_id":"e1"' in await _records(stand, service)


async def _records(stand: Stand, service: Served) -> str:
    await service.app.shutdown(5.0)
    return stand.folder.log_file.read_text(encoding="utf-8")


async def test_a_certificate_of_the_right_ca_that_names_nobody_is_denied(stand: Stand) -> None:
    async with served(stand.folder) as service:
        answer = await stand.check(service, stand.ours.issue("other", dns=["x.example.com"]))
        assert (answer.opens, answer.status) == (False, 403)


@pytest.mark.parametrize("how", ["none", "another CA", "expired"])
async def test_whoever_shows_no_good_certificate_gets_no_connection(
    stand: Stand, how: str, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    shown: Issued | None = None
    if how == "another CA":
        shown = Authority(tmp_path / "theirs").issue("envoy", dns=[NAME])
    elif how == "expired":
        shown = stand.ours.issue("envoy", dns=[NAME], days=(-2, -1))
    async with served(stand.folder) as service:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stand.check(service, shown)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_renewed_files_are_taken_and_connections_go_on(stand: Stand) -> None:
    envoy = stand.ours.issue("envoy", dns=[NAME])
    async with served(stand.folder) as service, stand.channel(service, envoy) as kept:
        check = kept.unary_unary(CHECK)
        assert Checked(await check(REQUEST, timeout=20)).opens
        # A server of another authority from now on: who trusts the earlier one alone stays out.
        (stand.folder.path / "next").mkdir()
        theirs = Authority(stand.folder.path / "next", "theirs")
        renewed = theirs.serve_as("renewed")
        renewed.certificate.replace(stand.folder.path / "server.pem")
        renewed.key.replace(stand.folder.path / "server.key")
        await service.reload()
        assert Checked(await check(REQUEST, timeout=20)).opens
        with pytest.raises(grpc.aio.AioRpcError):
            await stand.check(service, envoy)


async def test_a_broken_renewal_leaves_the_old_certificate_and_says_so(stand: Stand) -> None:
    envoy = stand.ours.issue("envoy", dns=[NAME])
    async with served(stand.folder) as service:
        (stand.folder.path / "server.key").write_bytes(b"x")
        await service.reload()
        refused = next(event for event in service.events if event["event"] == "reload_refused")
        assert "`listeners.extAuthz.tls.certificate`" in str(refused["reason"])
        assert (await stand.check(service, envoy)).opens
