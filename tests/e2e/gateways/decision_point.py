"""`deemster serve` on the settings of a gateway's example, with a tree and tokens of the tests.

Of the example's deemster.yaml all stays but what a test cannot have: ports, policies, keys and
users. So gateways, secrets, identity headers, limits and deadlines are those that users copy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deemster.tokens.development_key import load_or_create
from tests.e2e.gateways.processes import Program, free_port, wait_until_listening
from tests.e2e.gateways.wire import Address

__all__ = ["TREE", "DecisionPoint"]

BREAKABLE = Path(__file__).with_name("breakable.py")
ISSUER = "https://staff.example.com"

TREE = """\
apiVersion: deemster/v1
kind: ApiService
metadata: {id: SERVICE}
service:
  baseUrls: [http://api.example.com]
  tokenProvider: {type: internal, id: staff}
  audience: example
  preflight: allow
attributes:
  risk: {type: int, source: {http: {service: risk, path: /risk, select: "$.risk"}}}
operations:
  - id: items
    match: {methods: [GET, HEAD, PURGE], path: /api/**}
    alsoCovers: [add-item, pay]
    allow: {scopes: {any: [items.read]}}
  - id: add-item
    match: {methods: [POST], path: /api/items}
    allow: {scopes: {any: [items.write]}}
  - id: pay
    match: {methods: [POST], path: /api/payments}
    allow: {authentication: {acr: [mfa], maxAge: 300s}}
  - id: risky
    match: {methods: [GET], path: /risky}
    allow: {when: "attr.risk < 50"}
  - id: administer
    match: {path: /admin/**}
    allow: {groups: {any: [admins]}}
  - id: from-here
    match: {methods: [GET], path: /from-here}
    allow: {when: "!request.ip.inAny(['203.0.113.0/24'])"}
  - id: from-the-office
    match: {methods: [GET], path: /from-the-office}
    allow: {when: "request.ip.inAny(['203.0.113.0/24'])"}
  - id: health
    match: {methods: [GET], path: /health}
    allow: public
"""
"""`/admin` is what nobody but carol may reach, under whatever spelling."""

USERS: dict[str, dict[str, object]] = {
    "alice": {"groups": ["sales"]},
    "bob": {},
    "carol": {"groups": ["admins"]},
    "mallory": {"enabled": False},
}


class DecisionPoint:
    """The service of one gateway; it comes back on the same ports after `kill` and `start`."""

    def __init__(
        self, example: Path, folder: Path, environ: Mapping[str, str], *, server: str = "uvicorn"
    ) -> None:
        """`server` is the decisions listener's."""
        self._settings: dict[str, Any] = yaml.safe_load(example.read_text(encoding="utf-8"))
        self._folder = folder
        self._environ = environ
        self._key = load_or_create(folder / "development-key.json")
        self.program: Program | None = None
        listeners = self._settings["listeners"]
        self.example_ports = {
            name: int(listener["bind"].rpartition(":")[2]) for name, listener in listeners.items()
        }
        """Listener ► its port in the example, for what must be swapped in the gateway's files."""
        self.addresses: dict[str, Address] = {
            name: ("127.0.0.1", free_port()) for name in self.example_ports
        }
        for name, (host, port) in self.addresses.items():
            listeners[name]["bind"] = f"{host}:{port}"
        if server != "uvicorn":
            listeners["decisions"]["server"] = server
        (gateway,) = self._settings["gateways"]
        (service,) = gateway["apiServices"]
        (folder / "policies").mkdir()
        (folder / "policies" / "api.yaml").write_text(TREE.replace("SERVICE", service))
        self._settings |= {
            "policies": {"path": "policies"},
            "tokenProviders": [
                {
                    "id": "staff",
                    "type": "internal",
                    "issuer": ISSUER,
                    "keys": {"insecureDevelopmentKey": "development-key.json"},
                    "directory": "people",
                }
            ],
            "directories": [{"id": "people", "static": {"users": USERS}}],
            # Nobody listens there.
            "services": {"risk": {"url": "http://127.0.0.1:1", "allowPrivate": True}},
            "decisionLog": {"sinks": [{"file": {"path": "decisions.jsonl"}}], "whenFull": "drop"},
        }

    @property
    def log_file(self) -> Path:
        """Where decisions are recorded."""
        return self._folder / "decisions.jsonl"

    def start(self, extra: Mapping[str, Mapping[str, object]] | None = None) -> Program:
        """Returns when it listens; `extra`: section ► keys to set in it, for this run."""
        merged = dict(self._settings)
        for section, keys in (extra or {}).items():
            merged[section] = {**merged.get(section, {}), **keys}
        file = self._folder / "deemster.yaml"
        file.write_text(json.dumps(merged), encoding="utf-8")
        command = [sys.executable, str(BREAKABLE), "serve", "--config", str(file)]
        program = Program(command, log=self._folder / "deemster.log", environ=self._environ)
        self.program = program
        wait_until_listening(program, *self.addresses.values())
        return program

    def break_by(self, fault: str) -> None:
        """From now on; one of breakable.FAULTS, or nothing."""
        (self._folder / "fault").write_text(fault, encoding="utf-8")

    def token(self, subject: str = "alice", **claims: object) -> str:
        """Good until the year 2096 unless `claims` say otherwise."""
        said: dict[str, object] = {
            "iss": ISSUER,
            "aud": "example",
            "sub": subject,
            "client_id": "shop",
            "scope": "items.read items.write",
            "iat": 1_700_000_000,
            "exp": 4_000_000_000,
        }
        return self._key.mint(said | claims)

    def records(self) -> list[dict[str, object]]:
        """All decisions so far."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        """Stop it, if it runs."""
        if self.program is not None:
            self.program.end()
