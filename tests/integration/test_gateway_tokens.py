"""Gateways that prove who they are by an OAuth access token, where the header is their own."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deemster.app import build_application
from deemster.errors import ConfigurationError
from deemster.model.clock import SystemClock
from deemster.telemetry.service_log import build_service_log
from tests.support.certificates import Authority
from tests.support.keys import raw_token, signing_key
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder
from tests.support.serving import Served, client_context, replaced, served

EVALUATION = "/access/v1/evaluation"
DECISION = "/v1/environments/local/decisionEndpoints/orders"
QUESTION = {
    "subject": {"type": "user", "id": "alice"},
    "action": {"name": "can_read"},
    "resource": {"type": "todo", "id": "1"},
}
REQUEST = {
    "parameters": {"resource.type": "todo", "resource.id": "1", "action.name": "can_read"},
    "userContext": {"user": {"id": "alice"}},
}
PEP = """
  - id: pep
    protocols: [authzen, decision-endpoint, sideband]
    apiServices: [orders]
    mayNameSubjects: true
    secrets: [{id: p1, value: "${file:pep-secret}"}]
    accessTokens:
      - {id: t1, provider: staff, clientId: pep, audience: deemster, scope: decide}
      - {id: t2, provider: staff, subject: pep-service, audience: deemster}
  - id: other
    protocols: [authzen]
    apiServices: [orders]
    mayNameSubjects: true
    accessTokens: [{id: o1, provider: staff, clientId: other, audience: deemster-too}]
tokenProviders:"""
TODO = """
  - id: todo
    match: {resourceType: todo, actions: [can_read]}
    allow: authenticated
"""
PEP_SECRET = "pep-secret-0123456789-0123456789-abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    found = a_service_folder(tmp_path)
    replaced(found, "\ntokenProviders:", PEP)
    (tmp_path / "pep-secret").write_text(PEP_SECRET, encoding="utf-8")
    policies = tmp_path / "policies" / "orders.yaml"
    policies.write_text(policies.read_text("utf-8").rstrip() + TODO, encoding="utf-8")
    return found


def a_token(folder: ServiceFolder, **changes: object) -> str:
    """What the provider gives the gateway."""
    claims = {"sub": "pep", "client_id": "pep", "aud": "deemster", "scope": "decide"}
    return folder.token(**claims | changes)


async def ask(
    service: Served, headers: Mapping[str, str], *, path: str = EVALUATION
) -> httpx.Response:
    return await service.ask(REQUEST if path == DECISION else QUESTION, headers=headers, path=path)


def permitted(answer: httpx.Response) -> bool:
    said = answer.json()
    return answer.status_code == 200 and (
        said.get("decision") is True or said.get("decision") == "PERMIT"
    )


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def last_record(folder: ServiceFolder) -> dict[str, object]:
    found: dict[str, object] = json.loads(folder.log_file.read_text("utf-8").splitlines()[-1])
    return found


@pytest.mark.parametrize("path", [EVALUATION, DECISION])
@pytest.mark.parametrize(
    ("changes", "proof"),
    [
        pytest.param({}, "pep t1", id="by client and scope"),
        pytest.param({"client_id": "x", "sub": "pep-service"}, "pep t2", id="by subject"),
        pytest.param({"aud": ["x", "deemster"]}, "pep t1", id="one of several audiences"),
    ],
)
async def test_an_access_token_proves_its_gateway(
    folder: ServiceFolder, path: str, changes: dict[str, object], proof: str
) -> None:
    async with served(folder) as service:
        for _ in range(2):  # verified, then recalled
            answer = await ask(service, bearer(a_token(folder, **changes)), path=path)
            assert permitted(answer)
    record = last_record(folder)
    assert f"{record['gateway']} {record['secret_id']}" == proof


REFUSED: dict[str, dict[str, object]] = {
    "another client": {"client_id": "shop"},
    "no client": {"client_id": None},
    "without the scope": {"scope": "orders.read"},
    "the audience of an API": {"aud": "orders"},
    "the audience of another gateway": {"aud": "deemster-too"},
    "another issuer": {"iss": "https://elsewhere.example.com"},
    "expired": {"exp": 1_700_000_001},
    "not valid yet": {"nbf": 3_999_999_999},
    "bound to a DPoP key": {"cnf": {"jkt": "x"}},
    "bound to a certificate that is not shown": {"cnf": {"x5t#S256": "x"}},
    "bound to nothing we know": {"cnf": None},
}


@pytest.mark.parametrize("path", [EVALUATION, DECISION])
@pytest.mark.parametrize("how", REFUSED)
async def test_any_other_token_is_refused_with_a_challenge(
    folder: ServiceFolder, how: str, path: str
) -> None:
    async with served(folder) as service:
        token = a_token(folder, **REFUSED[how])
        answer = await ask(service, bearer(token), path=path)
        assert answer.status_code == 401
        expected = 'Bearer realm="deemster", error="invalid_token"'
        assert answer.headers["www-authenticate"] == expected
    assert not folder.log_file.read_text("utf-8")


def forged(folder: ServiceFolder) -> str:
    claims = json.dumps(
        {"iss": "https://staff.example.com", "aud": "deemster", "sub": "pep", "client_id": "pep"}
        | {"scope": "decide", "iat": 1_700_000_000, "exp": 4_000_000_000}
    )
    return raw_token(payload=claims.encode(), key=signing_key(name="forger"))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer x", id="no JWT"),
        pytest.param("Bearer a.b.c", id="no base64"),
        pytest.param("Bearer e30.e30.e30", id="empty objects"),
        pytest.param("Bearer " + "a" * 40_000, id="long"),
        pytest.param("DPoP TOKEN", id="another scheme"),
        pytest.param("Basic cGVwOnBlcA==", id="Basic"),
        pytest.param("TOKEN", id="no scheme"),
        pytest.param("Bearer TOKEN, Bearer TOKEN", id="two in one"),
        pytest.param("Bearer  TOKEN", id="two blanks"),
        pytest.param("Bearer TOKEN.x", id="four segments"),
        pytest.param("Bearer FORGED", id="signed by another key"),
    ],
)
async def test_whatever_is_no_token_of_ours_is_refused(folder: ServiceFolder, header: str) -> None:
    async with served(folder) as service:
        good = a_token(folder)
        assert permitted(await ask(service, bearer(good)))
        sent = header.replace("TOKEN", good).replace("FORGED", forged(folder))
        assert (await ask(service, {"authorization": sent})).status_code == 401


@pytest.mark.parametrize("path", [EVALUATION, DECISION])
async def test_without_any_credential_the_challenge_names_the_scheme_only(
    folder: ServiceFolder, path: str
) -> None:
    async with served(folder) as service:
        answer = await ask(service, {}, path=path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Bearer realm="deemster"',
    )


async def test_an_access_token_proves_nobody_to_a_protocol_that_forwards_calls(
    folder: ServiceFolder,
) -> None:
    async with served(folder) as service:
        answer = await service.ask(
            a_call(folder.token()), headers=bearer(a_token(folder)), path="/sideband/request"
        )
        assert answer.status_code == 401
        assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("secret", "claims", "fine"),
    [
        pytest.param(PEP_SECRET, {}, True, id="agree"),
        pytest.param("x" * 40, {}, False, id="a wrong secret"),
        pytest.param(SECRET, {}, False, id="a secret of another gateway"),
        pytest.param(PEP_SECRET, {"client_id": "nobody"}, False, id="a token of nobody"),
        pytest.param(
            PEP_SECRET,
            {"client_id": "other", "aud": "deemster-too"},
            False,
            id="a token of another gateway",
        ),
    ],
)
async def test_secret_and_token_must_not_disagree(
    folder: ServiceFolder, secret: str, claims: dict[str, object], fine: bool
) -> None:
    async with served(folder) as service:
        sent = {"client-token": secret, **bearer(a_token(folder, **claims))}
        answer = await ask(service, sent)
    assert permitted(answer) if fine else answer.status_code == 401


async def test_two_authorization_headers_are_refused(folder: ServiceFolder) -> None:
    async with served(folder) as service:
        url = f"http://{service.servers.listening.decisions}{EVALUATION}"
        token = f"Bearer {a_token(folder)}"
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = [("authorization", token), ("authorization", token)]
            assert (await client.post(url, json=QUESTION, headers=headers)).status_code == 401


async def test_a_token_bound_to_a_certificate_is_good_with_that_certificate_only(
    folder: ServiceFolder,
) -> None:
    ca = Authority(folder.path, "ours")
    ca.serve_as("server")
    replaced(
        folder,
        "{decisions: {bind: 127.0.0.1:0}",
        "{decisions: {bind: 127.0.0.1:0, "
        "tls: {certificate: server.pem, key: server.key, clientCa: ours.pem}}",
    )
    right, wrong = ca.issue("right"), ca.issue("wrong")
    async with served(folder) as service:
        sent = bearer(a_token(folder, cnf={"x5t#S256": right.thumbprint}))
        for shown, fine in ((right, True), (wrong, False), (None, False)):
            answer = await service.ask(
                QUESTION, tls=client_context(ca.file, shown), headers=sent, path=EVALUATION
            )
            assert permitted(answer) is fine


@asynccontextmanager
async def without_keys(folder: ServiceFolder) -> AsyncIterator[Served]:
    """The provider's keys are at an address that never answers."""
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace(
        "keys: {insecureDevelopmentKey: development-key.json}",
        "keys: {jwksUrl: 'https://127.0.0.1:1/jwks'}",
    )
    folder.settings_file.write_text(text, encoding="utf-8")
    async with served(folder) as service:
        yield service


async def test_where_keys_cannot_be_fetched_nobody_is_authenticated(folder: ServiceFolder) -> None:
    token = a_token(folder)
    async with without_keys(folder) as service:
        answer = await ask(service, bearer(token))
        assert answer.status_code == 401
        # Who has a secret is not concerned.
        assert permitted(await ask(service, {"client-token": PEP_SECRET}))


def test_one_kind_of_token_for_two_gateways_is_refused_at_start_up(folder: ServiceFolder) -> None:
    other = "subject: pep-service, audience: deemster"
    replaced(folder, "clientId: other, audience: deemster-too", other)
    clock = SystemClock()
    log = build_service_log(io.StringIO(), clock)
    with pytest.raises(ConfigurationError, match="`o1` is also access token `t2` of gateway `pep`"):
        build_application(folder.settings(), clock=clock, log=log)
