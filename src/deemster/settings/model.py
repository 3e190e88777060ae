"""One frozen tree of all that an operator decides. Times in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from deemster.settings.decision_log_model import DecisionLogSettings, TracingSettings
from deemster.settings.directory_model import DirectorySettings
from deemster.settings.outgoing_model import DatabaseSettings, QuerySettings, ServiceSettings
from deemster.settings.policy_model import PolicySettings
from deemster.settings.provider_model import (
    DevelopmentKeySource,
    TokenProviderSettings,
    VerifyingProviderSettings,
)
from deemster.settings.secret import Secret

__all__ = [
    "AnonymousGatewaySettings",
    "AuthzenSettings",
    "Bind",
    "ClientIpSettings",
    "DeadlineSettings",
    "DecisionEndpointSettings",
    "DecisionsListenerSettings",
    "ExtAuthzListenerSettings",
    "ExtAuthzSettings",
    "ForwardAuthSettings",
    "GatewayCertificateSettings",
    "GatewaySecretSettings",
    "GatewaySettings",
    "GatewayTokenSettings",
    "LimitSettings",
    "ListenerSettings",
    "RevocationSettings",
    "SettingValue",
    "Settings",
    "SharedSettings",
    "StateKeySettings",
    "TlsSettings",
]


@dataclass(frozen=True, slots=True)
class Bind:
    """Where to listen; `host` is an address, port 0 any free one."""

    host: str
    port: int
    is_loopback: bool

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """`tls:` of a listener: who we are, and who issues the certificates of clients (None: not
    asked for)."""

    certificate: Path
    key: Path
    client_ca: Path | None


@dataclass(frozen=True, slots=True)
class DecisionsListenerSettings:
    """`listeners.decisions:`; `plaintext_behind` says who protects a bind off loopback, `server` is
    `uvicorn` or `hypercorn`, `workers` is how many processes decide."""

    bind: Bind
    plaintext_behind: str | None
    tls: TlsSettings | None = None
    server: str = "uvicorn"
    workers: int = 1


@dataclass(frozen=True, slots=True)
class ExtAuthzListenerSettings:
    """`listeners.extAuthz:`, Envoy's ext_authz over gRPC; the members as of decisions."""

    bind: Bind
    plaintext_behind: str | None
    tls: TlsSettings | None = None


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """`listeners:`; `ext_authz` is None where nothing listens for it, `management_tls` protects
    `management`, `probes` is None where only `management` answers them."""

    decisions: DecisionsListenerSettings
    management: Bind
    ext_authz: ExtAuthzListenerSettings | None = None
    management_tls: TlsSettings | None = None
    probes: Bind | None = None

    @property
    def all_on_loopback(self) -> bool:
        """Whether only this machine can ask for decisions."""
        grpc = self.ext_authz
        return self.decisions.bind.is_loopback and (grpc is None or grpc.bind.is_loopback)


@dataclass(frozen=True, slots=True)
class GatewaySecretSettings:
    """One live secret of a gateway."""

    id: str
    value: Secret


@dataclass(frozen=True, slots=True)
class GatewayCertificateSettings:
    """One certificate of a gateway: by a name as (`dns` | `uri` | `ip`, text), or by the SHA-256
    of its key; one of them is None."""

    id: str
    san: tuple[str, str] | None
    spki: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTokenSettings:
    """One kind of access token of a gateway; `client_id`, `subject` or both are set."""

    id: str
    provider: str
    audience: str
    client_id: str | None
    subject: str | None
    scope: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """One entry of `gateways:`; `api_services` may hold `*`; `claims` None: by provider."""

    id: str
    protocols: frozenset[str]
    api_services: frozenset[str]
    secrets: tuple[GatewaySecretSettings, ...]
    secret_header: str
    asserts: frozenset[str]
    claims: str | None
    may_name_subjects: bool
    certificates: tuple[GatewayCertificateSettings, ...] = ()
    access_tokens: tuple[GatewayTokenSettings, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousGatewaySettings:
    """`insecureAnonymousGateway:`, who a caller without a secret is taken for."""

    id: str
    protocols: frozenset[str]
    api_services: frozenset[str]
    claims: str | None


@dataclass(frozen=True, slots=True)
class SharedSettings:
    """`shared:`, a Redis that all processes and replicas use."""

    url: Secret
    prefix: str
    timeout: float


@dataclass(frozen=True, slots=True)
class RevocationSettings:
    """`revocations:`; `serve_stale`: what was known serves on when the store is lost for long."""

    refresh: float = 1.0
    max_stale: float = 60.0
    serve_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """`limits:`"""

    body: int
    headers: int
    header_count: int
    depth: int
    concurrency: int
    connections: int
    header_timeout: float
    body_timeout: float
    idle_timeout: float
    queue_timeout: float


@dataclass(frozen=True, slots=True)
class DecisionEndpointSettings:
    """`decisionEndpoints:`; `bulk` is the most questions in one request."""

    bulk: int = 20
    record_recent_requests: bool = False


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """`deadlines:`"""

    decision: float
    token: float
    user: float
    attribute: float


@dataclass(frozen=True, slots=True)
class AuthzenSettings:
    """`authzen:`; without a `public_base_url` the service does not tell about itself.

    `max_evaluations`: questions in one call.
    """

    public_base_url: str | None = None
    max_evaluations: int = 100


@dataclass(frozen=True, slots=True)
class StateKeySettings:
    """One entry of `stateKeys:`."""

    id: str
    value: Secret


@dataclass(frozen=True, slots=True)
class ClientIpSettings:
    """`clientIp:`, the one header field that a gateway tells the client's address in."""

    header: str
    trusted_hops: int


@dataclass(frozen=True, slots=True)
class ForwardAuthSettings:
    """One entry of `forwardAuth.profiles:`; `copies` are lower-case names of header fields."""

    name: str
    client_ip: ClientIpSettings | None
    copies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExtAuthzSettings:
    """`extAuthz:`, by mode; `copies` are header fields that an Envoy over HTTP copies."""

    grpc_client_ip: ClientIpSettings | None = None
    http_client_ip: ClientIpSettings | None = None
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One effective setting as `show-config` prints it: secrets hidden.

    `origin` is `default`, `FILE:LINE` or `env NAME`.
    """

    path: str
    shown: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything. `values` lists each effective setting with where it came from, `files` are those
    that were read for them.

    `identity_headers`: (name as written, what it says).
    """

    environment: str
    policies: PolicySettings
    listeners: ListenerSettings
    gateways: tuple[GatewaySettings, ...]
    insecure_anonymous_gateway: AnonymousGatewaySettings | None
    token_providers: tuple[TokenProviderSettings, ...]
    directories: tuple[DirectorySettings, ...]
    limits: LimitSettings
    deadlines: DeadlineSettings
    decision_log: DecisionLogSettings
    services: tuple[ServiceSettings, ...] = ()
    databases: tuple[DatabaseSettings, ...] = ()
    queries: tuple[QuerySettings, ...] = ()
    state_keys: tuple[StateKeySettings, ...] = ()
    tracing: TracingSettings | None = None
    shared: SharedSettings | None = None
    revocations: RevocationSettings = RevocationSettings()
    identity_headers: tuple[tuple[str, str], ...] = ()
    authzen: AuthzenSettings = AuthzenSettings()
    decision_endpoints: DecisionEndpointSettings = DecisionEndpointSettings()
    forward_auth: tuple[ForwardAuthSettings, ...] = ()
    ext_authz: ExtAuthzSettings = ExtAuthzSettings()
    values: tuple[SettingValue, ...] = field(default=(), repr=False, compare=False)
    files: tuple[Path, ...] = field(default=(), repr=False, compare=False)

    @property
    def insecure_flags(self) -> tuple[str, ...]:
        """Names of the settings meant for trials, or for a protected network, that are on."""
        flags = []
        if self.insecure_anonymous_gateway is not None:
            flags.append("insecureAnonymousGateway")
        if any(
            isinstance(provider, VerifyingProviderSettings)
            and isinstance(provider.keys, DevelopmentKeySource)
            for provider in self.token_providers
        ):
            flags.append("insecureDevelopmentKey")
        ext_authz = self.listeners.ext_authz
        if self.listeners.decisions.plaintext_behind is not None or (
            ext_authz is not None and ext_authz.plaintext_behind is not None
        ):
            flags.append("plaintextBehind")
        return tuple(flags)
