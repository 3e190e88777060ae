"""How each gateway is started on a copy of its example: what a user edits there is swapped here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.gateways.decision_point import DecisionPoint
from tests.e2e.gateways.wire import Address

__all__ = ["GATEWAYS", "Installed"]

LISTENS = 8000
UPSTREAM = 3000
"""Ports that every example has for the gateway itself and what is behind it."""
EXAMPLES = Path(__file__).parents[3] / "examples" / "gateways"


@dataclass(frozen=True, slots=True)
class Installed:
    """A gateway and the texts of its example that stand for addresses and the secret."""

    name: str
    command: str
    arguments_of: Callable[[str, Path], Sequence[str]]
    files: Sequence[str]
    form: str = "127.0.0.1:{port}"
    """How addresses are written there; all are of this machine."""
    listening_form: str | None = None
    """How the gateway's own is written, if otherwise."""
    asks: str = "decisions"
    """Which listener of the decision point."""
    secret: str | None = None
    """What stands for the secret in the files; None: they read the environment."""
    machine_names: Sequence[str] = ()
    """Names in the files that one process of a machine can have, such as those of sockets."""
    secret_variable: str = "DEEMSTER_SECRET"
    secret_header: str = "CLIENT-TOKEN"

    @property
    def example(self) -> Path:
        """The folder that users copy."""
        return EXAMPLES / self.name

    def arguments(self, command: str, folder: Path) -> Sequence[str]:
        """The command line, for files in `folder`."""
        return self.arguments_of(command, folder)

    def write(
        self,
        folder: Path,
        point: DecisionPoint,
        address: Address,
        upstream: Address,
        secret: str,
        swaps: Mapping[str, str],
    ) -> None:
        """Copy the example's files with our addresses in; every text must be found somewhere."""
        listens = self.listening_form or self.form
        asked = point.example_ports[self.asks]
        replaced = {
            listens.format(port=LISTENS): listens.format(port=address[1]),
            self.form.format(port=UPSTREAM): self.form.format(port=upstream[1]),
            self.form.format(port=asked): self.form.format(port=point.addresses[self.asks][1]),
            **({} if self.secret is None else {self.secret: secret}),
            **{name: f"{name}-{address[1]}" for name in self.machine_names},
            **swaps,
        }
        found = set()
        for name in self.files:
            place = folder / name
            shutil.copy(self.example / name, place)
            text = place.read_text(encoding="utf-8")
            for old, new in replaced.items():
                if old in text:
                    found.add(old)
                    text = text.replace(old, new)
            place.write_text(text, encoding="utf-8")
        assert found == set(replaced), f"not in the files of {self.name}: {set(replaced) - found}"


def _nginx(command: str, folder: Path) -> Sequence[str]:
    return [
        command,
        *("-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"),
        *("-g", f"daemon off; pid {folder}/nginx.pid;"),
    ]


def _traefik(command: str, folder: Path) -> Sequence[str]:
    return [command, f"--configFile={folder / 'traefik.yaml'}"]


def _caddy(command: str, folder: Path) -> Sequence[str]:
    return [command, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def _haproxy(command: str, folder: Path) -> Sequence[str]:
    return [command, "-db", "-f", str(folder / "haproxy.cfg")]


def _envoy(command: str, folder: Path) -> Sequence[str]:
    return [
        command,
        *("-c", str(folder / "envoy.yaml"), "--concurrency", "1"),
        *("--disable-hot-restart", "--log-level", "warn"),
    ]


GATEWAYS: Mapping[str, Installed] = {
    gateway.name: gateway
    for gateway in (
        Installed(
            "nginx",
            "nginx",
            _nginx,
            ["nginx.conf", "deemster-secret.conf"],
            secret="write-the-secret-of-deemster-yaml-here",
        ),
        Installed("traefik", "traefik", _traefik, ["traefik.yaml", "dynamic.yaml"]),
        Installed("caddy", "caddy", _caddy, ["Caddyfile"], listening_form=":{port} {{"),
        Installed(
            "haproxy",
            "haproxy",
            _haproxy,
            ["haproxy.cfg", "deemster.lua"],
            machine_names=["abns@deemster"],
        ),
        Installed(
            "envoy-http",
            "envoy",
            _envoy,
            ["envoy.yaml"],
            form="port_value: {port}",
            secret="replace-this-by-the-secret-of-deemster.yaml",
        ),
        Installed(
            "envoy-grpc",
            "envoy",
            _envoy,
            ["envoy.yaml"],
            form="port_value: {port}",
            asks="extAuthz",
            secret="replace-this-by-the-secret-of-deemster.yaml",
        ),
    )
}
