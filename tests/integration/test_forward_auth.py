"""The whole service asked by forward-auth gateways: who may ask, by what, and what is told."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.model.clock import SystemClock
from deemster.telemetry.service_log import build_service_log
from tests.support.forward_auth_calls import PROFILE_FIELDS
from tests.support.service import SECRET, ServiceFolder, a_service_folder

every_profile = pytest.mark.parametrize("profile", PROFILES)

GATEWAYS = "".join(
    f"  - {{id: {name}, protocols: [{name}], apiServices: [orders],"
    f' secrets: [{{id: s1, value: "${{file:{name}-secret}}"}}]}}\n'
    for name in PROFILES
)
PROFILES_OF_SETTINGS = "forwardAuth:\n  profiles:\n" + "".join(
    f"    {name}: {{clientIp: {{from: X-Forwarded-For}}, copies: [X-Tier]}}\n"
    for name in PROFILES
    if name != "caddy"
)
OPERATIONS = """
  - id: admin
    match: {methods: [GET], path: /admin}
    allow: {scopes: {any: [orders.admin]}}
  - id: office
    match: {methods: [GET], path: /office}
    allow: {when: "request.ip.inCidr('203.0.113.0/24')"}
  - id: tier
    match: {methods: [GET], path: /tier}
    allow: authenticated
    attach: [tier]
  - id: body
    match: {methods: [POST], path: /body}
    allow: {when: "attr.amount < 100"}
  - id: answer
    match: {methods: [GET], path: /answer}
    allow: authenticated
    response:
      policies:
        - id: own
          combiningAlgorithm: deny-unless-permit
          rules: [{id: fine, effect: permit, when: "response.status < 300"}]
statements:
  tier:
    code: modify-headers
    appliesTo: permit
    obligatory: true
    payload: {X-Tier: "gold-${claims.sub}"}
attributes:
  amount: {type: int, source: {body: "$.amount"}}
"""


def secret_of(profile: str) -> str:
    return f"{profile}-{SECRET}"


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    folder = a_service_folder(tmp_path)
    settings = folder.settings_file.read_text(encoding="utf-8")
    settings = settings.replace("tokenProviders:", f"{GATEWAYS}tokenProviders:")
    folder.settings_file.write_text(settings + PROFILES_OF_SETTINGS, encoding="utf-8")
    for name in PROFILES:
        (tmp_path / f"{name}-secret").write_text(secret_of(name), encoding="utf-8")
    policies = tmp_path / "policies" / "orders.yaml"
    policies.write_text(policies.read_text(encoding="utf-8") + OPERATIONS, encoding="utf-8")
    return folder


@pytest.fixture
async def app(folder: ServiceFolder) -> AsyncIterator[Application]:
    clock = SystemClock()
    log = build_service_log(io.StringIO(), clock)
    app = build_application(folder.settings(), clock=clock, log=log)
    await app.startup()
    yield app
    await app.shutdown(5.0)


async def ask(
    app: Application,
    profile: str,
    uri: str,
    *more: tuple[str, str],
    token: str | None = None,
    secret: str | None = None,
    says: Mapping[str, str] | None = None,
    method: str = "GET",
) -> httpx.Response:
    """One call; `says` replaces what the gateway's own fields are."""
    fields = {name.decode(): value.decode() for name, value in PROFILE_FIELDS[profile].items()}
    fields |= {
        PROFILES[profile].uri.decode(): uri,
        PROFILES[profile].method.decode(): method,
        "client-token": secret_of(secret or profile),
        **(says or {}),
    }
    headers: Sequence[tuple[str, str]] = [*fields.items(), *more]
    if token is not None:
        headers = [*headers, ("authorization", f"Bearer {token}")]
    transport = httpx.ASGITransport(app.decisions)
    async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
        return await client.get(f"/forward-auth/{profile}", headers=headers)


def refused(profile: str, status: int) -> int:
    return status if profile != "nginx" or status == 401 else 403


@every_profile
async def test_a_permit_names_the_user_and_a_deny_nobody(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    answer = await ask(app, profile, "/orders", token=folder.token())
    assert answer.status_code == 200
    told = [answer.headers[name] for name in ("x-auth-user", "x-auth-client", "x-auth-scope")]
    assert told == ["alice", "shop", "orders.read"]
    answer = await ask(app, profile, "/orders/admin", token=folder.token())
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].endswith('scope="orders.admin"')
    assert not {"x-auth-user", "x-policy-revision"} & set(answer.headers)
    answer = await ask(app, profile, "/orders")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="https://api.example.com/orders/"'
    answer = await ask(app, profile, "/orders/health")
    assert (answer.status_code, answer.headers["x-auth-user"]) == (200, "")


@pytest.mark.catalogue("T3")
@every_profile
async def test_a_gateway_is_held_to_its_own_profile(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    # Behind Traefik the profile of nginx would believe what the client sends, and so on.
    for other in set(PROFILES) - {profile}:
        answer = await ask(app, profile, "/orders", token=folder.token(), secret=other)
        assert answer.status_code == 403
        assert answer.json()["code"] == "gateway-unauthenticated"


MISLEADING = (
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-uri",
    "x-forwarded-path",
    "x-forwarded-prefix",
    "x-original-method",
    "x-forwarded-method",
    "x-http-method-override",
    "forwarded",
)


@pytest.mark.catalogue("T1")
@every_profile
async def test_what_other_gateways_would_say_changes_nothing(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    own = {PROFILES[profile].uri.decode(), PROFILES[profile].method.decode()}
    misleading = [(name, "/orders/health") for name in MISLEADING if name not in own]
    answer = await ask(app, profile, "/orders/admin", *misleading, token=folder.token())
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


@pytest.mark.catalogue("T1")
@every_profile
async def test_a_client_that_says_who_it_is_is_refused_on_public_paths_too(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    for uri in ("/orders", "/orders/health"):
        for name in ("X-Auth-User", "X_Auth_User", "X.Auth.Scope", "X-Tier", "x_tier"):
            if profile == "caddy" and "ier" in name:
                continue  # it copies no such header here, so it is the client's own
            answer = await ask(app, profile, uri, (name, "root"), token=folder.token())
            assert answer.status_code == refused(profile, 400)
            assert answer.json()["code"] == "reserved-header"


@every_profile
async def test_two_tokens_are_refused_on_public_paths_too(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    for uri in ("/orders", "/orders/health"):
        second = ("authorization", "Bearer other")
        answer = await ask(app, profile, uri, second, token=folder.token())
        assert answer.status_code == refused(profile, 400)
        assert answer.json()["code"] == "credential-ambiguous"


@every_profile
@pytest.mark.parametrize(
    "uri", ["/orders/%2e%2e/x", "/orders//admin", "/orders/a%2fb", "/orders/a;b", "/orders/%ff"]
)
async def test_paths_that_can_be_read_twice_are_refused(
    app: Application, folder: ServiceFolder, profile: str, uri: str
) -> None:
    answer = await ask(app, profile, uri, token=folder.token())
    assert answer.status_code == refused(profile, 400)
    assert answer.json()["code"] == "ambiguous-path"


@every_profile
async def test_the_clients_address_is_what_the_settings_say_or_an_error(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    token = folder.token()
    near = await ask(app, profile, "/orders/office", token=token)
    says = {"x-forwarded-for": "203.0.113.7, 192.0.2.1"}
    far = await ask(app, profile, "/orders/office", token=token, says=says)
    assert far.status_code == 403
    # For Caddy nothing is configured, so nothing is believed.
    assert near.status_code == (403 if profile == "caddy" else 200)
    if profile == "caddy":
        assert near.json()["code"] == "attribute-missing"


@every_profile
async def test_a_policy_sets_a_header_where_the_gateway_copies_it(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    answer = await ask(app, profile, "/orders/tier", token=folder.token())
    if profile == "caddy":
        assert (answer.status_code, answer.json()["code"]) == (403, "statement-not-possible")
    else:
        assert (answer.status_code, answer.headers["x-tier"]) == (200, "gold-alice")
        plain = await ask(app, profile, "/orders", token=folder.token())
        assert plain.headers["x-tier"] == ""


@pytest.mark.catalogue("T4")
@every_profile
async def test_a_policy_about_the_body_refuses_because_there_is_none(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    answer = await ask(app, profile, "/orders/body", token=folder.token(), method="POST")
    assert (answer.status_code, answer.json()["code"]) == (403, "body-unavailable")


@pytest.mark.catalogue("T4")
@every_profile
async def test_a_policy_over_the_answer_refuses_because_nobody_shows_it(
    app: Application, folder: ServiceFolder, profile: str
) -> None:
    answer = await ask(app, profile, "/orders/answer", token=folder.token())
    assert (answer.status_code, answer.json()["code"]) == (403, "statement-not-possible")
    assert (await ask(app, profile, "/orders", token=folder.token())).status_code == 200


async def test_decisions_are_recorded_with_their_gateway_and_address(
    app: Application, folder: ServiceFolder
) -> None:
    answer = await ask(app, "traefik", "/orders?a=1", token=folder.token())
    await app.shutdown(5.0)
    [record] = [json.loads(line) for line in folder.log_file.read_text("utf-8").splitlines()]
    assert record["decision_id"] == answer.headers["x-decision-id"]
    assert (record["protocol"], record["gateway"]) == ("traefik", "traefik")
    assert (record["method"], record["client_ip"]) == ("GET", "203.0.113.7")
    assert record["url"].startswith("https://api.example.com/orders?")
    assert SECRET not in folder.log_file.read_text("utf-8")
