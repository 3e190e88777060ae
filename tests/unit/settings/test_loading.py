"""Right settings become one frozen tree, with the origin of every value."""

import hashlib
import re
from pathlib import Path

import pytest

from deemster.errors import ConfigurationError
from deemster.settings import Settings, load_settings
from deemster.settings.decision_log_model import (
    FileSinkSettings,
    StdoutSinkSettings,
    WhenLogIsFull,
)
from deemster.settings.directory_model import SqlDirectory, StaticDirectory
from deemster.settings.environment import OVERRIDABLE, variable_of
from deemster.settings.model import (
    AuthzenSettings,
    ClientIpSettings,
    ExtAuthzSettings,
    ForwardAuthSettings,
)
from deemster.settings.policy_model import PolicySettings, WhenTooOld
from deemster.settings.provider_model import (
    AssertedProviderSettings,
    DevelopmentKeySource,
    DiscoveredKeySource,
    VerifyingProviderSettings,
)

EXAMPLES = Path(__file__).parents[3] / "examples" / "settings"
SECRET = "0123456789abcdef0123456789abcdef"
ENVIRON = {"KONG_SECRET": SECRET}
SMALL = """
policies: {path: policies}
gateways:
  - id: kong
    protocols: [sideband]
    apiServices: [invoices]
    secrets: [{id: k1, value: "${env:KONG_SECRET}"}]
decisionLog: {sinks: [{stdout: {}}, {file: {path: log/decisions.jsonl}}], whenFull: block}
"""
TLS = """
listeners:
  decisions: {bind: 0.0.0.0:8443, tls: {certificate: a.pem, key: a.key, clientCa: ca.pem}}
  extAuthz: {bind: 0.0.0.0:8444, tls: {certificate: a.pem, key: a.key, clientCa: ca.pem}}
  management: {bind: 0.0.0.0:9080, tls: {certificate: a.pem, key: a.key, clientCa: ca.pem}}
"""

BUNDLED = SMALL.replace(
    "policies: {path: policies}",
    """
policies:
  bundle:
    url: https://policies.example.com/production
    keys: [release.json, next.json]
    maximumAge: 3d
    whenTooOld: deny
    cache: kept
    bearer: "${env:KONG_SECRET}"
    plaintextBehind: mesh
    tls: {ca: ca.pem, certificate: a.pem, key: a.key}
""",
)
BUNDLED_FILE = SMALL.replace(
    "policies: {path: policies}",
    """
policies:
  selfTest: suites
  bundle: {file: production.bundle, keys: [k.json], whenTooOld: degrade, cache: /var/lib/deemster}
""",
)


def load(folder: Path, text: str = SMALL, environ: dict[str, str] = ENVIRON) -> Settings:
    (folder / "deemster.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder / "deemster.yaml", environ)


def origins(settings: Settings) -> dict[str, tuple[str, str]]:
    return {value.path: (value.shown, value.origin) for value in settings.values}


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.environment == "local"
    assert str(settings.listeners.decisions.bind) == "127.0.0.1:8080"
    assert str(settings.listeners.management) == "127.0.0.1:9080"
    assert (settings.limits.body, settings.limits.headers) == (1024**2, 96 * 1024)
    assert (settings.limits.header_timeout, settings.limits.idle_timeout) == (5.0, 75.0)
    assert (settings.deadlines.decision, settings.deadlines.user) == (1.0, 0.3)
    assert settings.gateways[0].secret_header == "client-token"
    assert settings.insecure_flags == ()


def test_nothing_listens_for_ext_authz_unless_it_is_written(tmp_path: Path) -> None:
    assert load(tmp_path).listeners.ext_authz is None
    found = load(tmp_path, SMALL + "listeners: {extAuthz: {}}\n").listeners.ext_authz
    assert found is not None
    assert str(found.bind) == "127.0.0.1:9191"


def test_each_mode_of_ext_authz_says_where_the_clients_address_is(tmp_path: Path) -> None:
    assert load(tmp_path).ext_authz == ExtAuthzSettings()
    written = """
extAuthz:
  grpc: {clientIp: {from: source-address}}
  http: {clientIp: {from: X-Forwarded-For, trustedHops: 1}, copies: [X-Tenant]}
"""
    assert load(tmp_path, SMALL + written).ext_authz == ExtAuthzSettings(
        ClientIpSettings("source-address", 0), ClientIpSettings("x-forwarded-for", 1), ("x-tenant",)
    )


def test_relative_paths_start_at_the_settings_file(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.policies.path == tmp_path / "policies"
    assert settings.decision_log.when_full is WhenLogIsFull.BLOCK
    assert settings.decision_log.sinks == (
        StdoutSinkSettings(),
        FileSinkSettings(tmp_path / "log" / "decisions.jsonl"),
    )


def test_policies_come_from_a_tree_or_in_a_bundle(tmp_path: Path) -> None:
    assert load(tmp_path).policies == PolicySettings(tmp_path / "policies")
    found = load(tmp_path, BUNDLED).policies
    assert (found.path, found.watch, found.run_suites) == (None, False, False)
    bundle = found.bundle
    assert bundle is not None
    assert bundle.source is not None
    assert bundle.source.outgoing.url == bundle.shown_source
    assert bundle.source.bearer is not None
    assert (bundle.poll, bundle.timeout, bundle.maximum_age) == (10.0, 30.0, 3 * 86_400.0)
    assert (bundle.when_too_old, bundle.cache) == (WhenTooOld.DENY, tmp_path / "kept")
    assert bundle.keys == (tmp_path / "release.json", tmp_path / "next.json")
    found = load(tmp_path, BUNDLED_FILE).policies
    assert found.run_suites
    assert found.bundle is not None
    assert found.bundle.source is None
    assert found.bundle.shown_source == str(tmp_path / "production.bundle")
    assert found.bundle.maximum_age == 86_400.0


def test_every_value_knows_where_it_came_from(tmp_path: Path) -> None:
    environ = ENVIRON | {
        "DEEMSTER_LIMITS__BODY": "2MiB",
        "DEEMSTER_DECISION_LOG__WHEN_FULL": "drop",
    }
    settings = load(tmp_path, environ=environ)
    file = tmp_path / "deemster.yaml"
    found = origins(settings)
    assert found["policies.path"] == (str(tmp_path / "policies"), f"{file}:2")
    assert found["gateways[0].apiServices"] == ("invoices", f"{file}:6")
    assert found["limits.body"] == ("2MiB", "env DEEMSTER_LIMITS__BODY")
    assert found["limits.depth"] == ("64", "default")
    assert found["decisionLog.whenFull"] == ("drop", "env DEEMSTER_DECISION_LOG__WHEN_FULL")
    assert settings.limits.body == 2 * 1024**2
    assert settings.decision_log.when_full is WhenLogIsFull.DROP


def test_every_scalar_outside_lists_can_be_overridden_and_nothing_else(tmp_path: Path) -> None:
    more = """
listeners: {decisions: {plaintextBehind: mesh}, extAuthz: {plaintextBehind: mesh}, probes: {}}
authzen: {publicBaseUrl: "https://pdp.example.com"}
shared: {url: "redis://127.0.0.1:6379/0"}
"""
    read = {
        path
        for text in (SMALL + more, SMALL + TLS, BUNDLED, BUNDLED_FILE, SHADOW, SMALL + TRACING)
        for path in origins(load(tmp_path, text))
        if "[" not in path
    }
    assert read == {*OVERRIDABLE, "policies.bundle.keys"}  # which is a list


OVERRIDES = {
    "authzen.maxEvaluations": "50",
    "authzen.publicBaseUrl": "https://pdp.example.com/tenant1",
    "deadlines.attribute": "150ms",
    "deadlines.decision": "750ms",
    "deadlines.token": "200ms",
    "deadlines.user": "150ms",
    "decisionEndpoints.bulk": "7",
    "decisionEndpoints.recordRecentRequests": "true",
    "decisionLog.whenFull": "drop",
    "environment": "staging",
    "limits.body": "512KiB",
    "limits.bodyTimeout": "7s",
    "limits.concurrency": "64",
    "limits.connections": "128",
    "limits.depth": "32",
    "limits.headerCount": "100",
    "limits.headerTimeout": "6s",
    "limits.headers": "64KiB",
    "limits.idleTimeout": "90s",
    "limits.queueTimeout": "200ms",
    "listeners.decisions.bind": "127.0.0.1:0",
    "listeners.decisions.plaintextBehind": "sidecar",
    "listeners.decisions.server": "uvicorn",
    "listeners.decisions.tls.certificate": "certificates/deemster.pem",
    "listeners.decisions.tls.clientCa": "certificates/gateways.pem",
    "listeners.decisions.tls.key": "certificates/deemster.key",
    "listeners.decisions.workers": "1",
    "listeners.extAuthz.bind": "127.0.0.1:0",
    "listeners.extAuthz.plaintextBehind": "mesh",
    "listeners.extAuthz.tls.certificate": "certificates/deemster.pem",
    "listeners.extAuthz.tls.clientCa": "certificates/gateways.pem",
    "listeners.extAuthz.tls.key": "certificates/deemster.key",
    "listeners.management.bind": "[::1]:0",
    "listeners.management.tls.certificate": "certificates/deemster.pem",
    "listeners.management.tls.clientCa": "certificates/operators.pem",
    "listeners.management.tls.key": "certificates/deemster.key",
    "listeners.probes.bind": "127.0.0.1:9300",
    "policies.bundle.allowPrivate": "true",
    "policies.bundle.bearer": "${env:KONG_SECRET}",
    "policies.bundle.breaker.failures": "9",
    "policies.bundle.breaker.openFor": "30s",
    "policies.bundle.cache": "cache/policies",
    "policies.bundle.concurrency": "2",
    "policies.bundle.file": "next.bundle",
    "policies.bundle.maximumAge": "7200s",
    "policies.bundle.plaintextBehind": "mesh",
    "policies.bundle.poll": "30s",
    "policies.bundle.timeout": "5s",
    "policies.bundle.tls.ca": "certificates/ca.pem",
    "policies.bundle.tls.certificate": "certificates/deemster.pem",
    "policies.bundle.tls.key": "certificates/deemster.key",
    "policies.bundle.url": "https://policies.example.com/next",
    "policies.bundle.whenTooOld": "serve",
    "policies.path": "elsewhere",
    "policies.reload": "watch",
    "policies.selfTest": "suites",
    "revocations.maxStale": "90s",
    "revocations.refresh": "500ms",
    "revocations.whenStale": "serve",
    "shared.prefix": "pdp",
    "shared.timeout": "200ms",
    "shared.url": "redis://127.0.0.1:6379/1",
    "policies.shadow.path": "beside",
    "policies.shadow.share": "0.5",
    "tracing.otlp.allowPrivate": "true",
    "tracing.otlp.batch": "64KiB",
    "tracing.otlp.bearer": "${env:KONG_SECRET}",
    "tracing.otlp.breaker.failures": "3",
    "tracing.otlp.breaker.openFor": "5s",
    "tracing.otlp.buffer": "2MiB",
    "tracing.otlp.concurrency": "4",
    "tracing.otlp.interval": "500ms",
    "tracing.otlp.plaintextBehind": "mesh",
    "tracing.otlp.retryFor": "10s",
    "tracing.otlp.timeout": "2s",
    "tracing.otlp.tls.ca": "certificates/ca.pem",
    "tracing.otlp.tls.certificate": "certificates/deemster.pem",
    "tracing.otlp.tls.key": "certificates/deemster.key",
    "tracing.otlp.url": "https://other.example.com/v1/traces",
    "tracing.perSecond": "7",
    "tracing.share": "0.5",
}
SHADOW = SMALL.replace(
    "policies: {path: policies}", "policies: {path: policies, shadow: {path: next}}"
)
TRACING = """
tracing:
  otlp:
    url: https://traces.example.com/v1/traces
    bearer: "${env:KONG_SECRET}"
    plaintextBehind: mesh
    tls: {ca: ca.pem, certificate: a.pem, key: b.pem}
"""
SHARED = """
shared: {url: "redis://127.0.0.1:6379/0"}
"""


def test_the_table_of_overrides_is_whole() -> None:
    assert set(OVERRIDES) == set(OVERRIDABLE)


@pytest.mark.parametrize(("path", "text"), OVERRIDES.items())
def test_an_override_wins(tmp_path: Path, path: str, text: str) -> None:
    written = SMALL + TLS if ".tls." in path else SMALL
    if path.startswith("policies.bundle."):
        written = BUNDLED_FILE if path.endswith(".file") else BUNDLED
    if path.startswith("policies.shadow."):
        written = SHADOW
    if path.startswith("shared."):
        written += SHARED
    if path.startswith("tracing."):
        written = SMALL + TRACING
    settings = load(tmp_path, written, environ=ENVIRON | {variable_of(path): text})
    shown, origin = origins(settings)[path]
    is_path = path.endswith((".path", ".cache", ".file")) or ".tls." in path
    if text == "${env:KONG_SECRET}":
        text = "<secret of env:KONG_SECRET>"
    assert shown == (str(tmp_path / text) if is_path else text)
    assert origin == f"env {variable_of(path)}"


def test_credentials_of_gateways_are_read_by_kind(tmp_path: Path) -> None:
    digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    certificates = f"""
    certificates:
      - {{id: c1, san: Kong.Example.com}}
      - {{id: c2, san: "spiffe://example.com/Kong"}}
      - {{id: c3, san: "2001:DB8::1"}}
      - {{id: c4, spki: {digest}}}
decisionLog:"""
    settings = load(tmp_path, SMALL.replace("\ndecisionLog:", certificates) + TLS)
    gateway = settings.gateways[0]
    assert [(item.id, item.san) for item in gateway.certificates] == [
        ("c1", ("dns", "kong.example.com")),
        ("c2", ("uri", "spiffe://example.com/Kong")),
        ("c3", ("ip", "2001:db8::1")),
        ("c4", None),
    ]
    assert gateway.certificates[3].spki == hashlib.sha256(b"").digest()
    assert origins(settings)["gateways[0].certificates[3].spki"][0] == digest
    tls = settings.listeners.decisions.tls
    assert tls is not None
    assert (tls.certificate, tls.client_ca) == (tmp_path / "a.pem", tmp_path / "ca.pem")
    assert settings.insecure_flags == ()


def test_names_of_variables_are_snake_case_with_two_underscores_between_levels() -> None:
    assert variable_of("decisionLog.whenFull") == "DEEMSTER_DECISION_LOG__WHEN_FULL"
    assert variable_of("listeners.decisions.bind") == "DEEMSTER_LISTENERS__DECISIONS__BIND"


@pytest.mark.parametrize(
    "name",
    [
        "DEEMSTER_SERVICE_HOST",
        "DEEMSTER_SERVICE_PORT_HTTP",
        "DEEMSTER_PORT",
        "DEEMSTER_PORT_8080_TCP_ADDR",
    ],
)
def test_what_kubernetes_says_of_a_service_called_deemster_is_no_override(
    tmp_path: Path, name: str
) -> None:
    assert load(tmp_path, environ=ENVIRON | {name: "10.0.0.1"}) == load(tmp_path)


def test_a_variable_that_a_secret_names_is_no_override(tmp_path: Path) -> None:
    text = SMALL.replace("KONG_SECRET", "DEEMSTER_KONG")
    settings = load(tmp_path, text, {"DEEMSTER_KONG": SECRET})
    assert settings.gateways[0].secrets[0].value.reveal() == SECRET


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.gateways[0].secrets[0].value.reveal() == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.gateways[0].secrets[0].value)
    assert SECRET not in repr(settings.values)
    assert origins(settings)["gateways[0].secrets[0].value"][0] == "<secret of env:KONG_SECRET>"


def test_a_secret_written_out_is_masked_in_the_error_about_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, SMALL.replace("${env:KONG_SECRET}", SECRET))
    assert SECRET not in "".join(refused.value.sources.values())


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        pytest.param(SECRET, SECRET, id="as it is"),
        pytest.param(SECRET + "\n", SECRET, id="one line feed is the file's"),
        pytest.param(SECRET + "\r\n", SECRET, id="so is a carriage return before it"),
    ],
)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, content: str, secret: str) -> None:
    (tmp_path / "kong").write_bytes(content.encode())
    settings = load(tmp_path, SMALL.replace("env:KONG_SECRET", "file:kong"))
    assert settings.gateways[0].secrets[0].value.reveal() == secret


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\n", "is empty", id="an empty line"),
        pytest.param(b"\xff" * 40, "is not UTF-8", id="not text"),
        pytest.param(b"x" * 70_000, "is larger than 64 KiB", id="large"),
        pytest.param(b"x" * 40 + b"\n\n", "is not printable ASCII", id="two line feeds"),
        pytest.param("ü".encode() * 40, "is not printable ASCII", id="beyond ASCII"),
        pytest.param(b"x" * 31, "has 31 bytes, fewer than 32", id="short"),
    ],
)
def test_a_file_without_a_usable_secret_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "kong").write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, SMALL.replace("env:KONG_SECRET", "file:kong"))
    assert refused.value.diagnostics is not None
    assert [found for found in refused.value.diagnostics if message in found.message]


def test_a_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"deemster\.yaml` cannot be read: No such file"):
        load_settings(tmp_path / "deemster.yaml", {})


def test_a_database_beside_the_settings_is_found_from_everywhere(tmp_path: Path) -> None:
    text = SMALL + 'directories: [{id: people, sql: {url: "sqlite+aiosqlite:///people.db"}}]\n'
    source = load(tmp_path, text).directories[0].source
    assert isinstance(source, SqlDirectory)
    assert source.url.reveal() == f"sqlite+aiosqlite:///{tmp_path}/people.db"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:////var/lib/people.db",
        "sqlite+aiosqlite:///:memory:",
        "postgresql+asyncpg://deemster@db/people",
    ],
)
def test_other_database_urls_stay_as_they_are(tmp_path: Path, url: str) -> None:
    text = SMALL + f'directories: [{{id: people, sql: {{url: "{url}"}}}}]\n'
    source = load(tmp_path, text).directories[0].source
    assert isinstance(source, SqlDirectory)
    assert source.url.reveal() == url


def test_static_users_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(
        "users: {alice: {groups: [finance], attributes: {level: 3, code: '3', tags: [a, null]}}}",
        encoding="utf-8",
    )
    text = SMALL + "directories: [{id: people, static: {file: people.yaml}, cache: 5m}]\n"
    directory = load(tmp_path, text).directories[0]
    assert directory.cache == 300.0
    assert isinstance(directory.source, StaticDirectory)
    (alice,) = directory.source.users
    assert (alice.subject, alice.enabled, alice.groups) == ("alice", True, ("finance",))
    assert alice.attributes == {"level": 3, "code": "3", "tags": ["a", None]}


def test_an_error_in_a_file_of_users_points_into_that_file(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("users:\n  alice: {grups: []}\n", encoding="utf-8")
    text = SMALL + "directories: [{id: people, static: {file: people.yaml}}]\n"
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)
    assert refused.value.diagnostics is not None
    (found,) = refused.value.diagnostics
    assert found.span.place == f"{tmp_path / 'people.yaml'}:2"
    assert found.help == "did you mean `groups`?"


def test_the_production_example_loads(tmp_path: Path) -> None:
    secret_file = tmp_path / "apigee"
    secret_file.write_text(SECRET, encoding="utf-8")
    text = (EXAMPLES / "production.yaml").read_text(encoding="utf-8")
    settings = load(
        tmp_path,
        text.replace("/run/secrets/apigee", str(secret_file)),
        {
            "KONG_SECRET": SECRET,
            "KONG_SECRET_NEXT": SECRET[::-1],
            "PEOPLE_DATABASE": "postgresql+asyncpg://deemster:hunter2@db/people",
            "LEDGER_DATABASE": "postgresql+asyncpg://deemster:hunter2@db/ledger",
            "RISK_TOKEN": SECRET,
            "STATE_KEY": SECRET,
            "SHARED_REDIS": "redis://:hunter2@redis:6379/0",
        },
    )
    bizpro, partners = settings.token_providers
    assert isinstance(bizpro, VerifyingProviderSettings)
    assert bizpro.keys == DiscoveredKeySource()
    assert isinstance(partners, AssertedProviderSettings)
    assert settings.gateways[1].asserts == {"apigee-partners"}
    assert settings.insecure_flags == ("plaintextBehind",)
    assert "hunter2" not in repr(settings)


def test_the_trial_example_loads_and_says_what_is_insecure() -> None:
    settings = load_settings(EXAMPLES / "trial.yaml", {})
    (bizpro, _) = settings.token_providers
    assert isinstance(bizpro, VerifyingProviderSettings)
    assert isinstance(bizpro.keys, DevelopmentKeySource)
    assert settings.insecure_flags == ("insecureAnonymousGateway", "insecureDevelopmentKey")
    assert settings.insecure_anonymous_gateway is not None
    assert settings.insecure_anonymous_gateway.api_services == {"*"}


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match=re.escape("cannot assign to field 'environment'")):
        load(tmp_path).environment = "other"  # type: ignore[misc]


SOURCES = """
services:
  risk:
    url: https://risk.example.com/v1/
    bearer: "${env:RISK_TOKEN}"
    headers: {X-Api-Key: "${env:RISK_KEY}"}
    tls: {ca: ca.pem, certificate: own.pem, key: own.key}
    concurrency: 32
    breaker: {failures: 3, openFor: 5s}
  plain: {url: "http://orders.internal:8080", allowPrivate: true, plaintextBehind: mesh}
databases: {ledger: {url: "sqlite+aiosqlite:///ledger.db"}}
queries: {limit: {database: ledger, sql: "SELECT amount FROM limits WHERE owner = :owner;"}}
deadlines: {attribute: 150ms}
"""


def test_services_and_queries_are_read_with_their_defaults(tmp_path: Path) -> None:
    environ = {**ENVIRON, "RISK_TOKEN": "token-4711", "RISK_KEY": "key-4711"}
    settings = load(tmp_path, SMALL + SOURCES, environ)
    risk, plain = settings.services
    assert (risk.name, risk.outgoing.url, risk.outgoing.allow_private) == (
        "risk",
        "https://risk.example.com/v1/",
        False,
    )
    assert risk.bearer is not None
    assert risk.bearer.reveal() == "token-4711"
    assert [(name, value.reveal()) for name, value in risk.headers] == [("x-api-key", "key-4711")]
    assert risk.outgoing.tls.ca == tmp_path / "ca.pem"
    asked = risk.outgoing
    assert (asked.concurrency, asked.failures, asked.open_for) == (32, 3, 5.0)
    assert (plain.outgoing.allow_private, plain.bearer, plain.headers) == (True, None, ())
    asked = plain.outgoing
    assert (asked.concurrency, asked.failures, asked.open_for) == (16, 5, 10.0)
    [ledger] = settings.databases
    assert ledger.url.reveal() == f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
    [limit] = settings.queries
    assert limit.sql == "SELECT amount FROM limits WHERE owner = :owner"
    assert (limit.database, limit.rows, settings.deadlines.attribute) == ("ledger", 100, 0.15)
    shown = origins(settings)
    assert shown["services[risk].bearer"][0] == "<secret of env:RISK_TOKEN>"
    assert shown["services[risk].headers.X-Api-Key"][0] == "<secret of env:RISK_KEY>"
    assert "4711" not in str(settings) + repr(settings) + str(shown)


def test_identity_headers_have_a_default_that_is_replaced_as_a_whole(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.identity_headers == (
        ("X-Auth-User", "subject"),
        ("X-Auth-Client", "clientId"),
        ("X-Auth-Scope", "scope"),
    )
    assert origins(settings)["identityHeaders[X-Auth-User]"] == ("subject", "default")
    settings = load(tmp_path, SMALL + "identityHeaders: {X-User: subject, X-Id: decisionId}\n")
    assert settings.identity_headers == (("X-User", "subject"), ("X-Id", "decisionId"))
    file = tmp_path / "deemster.yaml"
    assert origins(settings)["identityHeaders[X-Id]"] == ("decisionId", f"{file}:9")
    assert load(tmp_path, SMALL + "identityHeaders: {}\n").identity_headers == ()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://pdp.example.com", "expected an https URL"),
        ("https://pdp.example.com/", "expected no slash at its end"),
        ("https://pdp.example.com?", "expected a URL without user, query and fragment"),
        ("https://pdp.example.com#", "expected a URL without user, query and fragment"),
        ("https://joe@pdp.example.com", "expected a URL without user, query and fragment"),
        ("https://pdp.example.com/a%2Fb", "expected plain segments in its path"),
        ("https://pdp.example.com/a/../b", "expected plain segments in its path"),
        ("https://pdp.example.com//a", "expected plain segments in its path"),
        ("https://", "expected an https URL"),
    ],
)
def test_a_public_base_url_is_one_that_everybody_reads_alike(
    tmp_path: Path, url: str, why: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, SMALL + f'authzen: {{publicBaseUrl: "{url}"}}\n')
    assert refused.value.diagnostics is not None
    assert [why in found.message for found in refused.value.diagnostics.errors] == [True]


def test_without_a_public_base_url_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL).authzen == AuthzenSettings(None, 100)


def test_decision_endpoints_keep_nothing_unless_told_to(tmp_path: Path) -> None:
    settings = load(tmp_path).decision_endpoints
    assert (settings.bulk, settings.record_recent_requests) == (20, False)
    more = "decisionEndpoints: {bulk: 50, recordRecentRequests: true}\n"
    settings = load(tmp_path, SMALL + more).decision_endpoints
    assert (settings.bulk, settings.record_recent_requests) == (50, True)


def test_forward_auth_profiles_say_what_their_gateways_tell_and_copy(tmp_path: Path) -> None:
    assert load(tmp_path).forward_auth == ()
    text = """
forwardAuth:
  profiles:
    traefik: {clientIp: {from: X-Forwarded-For, trustedHops: 2}, copies: [X-Tenant]}
    nginx: {clientIp: {from: X-Real-IP}}
"""
    settings = load(tmp_path, SMALL + text)
    assert settings.forward_auth == (
        ForwardAuthSettings("traefik", ClientIpSettings("x-forwarded-for", 2), ("x-tenant",)),
        ForwardAuthSettings("nginx", ClientIpSettings("x-real-ip", 0), ()),
    )
    shown = origins(settings)
    assert shown["forwardAuth.profiles[nginx].clientIp.trustedHops"] == ("0", "default")
    assert shown["forwardAuth.profiles[traefik].copies"][0] == "x-tenant"
