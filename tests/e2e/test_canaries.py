"""Secrets planted everywhere that the service sees one come out nowhere that people look.

Tokens, claims, bodies, header fields, query values, settings, users and attributes carry canaries.
Records, service log, standard output, metrics, management answers, refusals, `show-config` and
what is sent to a collector are searched for each of them, plain and in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from tests.support.processes import Process, running
from tests.support.service import ServiceFolder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SECRET = "CANARY-gateway-secret-0123456789-0123456789"
OTHER = "CANARY-other-secret-0123456789-0123456789-ab"
FILES = {
    "kong-secret": SECRET,
    "state-key": "CANARY-state-key-0123456789-0123456789-0123",
    "salt": "CANARY-salt-of-the-log-0123456789",
    "risk-token": "CANARY-risk-bearer-0123456789",
    "risk-key": "CANARY-risk-header-0123456789",
    "log-token": "CANARY-log-bearer-0123456789",
}
SETTINGS = """
policies: {path: policies}
listeners: {decisions: {bind: 127.0.0.1:0}, management: {bind: 127.0.0.1:0}}
gateways:
  - id: kong
    protocols: [sideband, authzen, decision-endpoint, ext-authz-http, nginx, traefik]
    apiServices: [orders, partners]
    asserts: [partner-idp]
    mayNameSubjects: true
    secrets: [{id: k1, value: "${file:kong-secret}"}]
tokenProviders:
  - id: staff
    type: internal
    issuer: https://staff.example.com
    keys: {insecureDevelopmentKey: development-key.json}
    directory: people
  - {id: partner-idp, type: external, claims: asserted}
directories:
  - id: people
    static: {file: people.yaml}
services:
  risk:
    url: http://127.0.0.1:PORT
    allowPrivate: true
    plaintextBehind: mesh
    bearer: "${file:risk-token}"
    headers: {x-key: "${file:risk-key}"}
forwardAuth: {profiles: {nginx: {}, traefik: {}}}
extAuthz: {http: {clientIp: {from: x-forwarded-for, trustedHops: 0}}}
stateKeys: [{id: s1, value: "${file:state-key}"}]
decisionLog:
  sinks:
    - file: {path: decisions.jsonl}
    - stdout: {}
    - otlp:
        url: http://127.0.0.1:PORT/v1/logs
        allowPrivate: true
        plaintextBehind: mesh
        bearer: "${file:log-token}"
        interval: 50ms
  whenFull: drop
  salt: "${file:salt}"
  redact: {subject: digest}
  replay: {claims: [tier], user: [groups], attributes: [level]}
tracing:
  otlp:
    url: http://127.0.0.1:PORT/v1/traces
    allowPrivate: true
    plaintextBehind: mesh
    bearer: "${file:log-token}"
    interval: 50ms
  share: 1
  perSecond: 100000
"""
PEOPLE = """
users:
  alice: {groups: [sales], attributes: {pin: CANARY-user-attribute}}
  eve-of-the-directory: {groups: [sales]}
"""
POLICIES = {
    "orders.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  baseUrls: [https://api.example.com/orders]
  tokenProvider: {type: internal, id: staff}
  audience: orders
schema:
  claims:
    tier: {type: string, optional: true}
    email: {type: string, optional: true}
  user:
    pin: {type: string, optional: true}
attributes:
  level:
    type: int
    source: {http: {service: risk, path: "/level/{claims.tier}", select: "$.level"}}
  secret:
    type: int
    source: {http: {service: risk, path: "/secret/{claims.sub}", select: "$.x"}}
  amount: {type: int, source: {body: "$.amount"}}
operations:
  - id: list
    match: {methods: [GET], path: /}
    allow: {scopes: {any: [orders.read]}, groups: {any: [sales]}}
  - id: mine
    match: {methods: [GET], path: "/mine/{id}"}
    allow:
      when: |
        (has(claims.email) && claims.email == params.id)
        || (has(user.pin) && user.pin == params.id)
  - id: risky
    match: {methods: [GET], path: /risky}
    allow: {when: "attr.level > 3"}
  - id: guarded
    match: {methods: [GET], path: /guarded}
    allow: {when: "attr.secret > 3"}
  - id: pay
    match: {methods: [POST], path: /pay}
    allow: {when: "attr.amount < 10"}
  - id: health
    match: {methods: [GET], path: /health}
    allow: public
""",
    "partners.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: partners}
service:
  baseUrls: [https://api.example.com/partners]
  tokenProvider: {type: external, id: partner-idp}
operations:
  - id: list
    match: {methods: [GET], path: /}
    allow: {when: "'orders.read' in claims.scope"}
""",
}


class Receiver:
    """The risk service and the collector in one: what each was sent, and canaries in answers."""

    def __init__(self) -> None:
        self.collected: list[bytes] = []
        self.traces: list[bytes] = []
        self.asked: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver.asked.append(self.path)
                level = {"level": 5, "note": "allowed by the settings"}
                documents = {"/level/gold": level, "/level/basic": {**level, "level": 1}}
                found = documents.get(self.path, {"x": "CANARY-attribute-of-a-wrong-type"})
                self._answer(json.dumps(found).encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collected = receiver.traces if self.path == "/v1/traces" else receiver.collected
                collected.append(gzip.decompress(body))
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


def a_folder(path: Path, port: int) -> ServiceFolder:
    (path / "policies").mkdir()
    for name, text in POLICIES.items():
        (path / "policies" / name).write_text(text, encoding="utf-8")
    for name, text in FILES.items():
        (path / name).write_text(text + "\n", encoding="utf-8")
    (path / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    (path / "deemster.yaml").write_text(SETTINGS.replace("PORT", str(port)), encoding="utf-8")
    return ServiceFolder(path)


CANARY = b"CANARY"


def in_base64(offset: int) -> bytes:
    """What base64 makes of a canary after so many octets: the characters that are its alone."""
    encoded = base64.b64encode(bytes(offset) + CANARY)
    return encoded[-(-offset * 8 // 6) : (offset + len(CANARY)) * 8 // 6]


FORMS = (CANARY, *(in_base64(offset) for offset in range(3)))


def hits(text: bytes) -> list[bytes]:
    """A piece of the text around each form that is in it."""
    return sorted(
        text[max(0, text.index(form) - 60) : text.index(form) + 40]
        for form in FORMS
        if form in text
    )


def sideband(url: str, *headers: tuple[str, str], **members: object) -> dict[str, object]:
    return {
        "source_ip": "192.0.2.7",
        "source_port": "4711",
        "method": "GET",
        "url": url,
        "http_version": "1.1",
        "headers": [{name: value} for name, value in (("host", "api.example.com"), *headers)],
        **members,
    }


class Calls:
    """Asks in every way, and keeps what was refused or denied: those are read by people."""

    def __init__(self, process: Process, folder: ServiceFolder) -> None:
        self.base = f"http://{process.decisions[0]}:{process.decisions[1]}"
        self.client = httpx.Client(trust_env=False)
        self.token = folder.token(
            sub="eve-of-the-directory",
            jti="CANARY-jti",
            email="CANARY-email@example.com",
            tier="gold",
        )
        self.alice = folder.token(email="CANARY-email@example.com", tier="basic", phone="CANARY-1")
        self.answers: list[tuple[str, httpx.Response]] = []

    def post(
        self, path: str, body: object, *, secret: str = SECRET, **headers: str
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"client-token": secret, "content-type": "application/json", **headers}
        return self._kept(path, self.client.post(self.base + path, content=content, headers=told))

    def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        told = {"client-token": SECRET, **headers}
        return self._kept(path, self.client.get(self.base + path, headers=told))

    def _kept(self, path: str, answer: httpx.Response) -> httpx.Response:
        self.answers.append((path, answer))
        return answer


def ask_everything(calls: Calls) -> None:
    """A call of every protocol with canaries in every place, well-formed and not."""
    base = "https://api.example.com/orders"
    tokens = [calls.token, calls.alice, calls.token[:-9] + "CANARYsig", "CANARY.e30.CANARY"]
    tokens += ["CANARY-opaque", base64.urlsafe_b64encode(b'{"CANARY-x":1}').decode() + ".e30.x"]
    targets = ["", "?q=CANARY-query", "/mine/other", "/risky", "/guarded", "/nothing/here"]
    targets += ["?CANARY-whole-part", "#CANARY-fragment", "/%ZZ?x=CANARY-q", "/health?t=CANARY-t"]
    cookie = ("cookie", "session=CANARY-cookie")
    for token in tokens:
        bearer = ("authorization", f"Bearer {token}")
        traced = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-CANARY")
        for target in targets:
            body = sideband(base + target, bearer, cookie, traced, ("x-note", "CANARY-header"))
            calls.post("/sideband/request", body)
        calls.post(
            "/sideband/request", sideband("https://u:CANARY-pw@api.example.com/orders", bearer)
        )
        pay = '{"amount": 5, "card": "CANARY-card"}'
        for content in (pay, pay[:-1], '"CANARY-text"', '{"amount": "CANARY-amount"}'):
            fields = [bearer, ("content-type", "application/json")]
            fields.append(("content-length", str(len(content))))
            body = sideband(base + "/pay", *fields, body=content, method="POST")
            calls.post("/sideband/request", body)
        for profile in ("nginx", "traefik"):
            said = {
                "authorization": f"Bearer {token}",
                "x-original-method": "GET",
                "x-original-uri": "/orders?q=CANARY-query",
                "x-forwarded-method": "GET",
                "x-forwarded-uri": "/orders?q=CANARY-query",
                "x-forwarded-proto": "https",
                "x-forwarded-host": "api.example.com",
                "cookie": "session=CANARY-cookie",
            }
            calls.get(f"/forward-auth/{profile}", said)
            calls.get(f"/forward-auth/{profile}", {**said, "x-forwarded-proto": "CANARY"})
        said = {"authorization": f"Bearer {token}", "x-forwarded-proto": "https"}
        calls.get("/ext-authz/http/orders?q=CANARY-q", {**said, "host": "api.example.com"})
        subject = {"type": "user", "id": "alice", "properties": {"token": token, "x": "CANARY-p"}}
        question = {
            "subject": subject,
            "action": {"name": "GET", "properties": {"x": "CANARY-action"}},
            "resource": {"type": "uri", "id": base + "?q=CANARY-q", "properties": {"x": "CANARY"}},
            "context": {"x": "CANARY-context"},
        }
        calls.post("/access/v1/evaluation", question)
        calls.post("/access/v1/evaluations", {**question, "evaluations": [{}, {"x": "CANARY"}]})
        parameters = {
            "HttpRequest.RequestHeaders": {"authorization": [f"Bearer {token}"]},
            "HttpRequest.RequestURI": base + "?q=CANARY-q",
            "HttpRequest.RequestMethod": "GET",
            "CANARY-parameter": "CANARY-value",
        }
        path = "/v1/environments/local/decisionEndpoints/orders"
        calls.post(path, {"parameters": parameters, "userContext": {"user": {"id": "CANARY-u"}}})
    claims = {"sub": "CANARY-partner", "scope": "orders.read", "email": "CANARY@example.com"}
    for asserted in (
        claims,
        {**claims, "scope": "x"},
        {**claims, "exp": 5},
        {"aud": "CANARY"},
        [1],
    ):
        body = sideband("https://api.example.com/partners", access_token=asserted)
        calls.post("/sideband/request", body)
        calls.post("/sideband/request", sideband(base, access_token=asserted))
    for path in ("/sideband/request", "/access/v1/evaluation", "/sideband/response"):
        calls.post(path, b'{"CANARY-broken": ')
        calls.post(path, b"\xff\xfeCANARY")
        calls.post(path, {"CANARY-member": "CANARY", "method": ["CANARY"], "state": "CANARY-s"})
        calls.post(path, b'"CANARY-text"')
        calls.post(path, sideband(base), secret=OTHER)
        calls.post(path, {"x": "CANARY" * 300_000})
        calls.post(path, {}, **{"content-type": "text/CANARY"})
    state = {"state": "CANARY.CANARY.CANARY", "response": {"code": "200", "headers": []}}
    calls.post("/sideband/response", {**sideband(base), **state, "response_code": "200"})
    calls.post("/v1/environments/CANARY/decisionEndpoints/CANARY", {"parameters": {}})
    calls.post("/sideband/CANARY?x=CANARY-q", {})


def told_to_strangers(path: str, answer: httpx.Response) -> bytes:
    """What a denied caller, or a gateway that asked wrongly, is told.

    A permit is the gateway's alone, and holds what the protocol wants in it; of the sideband's
    answers only `response` goes on to the caller, beside the call itself.
    """
    head = "\n".join([f"{name}: {value}" for name, value in answer.headers.items()]).encode()
    if answer.status_code != 200:
        return head + answer.content
    if path.startswith(("/forward-auth", "/ext-authz")):
        return b""
    if path == "/sideband/request":
        return head + json.dumps(answer.json().get("response")).encode()
    return head + answer.content


def test_no_secret_comes_out_anywhere(tmp_path: Path, figure: Callable[[str], None]) -> None:
    with a_receiver() as receiver:
        folder = a_folder(tmp_path, receiver.port)
        stdout = (tmp_path / "stdout").open("wb")
        with stdout, running(folder, stdout=stdout.fileno()) as process:
            calls = Calls(process, folder)
            ask_everything(calls)
            process.signal(1)
            pages = ["/metrics", "/ready", "/version", "/openapi.json", "/CANARY-page?x=CANARY"]
            managed = [process.manage(page).content for page in pages]
            calls.client.close()
        config = CliRunner().invoke(app, ["show-config", "--config", str(folder.settings_file)])
        as_json = CliRunner().invoke(
            app, ["show-config", "--config", str(folder.settings_file), "--format", "json"]
        )
    log = folder.log_file.read_bytes()
    reasons = {json.loads(line)["reason"] for line in log.splitlines()}
    searched: dict[str, bytes] = {
        "records": log,
        "standard output": (tmp_path / "stdout").read_bytes(),
        "service log": json.dumps(process.events).encode(),
        "management": b"\n".join(managed),
        "show-config": (config.stdout + config.stderr + as_json.stdout).encode(),
        "collector of logs": b"\n".join(receiver.collected),
        "collector of traces": b"\n".join(receiver.traces),
        "refusals": b"\n".join([told_to_strangers(*one) for one in calls.answers]),
    }
    # Otherwise nothing was looked at.
    assert config.exit_code == as_json.exit_code == 0
    assert all(len(text) > 500 for text in searched.values()), {
        name: len(text) for name, text in searched.items()
    }
    assert len(receiver.collected) > 1
    assert any("/level/gold" in asked for asked in receiver.asked)
    wanted = {"permitted", "token-malformed", "token-signature-invalid", "attribute-missing"}
    wanted |= {"policy-denied", "no-operation", "ambiguous-path"}
    assert wanted - reasons == set()
    found = {name: hits(text) for name, text in searched.items() if hits(text)}
    assert found == {}
    # The settings say that the log names nobody.
    assert not [
        name
        for name in ("records", "collector of logs", "collector of traces")
        if b"eve-of" in searched[name]
    ]
    size = sum(map(len, searched.values()))
    figure(
        f"{len(calls.answers)} calls with canaries, {len(log.splitlines())} records, "
        f"{len(reasons)} reasons, {size / 1e6:.1f} MB searched in {len(searched)} places: 0 hits"
    )


def test_the_search_finds_a_canary_in_each_form() -> None:
    for prefix in ("", "a", "ab", "abc"):
        text = f"{prefix}CANARY-secret-of-some-length"
        assert hits(text.encode())
        assert hits(base64.b64encode(text.encode()))
        assert hits(base64.urlsafe_b64encode(text.encode()))
    assert not hits(b"canary CANAR eyJhbGciOiJFUzI1NiJ9")
