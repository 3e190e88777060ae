"""What Kong's kit really sent, sent again to a real service, and its answers judged by the rules.

The calls are tests/golden/captures/kong-ping-auth.json, as recorded, but for the credentials: a
minted token stands for `Bearer alice`, our secret for the recorded one. The eleven rules are those
of tests/support/sideband_rules.py (facts/ping.md 1.6).
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deemster.tokens.development_key import DevelopmentKey, load_or_create
from tests.support.sideband_rules import check_sideband_rules

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CAPTURES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "golden" / "captures" / "kong-ping-auth.json").read_text("utf-8")
)
SECRET = "kong-secret-0123456789-0123456789-abcdef"
ISSUER = "https://auth.example.com/items"
PATIENCE = 20.0

SETTINGS = f"""
policies: {{path: policies}}
listeners: {{decisions: {{bind: 127.0.0.1:0}}, management: {{bind: 127.0.0.1:0}}}}
gateways:
  - id: kong
    protocols: [sideband]
    apiServices: [items]
    secrets: [{{id: k1, value: "${{file:secret}}"}}]
tokenProviders:
  - {{id: staff, type: internal, issuer: "{ISSUER}",
     keys: {{insecureDevelopmentKey: key.json}}, directory: people}}
directories:
  - {{id: people, static: {{users: {{alice: {{groups: [buyers]}}}}}}}}
decisionLog: {{sinks: [{{file: {{path: decisions.jsonl}}}}], whenFull: block}}
"""

# /api/items is open to alice; /admin/items exists, and is for others.
ITEMS = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: items}
service:
  baseUrls: ["http://gw.test:51149/"]
  tokenProvider: {type: internal, id: staff}
  audience: items
operations:
  - id: read-item
    match: {methods: [GET], path: "/api/items/{id}"}
    params: {id: {type: int}}
    allow: {scopes: {any: [items.read]}, groups: {any: [buyers]}}
  - id: list-items
    match: {methods: [GET], path: /api/items}
    allow: {scopes: {any: [items.read]}}
  - id: add-item
    match: {methods: [POST], path: /api/items}
    allow: {scopes: {any: [items.write]}}
  - id: administer
    match: {methods: [GET], path: /admin/items}
    allow: {groups: {any: [administrators]}}
"""


@dataclass(frozen=True)
class Leg:
    """One recorded call of the kit, with our credentials in it."""

    case: str
    line: str
    headers: list[tuple[str, str]]
    body: bytes
    client_status: int

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]

    def __str__(self) -> str:
        return f"{self.case} {self.path.rpartition('/')[2]}"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    members: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.members = json.loads(self.body)


class Service:
    """`deemster serve`, and one keep-alive connection to it, as Kong has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key: DevelopmentKey = load_or_create(folder / "key.json")
        self.log = folder / "service.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deemster", "serve", "--config", "deemster.yaml"],
                cwd=folder,
                stderr=log,
            )
        host, _, port = self._address().rpartition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)

    def _address(self) -> str:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and self.process.poll() is None:
            for line in self.log.read_text(encoding="utf-8").splitlines():
                if '"service_started"' in line and line.endswith("}"):
                    return str(json.loads(line)["decisions"])
            time.sleep(0.05)
        raise AssertionError(self.log.read_text(encoding="utf-8"))

    def token(self) -> str:
        now = int(time.time())  # noqa: TID251  the service's own clock is the machine's
        return self.key.mint(
            {
                "iss": ISSUER,
                "aud": "items",
                "sub": "alice",
                "client_id": "shop",
                "scope": "items.read items.write",
                "iat": now,
                "exp": now + 3600,
            }
        )

    def post(self, leg: Leg) -> Answer:
        self.connection.putrequest("POST", leg.path, skip_host=True, skip_accept_encoding=True)
        for name, value in leg.headers:
            self.connection.putheader(name, value)
        self.connection.endheaders(leg.body)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())

    def end(self) -> int:
        self.connection.close()
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("kong")
    (folder / "policies").mkdir()
    (folder / "policies" / "items.yaml").write_text(ITEMS, encoding="utf-8")
    (folder / "deemster.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    running = Service(folder)
    yield running
    assert running.end() == 0


def legs(name: str) -> list[Any]:
    """Parameters: index of the case and of the call in it, for calls to `/sideband/<name>`."""
    return [
        pytest.param(case, call, id=str(CAPTURES[case]["case"]))
        for case, capture in enumerate(CAPTURES)
        for call, asked in enumerate(capture["decision_requests"])
        if asked["line"].split(" ")[1] == f"/sideband/{name}"
    ]


def leg_of(case: int, call: int, token: str) -> Leg:
    recorded = CAPTURES[case]["decision_requests"][call]
    body = recorded["body"].replace("Bearer alice", f"Bearer {token}").encode("utf-8")
    ours = {"content-length": str(len(body)), "client-token": SECRET}
    headers = [(name, ours.get(name.lower(), value)) for name, value in recorded["headers"]]
    status = CAPTURES[case]["client_status"]
    return Leg(CAPTURES[case]["case"], recorded["line"], headers, body, status)


@pytest.mark.parametrize(("case", "call"), legs("request"))
def test_a_recorded_request_is_answered_as_it_was_then_and_by_the_rules(
    service: Service, case: int, call: int
) -> None:
    leg = leg_of(case, call, service.token())
    answer = service.post(leg)
    assert check_sideband_rules(leg.body, answer.status, answer.headers, answer.body) == []
    if leg.client_status == 200:
        # Permitted: what Kong sends on to the upstream is what the client had sent.
        assert "response" not in answer.members
        assert answer.members == json.loads(leg.body)
    else:
        assert int(answer.members["response"]["response_code"]) == leg.client_status


@pytest.mark.parametrize(("case", "call"), legs("response"))
def test_a_recorded_response_leg_is_passed_on_unchanged_and_by_the_rules(
    service: Service, case: int, call: int
) -> None:
    leg = leg_of(case, call, service.token())
    answer = service.post(leg)
    assert check_sideband_rules(leg.body, answer.status, answer.headers, answer.body) == []
    sent = json.loads(leg.body)
    kept = ("response_code", "response_status", "http_version", "headers", "body")
    assert answer.members == {name: sent[name] for name in kept}


def test_the_missing_token_is_told_by_a_challenge_and_the_denied_call_by_its_reason(
    service: Service,
) -> None:
    told = {}
    for case, call in [(asked.values[0], asked.values[1]) for asked in legs("request")]:
        leg = leg_of(case, call, service.token())
        deny = service.post(leg).members.get("response")
        if deny is not None:
            fields = {name: value for entry in deny["headers"] for name, value in entry.items()}
            told[leg.case] = (json.loads(deny["body"])["code"], fields.get("www-authenticate"))
    assert told == {
        "denied": ("group-missing", None),
        "missing-token": ("token-missing", 'Bearer realm="http://gw.test:51149/"'),
    }


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({"CLIENT-TOKEN": "s3cret"}, 401, id="the recorded secret is not ours"),
        pytest.param({"CLIENT-TOKEN": None}, 401, id="no secret"),
    ],
)
@pytest.mark.parametrize("name", ["request", "response"])
def test_a_kong_without_our_secret_gets_an_error_that_obeys_the_rules_and_no_decision(
    service: Service, name: str, changed: dict[str, str | None], status: int
) -> None:
    case, call = legs(name)[0].values
    leg = leg_of(case, call, service.token())
    before = decisions(service)
    headers = [(name, changed.get(name, value)) for name, value in leg.headers]
    spoilt = Leg(
        leg.case, leg.line, [(n, v) for n, v in headers if v is not None], leg.body, status
    )
    answer = service.post(spoilt)
    assert answer.status == status
    assert check_sideband_rules(spoilt.body, answer.status, answer.headers, answer.body) == []
    assert decisions(service) == before


def decisions(service: Service) -> list[str]:
    """Lines of the decision log; under `block` a line is there before its answer."""
    return (service.folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()


def test_every_recorded_call_was_replayed() -> None:
    recorded = sum(len(capture["decision_requests"]) for capture in CAPTURES)
    assert len(legs("request")) + len(legs("response")) == recorded
    assert {capture["case"] for capture in CAPTURES} >= {"allowed", "denied", "missing-token"}
