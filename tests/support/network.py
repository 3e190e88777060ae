"""A guard that keeps tests off the network.

It is an audit hook, so it sees every socket of the interpreter whoever made it, and it patches
nothing. An audit hook cannot be removed, hence one guard for the process whose reach is set for
each test.
"""

import ipaddress
import socket
import sys
from enum import Enum

__all__ = ["GUARD", "ForbiddenNetworkError", "NetworkGuard", "Reach"]


class Reach(Enum):
    """How far a test may reach."""

    NOWHERE = "nothing but Unix sockets"
    LOOPBACK = "this machine only"


class ForbiddenNetworkError(PermissionError):
    """A test reached for the network; an OSError, so that callers close their sockets."""


class NetworkGuard:
    """Refuses what goes beyond `reach`, and keeps what it refused.

    The list is there because a program under test may well turn the exception into an answer.
    """

    def __init__(self) -> None:
        self.reach = Reach.LOOPBACK
        self.refused: list[str] = []

    def install(self) -> None:
        """Begin to listen; cannot be undone."""
        sys.addaudithook(self._listen)

    def _listen(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            connection, address = arguments
            # sendmsg on a connected socket names no address: connect was asked before.
            if address is None or getattr(connection, "family", None) == socket.AF_UNIX:
                return
            host = address[0] if isinstance(address, tuple) else None
            if not (self.reach is Reach.LOOPBACK and is_loopback(host)):
                self._refuse(f"{event} to {address}")
        elif event == "socket.getaddrinfo" and not is_local_name(arguments[0]):
            self._refuse(f"a name look-up of {arguments[0]!r}")

    def _refuse(self, what: str) -> None:
        message = f"{what} is refused: this test may reach {self.reach.value}"
        self.refused.append(message)
        raise ForbiddenNetworkError(message)


def is_loopback(host: object) -> bool:
    """Whether an address, not a name, is this machine's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def is_local_name(host: object) -> bool:
    """Whether looking `host` up asks nobody: no host, localhost, or an address already."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in {None, "", "localhost"}:
        return True
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


GUARD = NetworkGuard()
