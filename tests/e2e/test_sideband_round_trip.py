"""One call over two processes: the request leg asked of one, the response leg of the other.

They share the state key and nothing else; `pytest -s` prints what was said.
"""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deemster.tokens.development_key import load_or_create
from tests.support.sideband_rules import check_sideband_rules

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PATIENCE = 20.0
SECRET = "kong-secret-0123456789-0123456789-abcdef"
OLD_KEY, NEW_KEY = "old-state-key-" * 3, "new-state-key-" * 3
ISSUER = "https://auth.example.com/people"
URL = "https://api.example.com:443/people/7?debug=1"

SETTINGS = f"""
policies: {{path: policies}}
listeners: {{decisions: {{bind: 127.0.0.1:0}}, management: {{bind: 127.0.0.1:0}}}}
gateways:
  - {{id: kong, protocols: [sideband], apiServices: [people],
     secrets: [{{id: k1, value: "${{file:secret}}"}}]}}
tokenProviders:
  - {{id: staff, type: internal, issuer: "{ISSUER}",
     keys: {{insecureDevelopmentKey: key.json}}, directory: people}}
directories:
  - {{id: people, static: {{users: {{alice: {{groups: [staff]}}, bob: {{groups: [staff]}}}}}}}}
decisionLog: {{sinks: [{{file: {{path: decisions.jsonl}}}}], whenFull: block}}
"""
STATE_KEYS = """
stateKeys:
  - {id: s1, value: "${file:state-key-1}"}
  - {id: s2, value: "${file:state-key-2}"}
"""
# Everybody may read a person but for the bank account; only HR may read what HR has flagged.
PEOPLE = """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: people}
service:
  baseUrls: [https://api.example.com/people]
  tokenProvider: {type: internal, id: staff}
  audience: people
schema:
  claims: {dept: {type: string}}
attributes: {flagged: {type: bool, default: false, source: {body: "$.flagged"}}}
statements:
  mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, payload: ["$.iban"]}
  who:
    {code: modify-headers, appliesTo: permit, obligatory: true, payload: {x-user: "${claims.sub}"}}
  plain: {code: modify-query, appliesTo: permit, obligatory: true, payload: {debug: null}}
operations:
  - id: read
    match: {methods: [GET], path: "/{id}"}
    allow: authenticated
    attach: [mask, who, plain]
    response:
      policies:
        - id: flagged
          combiningAlgorithm: deny-overrides
          rules:
            - id: only-hr
              effect: deny
              when: "attr.flagged && claims.dept != 'hr'"
              deniedReason: {code: people.flagged, message: "HR only."}
  - id: ping
    match: {methods: [GET], path: /ping}
    allow: public
"""


@dataclass
class Process:
    """`deemster serve` in a folder of its own."""

    folder: Path
    events: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = self.folder / "service.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deemster", "serve", "--config", "deemster.yaml"],
                cwd=self.folder,
                stderr=log,
            )
        self.address = str(self.wait_for("service_started")["decisions"])

    def wait_for(self, event: str, number: int = 1) -> dict[str, object]:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and self.process.poll() is None:
            found = [line for line in self.said() if line["event"] == event]
            if len(found) >= number:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError(self.log.read_text(encoding="utf-8"))

    def said(self) -> list[dict[str, object]]:
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def ask(self, leg: str, members: dict[str, object], **rules: bool) -> dict[str, object]:
        host, _, port = self.address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        body = json.dumps(members).encode()
        fields = {"CLIENT-TOKEN": SECRET, "Content-Type": "application/json"}
        connection.request("POST", f"/sideband/{leg}", body, fields)
        answer = connection.getresponse()
        text, headers = answer.read(), answer.getheaders()
        connection.close()
        assert check_sideband_rules(body, answer.status, headers, text, **rules) == []
        found = json.loads(text)
        assert isinstance(found, dict)
        sys.stdout.write(
            f"\n{self.folder.name} /sideband/{leg} {shortened(members)}\n"
            f"  {answer.status} {shortened(found)}\n"
        )
        return found

    def records(self) -> list[dict[str, object]]:
        lines = (self.folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def reload(self) -> None:
        before = sum(line["event"] == "policies_loaded" for line in self.said())
        self.process.send_signal(signal.SIGHUP)
        self.wait_for("policies_loaded", before + 1)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0


def shortened(members: dict[str, object]) -> str:
    """What people can read on one line."""
    shown = dict(members)
    request = shown.get("request")
    if isinstance(request, dict):
        shown["request"] = "…"
    state = shown.get("state")
    if isinstance(state, str) and len(state) > 40:
        shown["state"] = f"{state[:24]}… ({len(state)} characters)"
    headers = shown.get("headers")
    if isinstance(headers, list):
        shown["headers"] = [
            {name: f"{value[:16]}…" if name == "authorization" else value}
            for entry in headers
            for name, value in entry.items()
        ]
    return json.dumps(shown, ensure_ascii=False)


Made = Callable[..., Process]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Makes processes with the same policies, users and development key."""
    key = load_or_create(tmp_path / "key.json")
    assert key is not None
    running: list[Process] = []

    def make(name: str, *keys: str) -> Process:
        folder = tmp_path / name
        (folder / "policies").mkdir(parents=True)
        (folder / "policies" / "people.yaml").write_text(PEOPLE, encoding="utf-8")
        (folder / "deemster.yaml").write_text(
            SETTINGS + (STATE_KEYS if keys else ""), encoding="utf-8"
        )
        (folder / "secret").write_text(SECRET, encoding="utf-8")
        (folder / "key.json").write_bytes((tmp_path / "key.json").read_bytes())
        (folder / "key.json").chmod(0o600)
        for number, text in enumerate(keys, 1):
            (folder / f"state-key-{number}").write_text(text, encoding="utf-8")
        process = Process(folder)
        running.append(process)
        return process

    yield make
    for process in running:
        process.end()


def a_token(tmp_path: Path, dept: str) -> str:
    now = int(time.time())  # noqa: TID251  the service's own clock is the machine's
    claims = {"iss": ISSUER, "aud": "people", "sub": "alice", "iat": now, "exp": now + 3600}
    return load_or_create(tmp_path / "key.json").mint({**claims, "dept": dept})


def asked(process: Process, token: str, url: str = URL) -> dict[str, object]:
    """As Kong's kit asks before it forwards a call."""
    headers = [
        {"authorization": f"Bearer {token}"},
        {"x-user": "root"},
        {"host": "api.example.com"},
    ]
    members: dict[str, object] = {
        "source_ip": "203.0.113.7",
        "source_port": "34060",
        "method": "GET",
        "url": url,
        "http_version": "1.1",
        "headers": headers,
        "body": "",
    }
    return process.ask("request", members, changed=True)


def shown(
    process: Process, permitted: dict[str, object], body: str, **rules: bool
) -> dict[str, object]:
    """As Kong's kit shows what the upstream answered."""
    members: dict[str, object] = {
        "method": "GET",
        "url": permitted["url"],
        "http_version": "1.1",
        "response_code": "200",
        "response_status": "OK",
        "headers": [{"content-type": "application/json"}, {"content-length": str(len(body))}],
        "body": body,
    }
    if "state" in permitted:
        members["state"] = permitted["state"]
    else:
        members["request"] = {n: v for n, v in permitted.items() if n != "state"}
    return process.ask("response", members, **rules)


PERSON = '{"id":7,"name":"Ada","iban":"DE89370400440532013000"}'
FLAGGED = '{"id":7,"name":"Ada","iban":"DE89370400440532013000","flagged":true}'


def told(answer: dict[str, object]) -> tuple[str, str]:
    return str(answer["response_code"]), json.loads(str(answer["body"])).get("code", "passed")


def test_the_request_is_asked_of_one_process_and_its_answer_of_another(
    made: Made, tmp_path: Path
) -> None:
    north, south = made("north", NEW_KEY, OLD_KEY), made("south", NEW_KEY, OLD_KEY)
    permitted = asked(north, a_token(tmp_path, "sales"))
    assert permitted["url"] == "https://api.example.com:443/people/7"
    assert permitted["headers"][1:] == [{"host": "api.example.com"}, {"x-user": "alice"}]  # type: ignore[index]

    answer = shown(south, permitted, PERSON, changed=True)
    assert answer["body"] == '{"id":7,"name":"Ada"}'
    assert {"content-length": "21"} in answer["headers"]  # type: ignore[operator]
    assert told(shown(south, permitted, FLAGGED, replaced=True)) == ("403", "people.flagged")
    for_hr = asked(north, a_token(tmp_path, "hr"))
    assert shown(south, for_hr, FLAGGED, changed=True)["body"] == (
        '{"id":7,"name":"Ada","flagged":true}'
    )

    first, *answers = [*north.records()[:1], *south.records()]
    assert {record["subject"] for record in answers} == {"alice"}
    assert [record["gateway_request_id"] for record in answers[:2]] == [first["decision_id"]] * 2
    assert "DE89" not in json.dumps(answers)
    assert not [line for line in north.said() if line["event"] == "state_keys_missing"]


def test_where_no_statement_and_no_policy_is_due_there_is_no_state(
    made: Made, tmp_path: Path
) -> None:
    north, south = made("north", NEW_KEY, OLD_KEY), made("south", NEW_KEY, OLD_KEY)
    permitted = asked(north, a_token(tmp_path, "sales"), "https://api.example.com/people/ping")
    assert "state" not in permitted
    assert shown(south, permitted, "[]")["body"] == "[]"
    assert south.records() == []


def test_keys_are_rotated_on_sighup_without_losing_a_call(made: Made, tmp_path: Path) -> None:
    north, south = made("north", OLD_KEY, NEW_KEY), made("south", OLD_KEY, NEW_KEY)
    before = asked(north, a_token(tmp_path, "sales"))
    for process in (north, south):
        (process.folder / "state-key-1").write_text(NEW_KEY, encoding="utf-8")
        (process.folder / "state-key-2").write_text(OLD_KEY, encoding="utf-8")
    north.reload()
    after = asked(north, a_token(tmp_path, "sales"))
    for process in (north, south):
        for permitted in (before, after):
            answer = shown(process, permitted, PERSON, changed=True)
            assert answer["body"] == '{"id":7,"name":"Ada"}'
    south.reload()
    (south.folder / "state-key-2").write_text("no-other-key-" * 3, encoding="utf-8")
    south.reload()
    assert shown(south, after, PERSON, changed=True)["body"] == '{"id":7,"name":"Ada"}'
    assert told(shown(south, before, PERSON, replaced=True)) == ("403", "state-rejected")

    (north.folder / "state-key-1").write_text("short", encoding="utf-8")
    north.process.send_signal(signal.SIGHUP)
    assert "fewer than 32" in str(north.wait_for("reload_refused")["reason"])
    assert shown(north, after, PERSON, changed=True)["body"] == '{"id":7,"name":"Ada"}'


def test_without_state_keys_a_process_knows_its_own_calls_and_says_what_is_missing(
    made: Made, tmp_path: Path
) -> None:
    north, south = made("north"), made("south")
    assert north.wait_for("state_keys_missing")["api_services"] == ["people"]
    permitted = asked(north, a_token(tmp_path, "sales"))
    assert shown(north, permitted, PERSON, changed=True)["body"] == '{"id":7,"name":"Ada"}'
    assert told(shown(south, permitted, PERSON, replaced=True)) == ("403", "state-rejected")
