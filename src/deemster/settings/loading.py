"""One YAML file and the environment ► one frozen `Settings`, or every finding at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from deemster.errors import ConfigurationError
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.nodes import MappingNode
from deemster.policy.reading.reader import read_document
from deemster.settings.authzen_sections import read_authzen
from deemster.settings.credential_rules import check_credentials
from deemster.settings.decision_endpoint_sections import read_decision_endpoints
from deemster.settings.decision_log_sections import read_decision_log
from deemster.settings.directory_rules import check_directories
from deemster.settings.directory_sections import read_directory
from deemster.settings.environment import Overrides
from deemster.settings.ext_authz_sections import check_ext_authz, read_ext_authz
from deemster.settings.forward_auth_sections import read_forward_auth
from deemster.settings.gateway_sections import read_anonymous_gateway, read_gateway
from deemster.settings.identity_sections import read_identity_headers
from deemster.settings.listener_sections import read_listeners
from deemster.settings.model import GatewaySettings, Settings
from deemster.settings.policy_sections import read_policies
from deemster.settings.provider_model import TokenProviderSettings
from deemster.settings.provider_sections import read_token_provider
from deemster.settings.reading import Reading
from deemster.settings.rules import (
    check_gateways,
    check_listeners,
    check_providers,
    check_shared,
    check_unique,
)
from deemster.settings.scalars import parse_id
from deemster.settings.secret import referenced_variables
from deemster.settings.section import Section
from deemster.settings.service_sections import (
    read_deadlines,
    read_limits,
)
from deemster.settings.shared_sections import read_revocation_settings, read_shared
from deemster.settings.source_sections import read_databases, read_queries, read_services
from deemster.settings.state_key_sections import read_state_keys
from deemster.settings.tracing_sections import read_tracing

__all__ = ["load_settings"]

T = TypeVar("T")

LATER = ("admin", "console")


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in `path`, with the overrides and secrets of `environ`.

    Raises ConfigurationError: every finding with its place; no message holds a secret.
    """
    shown = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the settings file `{shown}` cannot be read: {error.strerror or 'no such file'}"
        ) from None
    sink = DiagnosticSink()
    reading = Reading(sink, path.parent, environ)
    reading.files.append(path)
    reading.sources[shown] = content.decode("utf-8", "replace")
    root = read_document(content, shown, sink)
    settings = None
    if root is not None and not isinstance(root, MappingNode):
        sink.error(Code.WRONG_TYPE, "the settings are not a mapping", root.span)
    elif root is not None:
        overrides = Overrides(environ)
        reading.sources.update(overrides.sources())
        settings = _read(Section(reading, overrides.applied_to(root), ""))
        overrides.report_unknown(sink, referenced_variables(reading.sources[shown]))
    found = sink.finish()
    if found.errors or settings is None:
        count = len(found.errors)
        raise ConfigurationError(
            f"the settings have {count} error{'' if count == 1 else 's'}",
            diagnostics=found,
            sources=reading.shown_sources(),
        )
    return settings


def _read(root: Section) -> Settings | None:
    reading = root.reading
    environment = root.optional("environment", parse_id, "local")
    policies = read_policies(root.section("policies"))
    listeners = read_listeners(root.section("listeners"))
    gateways: list[tuple[GatewaySettings, str]] = _read_list(root, "gateways", read_gateway)
    anonymous = None
    if root.has("insecureAnonymousGateway"):
        anonymous = read_anonymous_gateway(root.section("insecureAnonymousGateway"))
    root.take("insecureAnonymousGateway")
    providers: list[tuple[TokenProviderSettings, str]] = _read_list(
        root, "tokenProviders", read_token_provider
    )
    directories = _read_list(root, "directories", read_directory)
    services = read_services(root)
    databases = read_databases(root)
    queries = read_queries(root)
    state_keys = read_state_keys(root)
    shared = read_shared(root)
    revocations = read_revocation_settings(root.section("revocations"))
    identity_headers = read_identity_headers(root)
    decision_endpoints = read_decision_endpoints(root.section("decisionEndpoints"))
    forward_auth = read_forward_auth(root.section("forwardAuth"), identity_headers)
    ext_authz = read_ext_authz(root, identity_headers)
    limits = read_limits(root.section("limits"))
    deadlines = read_deadlines(root.section("deadlines"))
    decision_log = read_decision_log(root.section("decisionLog"))
    authzen = read_authzen(root.section("authzen"))
    tracing = read_tracing(root)
    root.unsupported(*LATER)
    root.finish()

    check_unique(reading, "gateways", [(g.id, f"{path}.id") for g, path in gateways])
    check_unique(reading, "token providers", [(p.id, f"{path}.id") for p, path in providers])
    check_unique(reading, "directories", [(d.id, f"{path}.id") for d, path in directories])
    check_listeners(reading, listeners, anonymous)
    check_ext_authz(reading, listeners, gateways)
    check_providers(reading, providers, _ids_of(reading, "directories"), listeners)
    check_shared(reading, providers, listeners, is_shared=root.has("shared"))
    check_directories(reading, providers, [directory for directory, _ in directories])
    if gateways or not root.sections("gateways"):
        check_gateways(reading, gateways, anonymous, _ids_of(reading, "tokenProviders"))
    check_credentials(reading, gateways, [p for p, _ in providers], listeners)
    if policies is None or decision_log is None:
        return None
    return Settings(
        environment=environment,
        policies=policies,
        listeners=listeners,
        gateways=tuple([gateway for gateway, _ in gateways]),
        insecure_anonymous_gateway=anonymous,
        token_providers=tuple([provider for provider, _ in providers]),
        directories=tuple([directory for directory, _ in directories]),
        limits=limits,
        deadlines=deadlines,
        decision_log=decision_log,
        services=services,
        databases=databases,
        queries=queries,
        state_keys=state_keys,
        tracing=tracing,
        shared=shared,
        revocations=revocations,
        identity_headers=identity_headers,
        authzen=authzen,
        decision_endpoints=decision_endpoints,
        forward_auth=forward_auth,
        ext_authz=ext_authz,
        values=tuple(reading.values),
        files=tuple(reading.files),
    )


def _ids_of(reading: Reading, key: str) -> list[str]:
    """Ids as written, also of what could not be read: one mistake is one error."""
    return [
        value.shown
        for value in reading.values
        if value.path.startswith(f"{key}[") and value.path.endswith("].id")
    ]


def _read_list(root: Section, key: str, read: Callable[[Section], T | None]) -> list[tuple[T, str]]:
    """What could be read, each with its path."""
    found = []
    for section in root.sections(key):
        item = read(section)
        if item is not None:
            found.append((item, section.path))
    return found
