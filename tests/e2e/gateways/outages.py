"""What comes of calls while the decision point is dead, stands still or has too much to do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.e2e.gateways.assertions import identities
from tests.e2e.gateways.cases import ALLOWED, Case, Due
from tests.e2e.gateways.processes import Program
from tests.e2e.gateways.stand import CALLERS, AmidKill, Seen, Stand, call_by
from tests.e2e.gateways.wire import Address, Call, say

__all__ = [
    "ALLOWED",
    "OUTAGES",
    "one_place",
    "outages",
    "overloaded",
    "running",
    "silent_service",
]

RISKY = Case("risky", Due.REFUSED, Call(target=b"/risky"))
"""Takes as long as the decision point waits for the service that tells the risk."""

OUTAGES = (
    "decision point killed",
    "… and started again",
    "decision point stands still",
    "decision point overloaded",
)
LONGEST_STILL = 6.0
"""Seconds; a gateway that waits longer has let nobody through by then."""


def outages(stand: Stand) -> Mapping[str, Seen]:
    """OUTAGES ► what an allowed call came to; tried once.

    Leaves a decision point that takes one call at a time.
    """
    if not stand.outages:
        stand.outages.update(zip(OUTAGES, _tried(stand), strict=True))
    return stand.outages


def _tried(stand: Stand) -> tuple[Seen, ...]:
    call = stand.call_of(ALLOWED)
    with silent_service() as risk:
        stand.amid_kill = _killed_amid_calls(stand)
        killed = stand.ask(call)
        stand.point.start(one_place(risk))
        back = stand.wait_until_open()
        program = running(stand)
        program.pause()
        try:
            still = stand.ask(call, patience=LONGEST_STILL)
        finally:
            program.resume()
        stand.wait_until_open()
        full = overloaded(stand)
        stand.wait_until_open()
    return killed, back, still, full


def _killed_amid_calls(stand: Stand) -> AmidKill:
    """Kill the decision point while four clients call without a pause."""
    stand.upstream.taken()
    calls = {subject: call_by(stand, subject) for subject in CALLERS}
    statuses: dict[str | None, list[int]] = {subject: [] for subject in CALLERS}
    over = threading.Event()

    def go_on(subjects: Sequence[str | None]) -> None:
        while not over.is_set():
            for subject in subjects:
                statuses[subject].append(say(stand.address, calls[subject]).status)

    clients = [threading.Thread(target=go_on, args=(CALLERS[n:] + CALLERS[:n],)) for n in range(4)]
    for client in clients:
        client.start()
    time.sleep(0.3)
    running(stand).kill()
    time.sleep(0.3)
    over.set()
    for client in clients:
        client.join()
    return AmidKill(statuses, [identities(arrival) for arrival in stand.upstream.taken()])


def one_place(risk: Address) -> dict[str, dict[str, object]]:
    """Settings of a decision point that takes one call at a time, and long for `/risky`."""
    return {
        "limits": {"concurrency": 1},
        "deadlines": {"decision": "3s", "attribute": "2s"},
        "services": {"risk": {"url": f"http://{risk[0]}:{risk[1]}", "allowPrivate": True}},
    }


def overloaded(stand: Stand) -> Seen:
    """An allowed call while another holds the only place."""
    other = threading.Thread(target=say, args=(stand.address, stand.call_of(RISKY)))
    other.start()
    try:
        time.sleep(0.4)
        return stand.ask(stand.call_of(ALLOWED))
    finally:
        other.join()


def running(stand: Stand) -> Program:
    """The decision point's process."""
    assert stand.point.program is not None
    return stand.point.program


@contextmanager
def silent_service() -> Iterator[Address]:
    """A service that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        host, port = server.getsockname()[:2]
        yield str(host), int(port)
