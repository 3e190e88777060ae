"""Real counterparties: an issuer, a Redis, a PostgreSQL, each stopped and started in the middle.

The service is a process of its own, the issuer is npm's `oidc-provider`.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from deemster.model.clock import SystemClock
from deemster.outgoing.databases import open_engine
from deemster.tokens.jose import SigningKey
from deemster.usercontext.sql_migrations import migrate
from deemster.usercontext.sql_people import Person, put_people, set_enabled
from tests.support.issuer import ORDERS, VAULT, Issuer, issuer
from tests.support.keys import signing_key
from tests.support.parts import Parts
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.processes import Process, running, until
from tests.support.proofs import a_proof, thumbprint
from tests.support.redis import RedisServer, redis_server
from tests.support.scale import scaled
from tests.support.service import SECRET, ServiceFolder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OLD, NEW = signing_key(name="old-issuer-key"), signing_key(name="new-issuer-key")
HOLDER = signing_key(name="holder")

SETTINGS = """
policies: {{path: policies}}
listeners: {{decisions: {{bind: 127.0.0.1:0}}, management: {{bind: 127.0.0.1:0}}}}
gateways:
  - id: kong
    protocols: [sideband]
    apiServices: [orders, vault]
    secrets: [{{id: k1, value: "${{file:kong-secret}}"}}]
tokenProviders:
  - id: staff
    type: internal
    issuer: {issuer}
    keys: {{discovery: true, coolDown: 5s}}
    algorithms: [ES256]
    directory: people
    dpop: {{mode: enabled, nonce: {nonce}}}
    revocation: {{keep: 1h}}
  - id: sealed
    type: internal
    issuer: {issuer}
    directory: people
    introspection:
      url: {issuer}/token/introspection
      allowPrivate: true
      clientId: deemster
      auth: {{clientSecretBasic: "${{file:client-secret}}"}}
      cache: 1s
      negativeCache: 1s
      breaker: {{failures: 3, openFor: 1s}}
directories:
  - {{id: people, cache: 2s, sql: {{url: "{people}"}}}}
shared: {{url: "{redis}", timeout: 500ms}}
revocations: {{refresh: 100ms, maxStale: 2s}}
deadlines: {{decision: 5s, token: 3s, user: 3s}}
decisionLog: {{sinks: [{{file: {{path: decisions.jsonl}}}}], whenFull: drop}}
"""
SERVICE = """
apiVersion: deemster/v1
kind: ApiService
metadata: {{id: {id}}}
service:
  baseUrls: [https://api.example.com/{id}]
  tokenProvider: {{type: internal, id: {provider}}}
  audience: {id}
operations:
  - id: list
    match: {{methods: [GET], path: /}}
    allow: {{scopes: {{any: [orders.read]}}}}
"""


class World:
    """The counterparties, and what a service needs to know of them."""

    def __init__(
        self, folder: Path, issuer: Issuer, redis: RedisServer, postgres: PostgresServer
    ) -> None:
        self.issuer = issuer
        self.redis = redis
        self.postgres = postgres
        self.people = postgres.new_database()
        self._folder = folder
        asyncio.run(self._fill())

    async def _fill(self) -> None:
        engine = open_engine(self.people)
        await migrate(engine)
        await put_people(engine, [Person("alice"), Person("bob")], replace=False)
        await engine.dispose()

    def enable(self, subject: str, *, enabled: bool) -> None:
        """As an operator would."""

        async def change() -> None:
            engine = open_engine(self.people)
            await set_enabled(engine, subject, enabled=enabled)
            await engine.dispose()

        asyncio.run(change())

    def service(self, name: str = "pdp", *, nonce: bool = False) -> ServiceFolder:
        """A folder with settings, secrets and policies."""
        path = self._folder / name
        (path / "policies").mkdir(parents=True)
        settings = SETTINGS.format(
            issuer=self.issuer.url,
            people=self.people,
            redis=self.redis.tcp_url,
            nonce=str(nonce).lower(),
        )
        (path / "deemster.yaml").write_text(settings, encoding="utf-8")
        (path / "kong-secret").write_text(SECRET, encoding="ascii")
        (path / "client-secret").write_text(self.issuer.secret, encoding="ascii")
        for id, provider in (("orders", "staff"), ("vault", "sealed")):
            (path / "policies" / f"{id}.yaml").write_text(
                SERVICE.format(id=id, provider=provider), encoding="utf-8"
            )
        return ServiceFolder(path)


@contextmanager
def a_world(parts: Parts, folder: Path) -> Iterator[World]:
    with ExitStack() as stack:
        (folder / "redis").mkdir()
        yield World(
            folder,
            stack.enter_context(issuer(parts, folder / "issuer", [OLD])),
            stack.enter_context(redis_server(parts, folder / "redis")),
            stack.enter_context(postgres_server(parts)),
        )


@pytest.fixture
def world(parts: Parts, tmp_path: Path) -> Iterator[World]:
    with a_world(parts, tmp_path) as found:
        yield found


def told(
    service: Process, token: str, *, url: str = ORDERS, proof: str | None = None
) -> dict[str, str]:
    """What the client is told: `code`, `permitted` for nothing at all; and header fields."""
    scheme = "Bearer" if proof is None else "DPoP"
    headers = [{"host": "api.example.com"}, {"authorization": f"{scheme} {token}"}]
    if proof is not None:
        headers.append({"dpop": proof})
    answer = service.ask(
        {
            "source_ip": "192.0.2.7",
            "source_port": "4711",
            "method": "GET",
            "url": url,
            "http_version": "1.1",
            "headers": headers,
        }
    )
    assert answer.status_code == 200, answer.text
    if "response" not in answer.json():
        return {"code": "permitted"}
    response = answer.json()["response"]
    fields = {name: value for field in response["headers"] for name, value in field.items()}
    return {**fields, "code": json.loads(response["body"])["code"]}


def code(service: Process, token: str, *, url: str = ORDERS, proof: str | None = None) -> str:
    return told(service, token, url=url, proof=proof)["code"]


def proof_of(token: str, jti: str, *, nonce: str | None = None, url: str = ORDERS) -> str:
    now = int(SystemClock().wall())
    more = {} if nonce is None else {"nonce": nonce}
    return a_proof(token, key=HOLDER, jti=jti, iat=now, htu=url, **more)  # type: ignore[arg-type]


def becomes(service: Process, token: str, wanted: str, *, url: str = ORDERS) -> None:
    until(lambda: code(service, token, url=url) == wanted)


@pytest.mark.catalogue("K1", "K3")
def test_jwts_of_an_issuer_that_rotates_and_goes_away(world: World) -> None:
    with running(world.service()) as service:
        old = world.issuer.token("alice", ORDERS)
        assert code(service, old) == "permitted"
        assert code(service, world.issuer.token("nobody", ORDERS)) == "user-unknown"
        assert code(service, world.issuer.token("alice", VAULT)) == "token-malformed"
        # A key that was not there a moment ago is found at first sight, once a cool-down is over.
        time.sleep(5.1)
        world.issuer.publish(NEW)
        new = world.issuer.token("alice", ORDERS)
        not_seen = world.issuer.token("bob", ORDERS)
        assert code(service, new) == "permitted"
        assert code(service, old) == "token-signature-invalid"
        # Gone in the middle: keys that are known go on, also for tokens at first sight.
        world.issuer.stop()
        assert code(service, new) == "permitted"
        assert code(service, not_seen) == "permitted"
        assert code(service, old) == "token-signature-invalid"
        world.issuer.start()
        assert code(service, world.issuer.token("bob", ORDERS)) == "permitted"
        time.sleep(5.1)
        world.issuer.publish(OLD)
        assert code(service, world.issuer.token("alice", ORDERS)) == "permitted"


@pytest.mark.catalogue("I1", "I3")
def test_opaque_tokens_of_an_issuer_that_revokes_and_goes_away(world: World) -> None:
    with running(world.service()) as service:
        token, other = (world.issuer.token(name, VAULT) for name in ("alice", "bob"))
        assert code(service, token, url=VAULT) == "permitted"
        assert code(service, other, url=VAULT) == "permitted"
        world.issuer.revoke(token)
        becomes(service, token, "token-inactive", url=VAULT)
        world.issuer.stop()
        becomes(service, other, "dependency-unavailable", url=VAULT)
        # Another provider's tokens have nothing to do with it.
        world.issuer.start()
        becomes(service, other, "permitted", url=VAULT)
        assert code(service, token, url=VAULT) == "token-inactive"
        assert code(service, "made-up", url=VAULT) == "token-inactive"


@pytest.mark.catalogue("D3", "D5", "D7")
def test_tokens_that_the_issuer_bound_to_a_key(world: World) -> None:
    with running(world.service(nonce=True)) as service:
        now = int(SystemClock().wall())
        endpoint = f"{world.issuer.url}/token"
        asked = a_proof("-", key=HOLDER, htm="POST", htu=endpoint, ath=..., iat=now)
        answer = world.issuer.client_token(ORDERS, asked)
        assert answer["token_type"] == "DPoP"
        token = str(answer["access_token"])
        refused = told(service, token, proof=proof_of(token, "1"))
        assert refused["code"] == "proof-nonce-required"
        assert 'error="use_dpop_nonce"' in refused["www-authenticate"]
        nonce = refused["dpop-nonce"]
        good = proof_of(token, "2", nonce=nonce)
        assert code(service, token, proof=good) == "permitted"
        assert code(service, token, proof=good) == "proof-invalid"
        assert code(service, token) == "bearer-not-accepted"
        bound = world.issuer.token("alice", ORDERS, thumbprint=thumbprint(HOLDER))
        assert code(service, bound, proof=proof_of(bound, "3", nonce=nonce)) == "permitted"
        assert code(service, bound, proof=proof_of(token, "4", nonce=nonce)) == "proof-invalid"
        # Proofs are judged here: the issuer need not be there.
        world.issuer.stop()
        assert code(service, bound, proof=proof_of(bound, "5", nonce=nonce)) == "permitted"
        assert code(service, bound, proof=proof_of(bound, "5", nonce=nonce)) == "proof-invalid"
        world.issuer.start()
        later = world.issuer.token("bob", ORDERS, thumbprint=thumbprint(HOLDER))
        assert code(service, later, proof=proof_of(later, "6", nonce=nonce)) == "permitted"


@pytest.mark.catalogue("D8", "J20")
def test_two_services_share_what_redis_remembers(world: World) -> None:
    first, second = world.service("first"), world.service("second")
    with running(first) as one, running(second) as two:
        bound = world.issuer.token("alice", ORDERS, thumbprint=thumbprint(HOLDER))
        plain = world.issuer.token("bob", VAULT)
        revocable = world.issuer.token("bob", ORDERS)
        assert code(one, revocable) == "permitted"
        proof = proof_of(bound, "1")
        assert code(one, bound, proof=proof) == "permitted"
        assert code(two, bound, proof=proof) == "proof-invalid"
        world.redis.stop()
        # A proof that nobody can look up is not taken; what needs no memory goes on.
        assert code(one, bound, proof=proof_of(bound, "2")) == "dependency-unavailable"
        assert code(one, plain, url=VAULT) == "permitted"
        # Whether it was revoked nobody can tell once `maxStale` is over.
        becomes(one, revocable, "dependency-unavailable")
        world.redis.start()
        becomes(one, revocable, "permitted")
        until(lambda: code(one, bound, proof=proof_of(bound, str(time.monotonic()))) == "permitted")
        token = world.issuer.token("alice", ORDERS)
        becomes(one, token, "permitted")
        becomes(two, token, "permitted")
        config = str(first.settings_file)
        command = [sys.executable, "-m", "deemster", "revoke", "--config", config]
        subprocess.run(
            [*command, "--provider", "staff", "--sub", "alice"], check=True, capture_output=True
        )
        becomes(one, token, "token-revoked")
        becomes(two, token, "token-revoked")


@pytest.mark.catalogue("I7")
def test_users_of_a_database_that_goes_away(world: World) -> None:
    with running(world.service()) as service:
        alice, bob = (world.issuer.token(name, ORDERS) for name in ("alice", "bob"))
        assert code(service, alice) == "permitted"
        service.wait_for("directory_changes_heard")
        world.enable("alice", enabled=False)
        becomes(service, alice, "user-disabled")
        world.enable("alice", enabled=True)
        becomes(service, alice, "permitted")
        world.postgres.stop()
        becomes(service, alice, "dependency-unavailable")
        assert code(service, bob) == "dependency-unavailable"
        world.postgres.start()
        becomes(service, alice, "permitted")
        becomes(service, bob, "permitted")
        world.enable("bob", enabled=False)
        becomes(service, bob, "user-disabled")


@pytest.mark.catalogue("K1", "J6")
def test_a_flood_of_unknown_keys_is_no_flood_for_the_issuer(world: World) -> None:
    with running(world.service()) as service:
        good = world.issuer.token("alice", ORDERS)
        assert code(service, good) == "permitted"
        # The cool-down of the first fetch is over: the flood may ask at once.
        time.sleep(5.1)
        before = world.issuer.counted("/jwks")
        began = time.monotonic()
        flood = scaled(10_000)
        stranger = SigningKey({**signing_key(name="stranger").private_jwk, "kid": "x"})
        with httpx.Client(trust_env=False) as client:
            url = f"http://{service.decisions[0]}:{service.decisions[1]}/sideband/request"
            for number in range(flood):
                key = SigningKey({**stranger.private_jwk, "kid": f"kid-{number}"})
                token = key.sign(b'{"iss":"x"}', typ="at+jwt")
                answer = client.post(
                    url,
                    json={
                        "source_ip": "192.0.2.7",
                        "source_port": "1",
                        "method": "GET",
                        "url": ORDERS,
                        "http_version": "1.1",
                        "headers": [{"authorization": f"Bearer {token}"}],
                    },
                    headers={"client-token": SECRET},
                )
                assert answer.status_code == 200
                assert "response" in answer.json()
        seconds = time.monotonic() - began
        assert 1 <= world.issuer.counted("/jwks") - before <= seconds / 5.0 + 1
        assert code(service, good) == "permitted"
        service.signal(signal.SIGHUP)
        assert code(service, good) == "permitted"
