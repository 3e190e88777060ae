"""One gateway with everything around it, and what client and upstream see of a case."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deemster.tokens.development_key import DevelopmentKey
from tests.e2e.gateways.cases import ALLOWED, Case
from tests.e2e.gateways.decision_point import DecisionPoint
from tests.e2e.gateways.installed import Installed
from tests.e2e.gateways.processes import Program, free_port, wait_until_listening
from tests.e2e.gateways.upstream import Arrival, Upstream, recording_upstream
from tests.e2e.gateways.wire import Address, Answer, Call, say
from tests.support.parts import Parts

__all__ = ["CALLERS", "SECRET", "AmidKill", "Seen", "Stand", "call_by", "standing"]

PATIENCE = 20.0

SECRET = "gateway-secret-0123456789-0123456789-abcdef"
"""Whatever the example calls its secret, this is it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one case."""

    answer: Answer
    arrivals: Sequence[Arrival]


@dataclass(frozen=True, slots=True)
class AmidKill:
    """What came of many calls while the decision point was killed."""

    statuses: Mapping[str | None, Sequence[int]]
    """Who called ► what they saw."""
    told: Sequence[Sequence[bytes]]
    """For each call that came in: who the upstream was told it was."""


CALLERS = ("alice", "carol", "bob", None, "mallory")
"""The last two are never let through."""


def call_by(stand: Stand, subject: str | None, target: bytes = b"/api/items") -> Call:
    """A plain call of one of CALLERS on a connection of its own."""
    token = None if subject is None else stand.point.token(subject)
    return Call(target=target, token=token, fields=((b"Connection", b"close"),))


class Stand:
    """A running gateway. Cases are tried once; whoever asks again gets what was seen then."""

    def __init__(
        self,
        gateway: Installed,
        program: Program,
        address: Address,
        upstream: Upstream,
        point: DecisionPoint,
    ) -> None:
        self.gateway = gateway
        self._program = program
        self.address = address
        self.upstream = upstream
        self.point = point
        self._seen: dict[str, Seen] = {}
        self._foreign_key = DevelopmentKey.generate()
        self.outages: dict[str, Seen] = {}
        self.amid_kill = AmidKill({}, [])
        """Both are filled by outages.py, once."""

    def seen(self, case: Case) -> Seen:
        """Try a case, unless it was tried."""
        if case.name not in self._seen:
            self._seen[case.name] = self.ask(self.call_of(case))
        return self._seen[case.name]

    def ask(self, call: Call, *, patience: float = 20.0) -> Seen:
        """One exchange, whatever came before."""
        self.upstream.taken()
        answer = say(self.address, call, patience=patience)
        if answer.status == 0:
            # Time to die of it.
            time.sleep(0.2)
        assert self._program.process.poll() is None, f"it ended:\n{self._program.said()}"
        return Seen(answer, self.upstream.taken())

    def wait_until_open(self) -> Seen:
        """The first call that gets through; gateways find out a little later that they may ask."""
        call = self.call_of(ALLOWED)
        ends = time.monotonic() + PATIENCE
        while (seen := self.ask(call)).answer.status != 200:
            assert list(seen.arrivals) == []
            assert time.monotonic() < ends, f"nothing gets through: {seen.answer}"
            time.sleep(0.1)
        return seen

    def call_of(self, case: Case) -> Call:
        """The case's call with a token and the names of this gateway's headers."""
        call = case.call
        names = {
            b"{identity}": b"X-Auth-User",
            b"{identity_}": b"X_Auth_User",
            b"{identity.}": b"X.Auth.User",
            b"{identity~}": b"X~Auth~User",
            b"{secret}": self.gateway.secret_header.encode(),
        }
        fields = []
        for name, value in call.fields:
            for placeholder, real in names.items():
                value = value.replace(placeholder, real)
                name = name.replace(placeholder, real)
            fields.append((name, value))
        if b"connection" not in {name.lower() for name, _ in fields}:
            fields.append((b"Connection", b"close"))
        return replace(call, token=self._token(case), fields=tuple(fields))

    def _token(self, case: Case) -> str | None:
        if case.subject is None:
            return None
        if case.subject == "forged":
            return self._foreign_key.mint({"iss": "https://staff.example.com", "sub": "carol"})
        return self.point.token(case.subject, **dict(case.claims))


@contextmanager
def standing(
    gateway: Installed,
    parts: Parts,
    folder: Path,
    *,
    swaps: Mapping[str, str] | None = None,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    opens: bool = True,
    server: str = "uvicorn",
) -> Iterator[Stand]:
    """Gateway, upstream and decision point, all ended afterwards.

    `swaps`: further texts of the gateway's configuration to replace, each of which must be there.
    `settings`: of the decision point, beside the example's. `opens` is false where nothing is
    expected to get through, so that nobody waits for it.
    `server`: the decisions listener's.
    """
    command = parts.command(gateway.command)
    with ExitStack() as ends:
        upstream, upstream_address = ends.enter_context(recording_upstream())
        environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", gateway.secret_variable: SECRET}
        point = DecisionPoint(gateway.example / "deemster.yaml", folder, environ, server=server)
        ends.callback(point.end)
        point.start(settings)
        address = ("127.0.0.1", free_port())
        gateway.write(folder, point, address, upstream_address, SECRET, swaps or {})
        program = Program(
            gateway.arguments(command, folder), log=folder / f"{gateway.name}.log", environ=environ
        )
        ends.callback(program.end)
        wait_until_listening(program, address)
        stand = Stand(gateway, program, address, upstream, point)
        if opens:
            stand.wait_until_open()
        yield stand
