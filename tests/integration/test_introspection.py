"""Opaque tokens through the whole service, with an endpoint on loopback that is real."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from deemster.app import Application, build_application
from deemster.cli.main import app as command
from deemster.settings.staleness import staleness_of
from deemster.telemetry.service_log import build_service_log
from deemster.tokens.client_authentication import ClientSecretBasic
from tests.support.certificates import Authority
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.introspection import FAULTS, OPAQUE, FaultyEndpoint, a_faulty_endpoint
from tests.support.parts import Parts
from tests.support.redis import RedisServer, redis_server
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder

CLIENT_SECRET = "client secret: 0123456789"


def answer_for(changes: Mapping[str, object] | None = None) -> dict[str, object]:
    return {
        "active": True,
        "sub": "alice",
        "aud": "orders",
        "client_id": "shop",
        "scope": "orders.read",
        "exp": FROZEN_AT + 3600,
        **(changes or {}),
    }


def a_folder(
    path: Path, endpoint: FaultyEndpoint, *, more: str = "", url: str = ""
) -> ServiceFolder:
    folder = a_service_folder(path)
    (path / "client-secret").write_text(CLIENT_SECRET + "\n", encoding="utf-8")
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace(
        "    keys: {insecureDevelopmentKey: development-key.json}\n",
        "    introspection:\n"
        f"      {url or f'url: {endpoint.url}'}\n"
        "      clientId: deemster\n"
        "      allowPrivate: true\n"
        f"      timeout: 200ms\n{more or AUTH}",
    )
    folder.settings_file.write_text(text, encoding="utf-8")
    return folder


URL = "https://api.example.com/orders"
AUTH = '      auth: {clientSecretBasic: "${file:client-secret}"}\n'
SUITE = """
apiVersion: deemster/v1
kind: PolicyTest
metadata: {id: orders}
service: orders
users:
  alice: {groups: [sales]}
tokens:
  alice: {sub: alice, scope: orders.read}
cases:
  - name: who has the scope reads
    token: alice
    request: {method: GET, url: "https://api.example.com/orders"}
    expect: {decision: permit, operation: list}
"""


class Service:
    def __init__(self, app: Application, clock: FrozenClock, log: io.StringIO) -> None:
        self.app = app
        self.clock = clock
        self.log = log

    async def ask(self, token: str) -> httpx.Response:
        """What the gateway is told."""
        transport = httpx.ASGITransport(self.app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            return await client.post(
                "/sideband/request", headers={"client-token": SECRET}, json=a_call(token)
            )

    async def outcome(self, token: str = OPAQUE) -> tuple[str, str]:
        """(status, code) of a deny; ("", "permit") otherwise."""
        answer = (await self.ask(token)).json()
        if "response" not in answer:
            return "", "permit"
        response = answer["response"]
        return response["response_code"], httpx.Response(200, content=response["body"]).json()[
            "code"
        ]

    async def forwarded(self, token: str) -> tuple[str | None, str]:
        """(user that the upstream is told of, code) where Traefik asks."""
        headers = {
            "client-token": SECRET,
            "authorization": f"Bearer {token}",
            "x-forwarded-proto": "https",
            "x-forwarded-method": "GET",
            "x-forwarded-host": "api.example.com",
            "x-forwarded-uri": "/orders",
        }
        transport = httpx.ASGITransport(self.app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            answer = await client.get("/forward-auth/traefik", headers=headers)
        if answer.status_code == 200:
            return answer.headers["x-auth-user"], "permit"
        return answer.headers.get("x-auth-user"), answer.json()["code"]

    async def figures(self) -> str:
        transport = httpx.ASGITransport(self.app.management)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            return (await client.get("/metrics")).text


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[Service]:
    clock, written = FrozenClock(), io.StringIO()
    app = build_application(folder.settings(), clock=clock, log=build_service_log(written, clock))
    try:
        await app.startup()
        yield Service(app, clock, written)
    finally:
        await app.shutdown(5.0)


async def test_an_active_token_is_permitted_what_its_user_may(tmp_path: Path) -> None:
    async with (
        a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint,
        running(a_folder(tmp_path, endpoint)) as service,
    ):
        assert await service.outcome() == ("", "permit")
        assert await service.outcome() == ("", "permit")
    (asked,) = endpoint.asked
    assert asked.form == {"token": OPAQUE, "token_type_hint": "access_token"}
    assert asked.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"active": False}, ("401", "token-inactive")),
        ({"active": "true"}, ("401", "token-inactive")),
        ({"aud": "invoices"}, ("401", "token-audience-mismatch")),
        ({"iss": "https://other.example.com"}, ("401", "token-issuer-unknown")),
        ({"exp": FROZEN_AT - 60}, ("401", "token-expired")),
        ({"sub": "nobody"}, ("403", "user-unknown")),
        ({"scope": ""}, ("403", "scope-missing")),
        ({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
         ("401", "bearer-not-accepted")),
    ],
)  # fmt: skip
async def test_other_tokens_are_denied(
    tmp_path: Path, changes: dict[str, object], expected: tuple[str, str]
) -> None:
    async with (
        a_faulty_endpoint({OPAQUE: answer_for(changes)}) as endpoint,
        running(a_folder(tmp_path, endpoint)) as service,
    ):
        assert await service.outcome() == expected


@pytest.mark.catalogue("I2", "I3", "I4")
@pytest.mark.parametrize("fault", FAULTS)
async def test_an_endpoint_that_fails_permits_nobody(tmp_path: Path, fault: str) -> None:
    async with (
        a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint,
        running(a_folder(tmp_path, endpoint)) as service,
    ):
        endpoint.fault = fault
        status, code = await service.outcome()
        assert (status, code) == ("503", "dependency-unavailable")
        endpoint.fault = None
        assert await service.outcome() == ("", "permit")
    # No redirect was followed: our credentials went nowhere else.
    assert {asked.target for asked in endpoint.asked} == {"/introspect"}


@pytest.mark.catalogue("I3")
async def test_an_endpoint_that_is_gone_permits_nobody_but_who_is_known(tmp_path: Path) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        folder = a_folder(tmp_path, endpoint)
        async with running(folder) as service:
            assert await service.outcome() == ("", "permit")
            endpoint.fault = "error"
            assert await service.outcome() == ("", "permit")
            assert await service.outcome("another") == ("503", "dependency-unavailable")
            service.clock.advance(30)
            assert await service.outcome() == ("503", "dependency-unavailable")


@pytest.mark.catalogue("I1")
@pytest.mark.parametrize("fault", [None, "error"])
async def test_a_revoked_token_is_denied_after_what_show_config_says(
    tmp_path: Path, fault: str | None
) -> None:
    """The row of `show-config --staleness`, driven over its bound."""
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        folder = a_folder(tmp_path, endpoint)
        (bound,) = [
            bound
            for bound in staleness_of(folder.settings())
            if bound.what == "a token that its issuer revoked"
        ]
        assert bound.seconds == bound.in_outage == 30
        async with running(folder) as service:
            assert await service.outcome() == ("", "permit")
            del endpoint.answers[OPAQUE]
            endpoint.fault = fault
            service.clock.advance(bound.seconds - 0.001)
            assert await service.outcome() == ("", "permit")
            service.clock.advance(0.001)
            denied = {None: ("401", "token-inactive"), "error": ("503", "dependency-unavailable")}
            assert await service.outcome() == denied[fault]


@pytest.mark.catalogue("I4")
async def test_neither_token_nor_secret_is_in_a_log_or_a_record(tmp_path: Path) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        folder = a_folder(tmp_path, endpoint)
        async with running(folder) as service:
            for fault in (None, "error", "unauthorized", "cut-json"):
                endpoint.fault = fault
                await service.outcome()
                await service.outcome("another-opaque-token")
                service.clock.advance(60)
            figures = await service.figures()
        sent = endpoint.asked[0].headers["authorization"].removeprefix("Basic ")
    written = service.log.getvalue() + folder.log_file.read_text(encoding="utf-8") + figures
    for secret in (OPAQUE, "another-opaque-token", CLIENT_SECRET, sent):
        assert secret not in written


async def test_a_new_client_secret_is_taken_by_a_reload(tmp_path: Path) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        folder = a_folder(tmp_path, endpoint)
        async with running(folder) as service:
            fresh = "next secret"
            endpoint.secret = ClientSecretBasic("deemster", fresh).proof().headers["authorization"]
            assert await service.outcome() == ("503", "dependency-unavailable")
            (tmp_path / "client-secret").write_text(fresh, encoding="utf-8")
            assert await service.app.reload()
            assert await service.outcome() == ("", "permit")


async def test_a_reload_without_a_usable_secret_changes_nothing(tmp_path: Path) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        folder = a_folder(tmp_path, endpoint)
        async with running(folder) as service:
            (tmp_path / "client-secret").unlink()
            assert not await service.app.reload()
            assert await service.outcome() == ("", "permit")


async def test_figures_tell_how_questions_ended(tmp_path: Path) -> None:
    async with (
        a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint,
        running(a_folder(tmp_path, endpoint)) as service,
    ):
        await service.outcome()
        await service.outcome("another")
        endpoint.fault = "error"
        for number in range(6):
            await service.outcome(f"token-{number}")
        figures = await service.figures()
    for line in (
        'deemster_introspections_total{outcome="active",provider="staff"} 1.0',
        'deemster_introspections_total{outcome="refused",provider="staff"} 1.0',
        'deemster_introspections_total{outcome="failed",provider="staff"} 5.0',
        'deemster_introspections_total{outcome="held-back",provider="staff"} 1.0',
        "deemster_introspection_circuits_open 1.0",
    ):
        assert line in figures


async def test_the_endpoint_may_be_found_by_discovery(tmp_path: Path) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        endpoint.metadata = {"issuer": endpoint.issuer, "introspection_endpoint": endpoint.url}
        folder = a_folder(tmp_path, endpoint, url="discovery: true")
        text = folder.settings_file.read_text(encoding="utf-8")
        text = text.replace("https://staff.example.com", endpoint.issuer)
        folder.settings_file.write_text(text, encoding="utf-8")
        async with running(folder) as service:
            assert await service.outcome() == ("", "permit")
    assert [asked.target for asked in endpoint.asked] == [
        "/.well-known/openid-configuration",
        "/introspect",
    ]


async def test_an_assertion_signed_by_a_key_in_a_file_proves_us(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "client.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    auth = "      auth: {privateKeyJwt: {key: client.pem, algorithm: ES256, kid: k1}}\n"
    async with (
        a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint,
        running(a_folder(tmp_path, endpoint, more=auth)) as service,
    ):
        assert await service.outcome() == ("", "permit")
        assert await service.app.reload()
    (asked,) = endpoint.asked
    assert asked.form["client_assertion"].count(".") == 2
    assert "authorization" not in asked.headers


async def test_a_certificate_proves_us_and_a_reload_takes_the_next(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "as-ca")
    server = authority.serve_as("auth")
    ours, next_one = authority.issue("deemster"), authority.issue("deemster-next")
    first, second = ours.certificate.read_text("utf-8"), next_one.certificate.read_text("utf-8")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(server.certificate, server.key)
    auth = (
        f"      ca: {authority.file}\n"
        f"      auth: {{mtls: {{certificate: {ours.certificate}, key: {ours.key}}}}}\n"
    )
    async with a_faulty_endpoint({OPAQUE: answer_for()}, tls=context) as endpoint:
        url = f"url: https://127.0.0.1:{endpoint.port}/introspect"
        async with running(a_folder(tmp_path, endpoint, more=auth, url=url)) as service:
            assert await service.outcome() == ("", "permit")
            ours.certificate.write_text("no certificate", encoding="utf-8")
            assert not await service.app.reload()
            ours.certificate.write_text(second, encoding="utf-8")
            ours.key.write_text(next_one.key.read_text("utf-8"), encoding="utf-8")
            assert await service.app.reload()
            # The connection that there is ends, and the next one shows the new certificate.
            endpoint.fault = "cut"
            assert await service.outcome("another") == ("503", "dependency-unavailable")
            endpoint.fault = None
            service.clock.advance(30)
            assert await service.outcome() == ("", "permit")
    assert {asked.form["client_id"] for asked in endpoint.asked} == {"deemster"}
    shown = list(dict.fromkeys(endpoint.certificates))
    assert shown == [ssl.PEM_cert_to_DER_cert(text) for text in (first, second)]


async def test_fifty_callers_at_a_time_ask_once(tmp_path: Path) -> None:
    async with (
        a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint,
        running(a_folder(tmp_path, endpoint)) as service,
    ):
        found = await asyncio.gather(*[service.outcome() for _ in range(50)])
    assert set(found) == {("", "permit")}
    assert len(endpoint.asked) == 1


@pytest.mark.catalogue("I6")
async def test_two_hundred_users_at_a_time_get_their_own_answers_and_errors(tmp_path: Path) -> None:
    """Each answer is tagged: by the user's name in a header, or by whose error it is."""
    names = [f"user-{number}" for number in range(200)]
    errors: list[tuple[dict[str, object], str]] = [
        ({}, "permit"),
        ({"scope": ""}, "scope-missing"),
        ({"active": False}, "token-inactive"),
        ({"aud": "invoices"}, "token-audience-mismatch"),
        ({"sub": "nobody"}, "user-unknown"),
        ({"iss": "https://other.example.com"}, "token-issuer-unknown"),
    ]
    wanted = {name: errors[number % len(errors)] for number, name in enumerate(names)}
    answers = {
        f"token-{name}": answer_for({"sub": name, **changes})
        for name, (changes, _) in wanted.items()
    }
    async with a_faulty_endpoint(answers) as endpoint:
        folder = a_folder(tmp_path, endpoint, more=f"      concurrency: 200\n{AUTH}")
        text = folder.settings_file.read_text(encoding="utf-8")
        users = ", ".join(f"{name}: {{groups: [sales]}}" for name in names)
        text = text.replace("protocols: [sideband]", "protocols: [traefik]")
        text = text.replace("timeout: 200ms", "timeout: 10s")
        text = text.replace("users: {alice: {groups: [sales]},", f"users: {{{users},")
        text += "deadlines: {decision: 10s, token: 10s}\n"
        folder.settings_file.write_text(text, encoding="utf-8")
        async with running(folder) as service:
            for _ in range(2):
                told = await asyncio.gather(*[service.forwarded(f"token-{name}") for name in names])
                expected = [
                    (name, "permit") if wanted[name][1] == "permit" else (None, wanted[name][1])
                    for name in names
                ]
                assert list(told) == expected


@pytest.mark.catalogue("I3")
async def test_made_up_tokens_disturb_nobody_who_is_known(tmp_path: Path) -> None:
    async with (
        a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint,
        running(a_folder(tmp_path, endpoint)) as service,
    ):
        assert await service.outcome() == ("", "permit")
        endpoint.fault = "hang"
        flood = [asyncio.create_task(service.outcome(f"made-up-{n}")) for n in range(200)]
        await asyncio.sleep(0)
        for _ in range(20):
            assert await service.outcome() == ("", "permit")
        assert {code for _, code in await asyncio.gather(*flood)} == {"dependency-unavailable"}
    # What waits is bounded, and an endpoint that hangs is left alone.
    assert len(endpoint.asked) <= 1 + 4 * 16


# --- with other replicas ------------------------------------------------------------------------


@pytest.fixture
def server(parts: Parts, tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(parts, tmp_path) as running_server:
        yield running_server


def replicas(tmp_path: Path, endpoint: FaultyEndpoint, server: RedisServer) -> list[ServiceFolder]:
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        folder = a_folder(tmp_path / name, endpoint)
        text = folder.settings_file.read_text(encoding="utf-8")
        (folder.path / "redis").write_text(server.url, encoding="utf-8")
        text += 'shared: {url: "${file:redis}", timeout: 1s}\n'
        folder.settings_file.write_text(text, encoding="utf-8")
        found.append(folder)
    return found


async def test_replicas_with_a_redis_ask_once(tmp_path: Path, server: RedisServer) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        one, other = replicas(tmp_path, endpoint, server)
        async with running(one) as first, running(other) as second:
            assert await first.outcome() == ("", "permit")
            await kept(server)
            assert await second.outcome() == ("", "permit")
            figures = await second.figures()
    assert len(endpoint.asked) == 1
    assert 'deemster_introspections_total{outcome="shared",provider="staff"} 1.0' in figures


async def test_replicas_whose_redis_is_gone_ask_for_themselves(
    tmp_path: Path, server: RedisServer
) -> None:
    async with a_faulty_endpoint({OPAQUE: answer_for()}) as endpoint:
        one, other = replicas(tmp_path, endpoint, server)
        async with running(one) as first, running(other) as second:
            assert await first.outcome() == ("", "permit")
            server.stop()
            assert await second.outcome() == ("", "permit")
            server.start()
            second.clock.advance(30)
            assert await second.outcome() == ("", "permit")
    assert len(endpoint.asked) == 3


@pytest.mark.catalogue("I1")
async def test_no_replica_makes_a_token_good_that_another_was_told_is_not(
    tmp_path: Path, server: RedisServer
) -> None:
    async with a_faulty_endpoint() as endpoint:
        one, other = replicas(tmp_path, endpoint, server)
        async with running(one) as first, running(other) as second:
            assert await second.outcome() == ("401", "token-inactive")
            endpoint.answers[OPAQUE] = answer_for()
            assert await first.outcome() == ("", "permit")
            await kept(server)
            del endpoint.answers[OPAQUE]
            second.clock.advance(6)
            assert await second.outcome() == ("401", "token-inactive")


async def kept(server: RedisServer) -> None:
    """Wait until something is kept."""
    async with Redis.from_url(server.url) as redis:
        for _ in range(500):
            if await redis.keys("*:kept:introspection:*"):
                return
            await asyncio.sleep(0.01)
    raise AssertionError("nothing is kept")


# --- with the commands --------------------------------------------------------------------------


async def test_decide_asks_the_endpoint_about_the_token_that_it_is_given(tmp_path: Path) -> None:
    def decide(*options: str) -> Result:
        config = ["--config", str(folder.settings_file), "--url", URL]
        return CliRunner().invoke(command, ["decide", *config, *options])

    # The machine's own clock is the command's.
    answer = answer_for({"exp": 4_000_000_000})
    async with a_faulty_endpoint({OPAQUE: answer}) as endpoint:
        folder = a_folder(tmp_path, endpoint)
        permitted = await asyncio.to_thread(decide, "--token", OPAQUE)
        denied = await asyncio.to_thread(decide, "--token", "another")
        minted = await asyncio.to_thread(decide, "--sub", "alice")
    assert "permit" in permitted.output
    assert "token-inactive" in denied.output
    assert "has no development key to mint with" in minted.output


async def test_check_and_test_need_no_endpoint(tmp_path: Path) -> None:
    async with a_faulty_endpoint() as endpoint:
        folder = a_folder(tmp_path, endpoint)
        (tmp_path / "policies" / "orders-test.yaml").write_text(SUITE, encoding="utf-8")
        config = ["--config", str(folder.settings_file)]
        for name in ("check", "test"):
            ran = await asyncio.to_thread(CliRunner().invoke, command, [name, *config])
            assert ran.exit_code == 0, ran.output
    assert endpoint.asked == []


async def test_show_config_shows_the_endpoint_and_no_secret(tmp_path: Path) -> None:
    async with a_faulty_endpoint() as endpoint:
        folder = a_folder(tmp_path, endpoint)
        config = ["--config", str(folder.settings_file)]
        shown = CliRunner().invoke(command, ["show-config", *config]).output
        bounds = CliRunner().invoke(command, ["show-config", "--staleness", *config]).output
    assert "tokenProviders[0].introspection.cache" in shown
    assert "<secret of file:client-secret>" in shown
    assert CLIENT_SECRET not in shown
    assert "a token that its issuer revoked, token provider `staff`: 30 s" in bounds
