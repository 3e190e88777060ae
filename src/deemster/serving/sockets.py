"""Listening sockets of our own, so that a free port (0) can be told and a taken one explained."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from deemster.errors import ConfigurationError

__all__ = ["Address", "open_listener", "reserve_port"]

BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener really listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def open_listener(
    host: str, port: int, *, setting: str, share_port: bool
) -> tuple[socket.socket, Address]:
    """A bound socket that listens, and its address.

    `share_port` sets SO_REUSEPORT where the system has it: right for several workers of one
    service, wrong for one worker, where it would let a second service start unnoticed and take
    half of the calls. Raises ConfigurationError naming `setting`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share_port and hasattr(socket, "SO_REUSEPORT"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            # One bind is one address: `[::]` does not silently take IPv4 as well.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setblocking(False)  # noqa: FBT003  the socket module's own signature
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {Address(host, port)} (`{setting}`): {error.strerror or error}"
        ) from error
    bound = listener.getsockname()
    return listener, Address(str(bound[0]), int(bound[1]))


def reserve_port(host: str, port: int, *, setting: str) -> tuple[socket.socket, Address]:
    """A bound socket that does not listen, and its address: for workers that share the port.

    As long as it is open no stranger gets the port, and a port that is taken is found out here.
    Raises ConfigurationError naming `setting`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        held.bind((host, port))
        # Only now: alone at first, to be joined by those who know that the port is shared. The
        # option that forgives connections of an earlier run would let strangers in as well, as
        # long as nobody listens.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as error:
        held.close()
        raise ConfigurationError(
            f"cannot listen on {Address(host, port)} (`{setting}`): {error.strerror or error}"
        ) from error
    bound = held.getsockname()
    return held, Address(str(bound[0]), int(bound[1]))
