"""The ext_authz listener: grpcio's asyncio server around the gRPC endpoint."""

from __future__ import annotations

from typing import Any

import grpc

from deemster.errors import ConfigurationError
from deemster.gateways.grpc_endpoint import GrpcEndpoint
from deemster.serving.sockets import Address
from deemster.serving.tls import ListenerTls, TlsFiles

__all__ = ["GrpcServer"]


class GrpcServer:
    """One listener. Made inside the running loop that it serves in."""

    def __init__(
        self,
        endpoint: GrpcEndpoint,
        host: str,
        port: int,
        *,
        metadata_bytes: int,
        setting: str,
        share_port: bool = False,
        tls: ListenerTls | None = None,
    ) -> None:
        """Binds at once; `address` is where. Raises ConfigurationError naming `setting`.

        `share_port`: as of `open_listener`.
        """
        options: list[tuple[str, Any]] = [
            # Else a second service starts unnoticed and takes half of the calls.
            ("grpc.so_reuseport", int(share_port)),
            # Whatever the library refuses by itself is an error, which opens a gateway that fails
            # open: messages are measured by the endpoint, and read for known gateways only.
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_metadata_size", metadata_bytes),
            ("grpc.absolute_max_metadata_size", 2 * metadata_bytes),
            # The same of a connection that is ended because of a gateway's keep-alive pings.
            ("grpc.http2.max_ping_strikes", 0),
        ]
        self._server = grpc.aio.server(handlers=[endpoint], options=options)
        wanted = Address(host, port)
        self._tls = tls
        try:
            bound = (
                self._server.add_insecure_port(str(wanted))
                if tls is None
                else self._server.add_secure_port(str(wanted), _credentials(tls))
            )
        except RuntimeError:
            raise ConfigurationError(f"cannot listen on {wanted} (`{setting}`)") from None
        self.address = Address(host, bound)

    def prepare_tls(self) -> None:
        """See Renewable."""
        if self._tls is not None:
            self._tls.prepare()

    async def renew_tls(self) -> None:
        """See Renewable. The library asks for the files at each handshake."""
        if self._tls is not None:
            self._tls.take()

    async def start(self) -> None:
        """Accept calls."""
        await self._server.start()

    async def stop(self, within: float) -> None:
        """Accept no more, and give those in hand `within` seconds."""
        await self._server.stop(within)


def _credentials(tls: ListenerTls) -> Any:  # noqa: ANN401  (the library has no types)
    told = tls.files

    def newer() -> Any:  # noqa: ANN401
        nonlocal told
        if tls.files is told:
            return None  # as before
        told = tls.files
        return _configuration(told)

    # Where a CA is named, whoever shows no certificate of it gets no connection: the library knows
    # no "may" between "must" and "is not asked".
    return grpc.dynamic_ssl_server_credentials(
        _configuration(told), newer, require_client_authentication=told.client_ca is not None
    )


def _configuration(files: TlsFiles) -> Any:  # noqa: ANN401
    return grpc.ssl_server_certificate_configuration(
        [(files.key, files.certificate)], root_certificates=files.client_ca
    )
