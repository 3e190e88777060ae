"""Bound tokens through the whole service, in the protocols that gateways speak."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.telemetry.service_log import build_service_log
from deemster.tokens.jose import SigningKey
from tests.support.clock import FrozenClock
from tests.support.keys import signing_key
from tests.support.proofs import (
    RFC_8705_CERTIFICATE,
    RFC_8705_THUMBPRINT,
    URL,
    a_proof,
    thumbprint,
)
from tests.support.service import SECRET, ServiceFolder, a_service_folder

Headers = list[tuple[str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    """Of a service whose provider takes bearer tokens and bound ones."""
    found = a_service_folder(tmp_path)
    text = found.settings_file.read_text(encoding="utf-8")
    text = text.replace(
        "protocols: [sideband]", "protocols: [sideband, traefik, ext-authz-http, authzen]"
    )
    text = text.replace(
        "    directory: people\n", "    directory: people\n    dpop: {mode: enabled}\n"
    )
    text = text.replace("apiServices: [orders]", "apiServices: [orders]\n    mayNameSubjects: true")
    found.settings_file.write_text(text, encoding="utf-8")
    return found


def with_settings(folder: ServiceFolder, dpop: str) -> ServiceFolder:
    text = folder.settings_file.read_text(encoding="utf-8")
    folder.settings_file.write_text(text.replace("{mode: enabled}", dpop), encoding="utf-8")
    return folder


def with_service(folder: ServiceFolder, dpop: str) -> ServiceFolder:
    path = folder.path / "policies" / "orders.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("  audience: orders\n", f"  audience: orders\n  dpop: {dpop}\n"),
        encoding="utf-8",
    )
    return folder


class Service:
    def __init__(self, app: Application, clock: FrozenClock) -> None:
        self._app = app
        self.clock = clock

    async def call(
        self, method: str, path: str, headers: Mapping[str, str] | Headers, body: object = None
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            fields = [("client-token", SECRET), *headers]
            return await client.request(method, path, headers=fields, json=body)

    async def sideband(self, headers: Headers, **more: object) -> dict[str, object]:
        body = {
            "source_ip": "192.0.2.7",
            "source_port": "4711",
            "method": "GET",
            "url": URL,
            "http_version": "1.1",
            "headers": [{"host": "api.example.com"}, *({name: value} for name, value in headers)],
            **more,
        }
        answer = await self.call("POST", "/sideband/request", [], body)
        assert answer.status_code == 200
        found = answer.json()
        assert isinstance(found, dict)
        return found


@asynccontextmanager
async def running(folder: ServiceFolder) -> AsyncIterator[Service]:
    clock = FrozenClock()
    log = build_service_log(io.StringIO(), clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    try:
        await app.startup()
        # A proof made before the service began is refused (D9): let a moment pass.
        clock.advance(1)
        yield Service(app, clock)
    finally:
        await app.shutdown(5.0)


def a_token(folder: ServiceFolder, key: SigningKey | None = None, **claims: object) -> str:
    return folder.token(**{"cnf": {"jkt": thumbprint(key)}, **claims})


def presented(token: str, *proofs: str, scheme: str = "DPoP") -> Headers:
    return [("authorization", f"{scheme} {token}"), *[("dpop", proof) for proof in proofs]]


def code_of(answer: Mapping[str, object]) -> str:
    response = answer["response"]
    assert isinstance(response, dict)
    code = json.loads(response["body"])["code"]
    assert isinstance(code, str)
    return code


def told(answer: Mapping[str, object], name: str) -> str | None:
    response = answer["response"]
    assert isinstance(response, dict)
    return next((str(one[name]) for one in response["headers"] if name in one), None)


async def test_a_bound_token_opens_with_a_proof_and_only_once(folder: ServiceFolder) -> None:
    token = a_token(folder)
    async with running(folder) as service:
        proof = a_proof(token, iat=int(service.clock.wall()))
        assert "response" not in await service.sideband(presented(token, proof))
        again = await service.sideband(presented(token, proof))
        assert code_of(again) == "proof-invalid"
        assert told(again, "www-authenticate") == (
            'DPoP realm="https://api.example.com/orders/", error="invalid_dpop_proof", '
            'algs="ES256 EdDSA PS256 RS256"'
        )
        fresh = a_proof(token, iat=int(service.clock.wall()), jti="2")
        assert "response" not in await service.sideband(presented(token, fresh))


async def test_a_bound_token_alone_opens_nothing(folder: ServiceFolder) -> None:
    token = a_token(folder)
    async with running(folder) as service:
        bearer = await service.sideband(presented(token, scheme="Bearer"))
        assert code_of(bearer) == "bearer-not-accepted"
        assert told(bearer, "www-authenticate") == (
            'Bearer realm="https://api.example.com/orders/", error="invalid_token", '
            'DPoP realm="https://api.example.com/orders/", error="invalid_token", '
            'algs="ES256 EdDSA PS256 RS256"'
        )
        assert code_of(await service.sideband(presented(token))) == "proof-missing"
        stolen = a_proof(token, key=signing_key(name="thief"))
        assert code_of(await service.sideband(presented(token, stolen))) == "binding-failed"


async def test_a_bound_token_is_refused_where_proofs_are_off(folder: ServiceFolder) -> None:
    token = a_token(folder)
    async with running(with_settings(folder, "{mode: off}")) as service:
        now = int(service.clock.wall())
        answer = await service.sideband(presented(token, a_proof(token, iat=now)))
        assert code_of(answer) == "binding-failed"
        assert code_of(await service.sideband(presented(token, scheme="Bearer"))) == (
            "bearer-not-accepted"
        )


async def test_an_api_service_may_ask_for_more_than_its_provider(folder: ServiceFolder) -> None:
    async with running(with_service(folder, "{mode: required}")) as service:
        bearer = await service.sideband(presented(folder.token(), scheme="Bearer"))
        assert code_of(bearer) == "bearer-not-accepted"
        missing = await service.sideband([])
        assert code_of(missing) == "token-missing"
        assert told(missing, "www-authenticate") == (
            'DPoP realm="https://api.example.com/orders/", algs="ES256 EdDSA PS256 RS256"'
        )
        token = a_token(folder)
        proof = a_proof(token, iat=int(service.clock.wall()))
        assert "response" not in await service.sideband(presented(token, proof))


async def test_a_nonce_is_given_out_and_asked_for(folder: ServiceFolder) -> None:
    token = a_token(folder)
    async with running(with_settings(folder, "{mode: required, nonce: true}")) as service:
        now = int(service.clock.wall())
        asked = await service.sideband(presented(token, a_proof(token, iat=now)))
        assert code_of(asked) == "proof-nonce-required"
        challenge = told(asked, "www-authenticate")
        assert challenge is not None
        assert 'error="use_dpop_nonce"' in challenge
        nonce = told(asked, "dpop-nonce")
        assert nonce is not None
        good = a_proof(token, iat=now, nonce=nonce)
        assert "response" not in await service.sideband(presented(token, good))


async def test_the_same_proof_fifty_times_at_once_opens_once(folder: ServiceFolder) -> None:
    token = a_token(folder)
    async with running(folder) as service:
        proof = a_proof(token, iat=int(service.clock.wall()))
        answers = await asyncio.gather(
            *[service.sideband(presented(token, proof)) for _ in range(50)]
        )
    permitted = [answer for answer in answers if "response" not in answer]
    assert len(permitted) == 1
    assert {code_of(answer) for answer in answers if "response" in answer} == {"proof-invalid"}


async def test_a_gateways_certificate_of_the_client_is_what_counts(folder: ServiceFolder) -> None:
    der = ssl.PEM_cert_to_DER_cert(RFC_8705_CERTIFICATE)
    certificate = {"x5c": [base64.b64encode(der).decode()]}
    bearer = presented(folder.token(cnf={"x5t#S256": RFC_8705_THUMBPRINT}), scheme="Bearer")
    others = presented(folder.token(cnf={"x5t#S256": "d" * 43}), scheme="Bearer")
    async with running(folder) as service:
        assert "response" not in await service.sideband(bearer, client_certificate=certificate)
        assert code_of(await service.sideband(bearer)) == "binding-failed"
        spoofed = [*bearer, ("x-client-cert", RFC_8705_THUMBPRINT)]
        assert code_of(await service.sideband(spoofed)) == "binding-failed"
        mixed = await service.sideband(others, client_certificate=certificate)
        assert code_of(mixed) == "binding-failed"


@pytest.mark.parametrize("protocol", ["traefik", "ext-authz-http"])
async def test_the_challenge_reaches_clients_of_other_gateways(
    folder: ServiceFolder, protocol: str
) -> None:
    token = a_token(folder)

    async def asked(service: Service, *proofs: str) -> httpx.Response:
        headers = [*presented(token, *proofs), ("x-forwarded-proto", "https")]
        if protocol == "traefik":
            headers += [
                ("x-forwarded-method", "GET"),
                ("x-forwarded-host", "api.example.com"),
                ("x-forwarded-uri", "/orders"),
            ]
            return await service.call("GET", "/forward-auth/traefik", headers)
        headers.append(("host", "api.example.com"))
        return await service.call("GET", "/ext-authz/http/orders", headers)

    async with running(with_settings(folder, "{mode: required, nonce: true}")) as service:
        now = int(service.clock.wall())
        refused = await asked(service, a_proof(token, iat=now))
        assert refused.status_code == 401
        assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
        nonce = refused.headers["dpop-nonce"]
        assert (await asked(service, a_proof(token, iat=now, nonce=nonce))).status_code == 200


async def test_a_question_that_nobody_made_a_call_for_proves_nothing(folder: ServiceFolder) -> None:
    (folder.path / "policies" / "orders.yaml").write_text(
        """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: orders}
service:
  tokenProvider: {type: internal, id: staff}
  audience: orders
operations:
  - id: read
    match: {resourceType: order, actions: [read]}
    allow: authenticated
""",
        encoding="utf-8",
    )

    def question(token: str) -> dict[str, object]:
        return {
            "subject": {"type": "user", "id": "alice", "properties": {"token": token}},
            "action": {"name": "read"},
            "resource": {"type": "order", "id": "1"},
        }

    async with running(folder) as service:
        path = "/access/v1/evaluation"
        plain = await service.call("POST", path, [], question(folder.token()))
        assert plain.json()["decision"] is True
        bound = await service.call("POST", path, [], question(a_token(folder)))
        assert bound.json()["decision"] is False
