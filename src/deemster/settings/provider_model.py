"""Who issues tokens, and how they are verified. Times in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deemster.model.sender import NO_PROOF, SenderRules
from deemster.settings.secret import Secret

__all__ = [
    "AssertedProviderSettings",
    "CertificateAuthentication",
    "ClientAuthenticationSettings",
    "DevelopmentKeySource",
    "DiscoveredKeySource",
    "FileKeySource",
    "InlineKeySource",
    "IntrospectionSettings",
    "IssuerSettings",
    "KeyAuthentication",
    "KeyFetchingSettings",
    "KeySource",
    "PluginSettings",
    "PublishedKeySource",
    "SecretAuthentication",
    "TokenProviderSettings",
    "VerifyingProviderSettings",
]


@dataclass(frozen=True, slots=True)
class DiscoveredKeySource:
    """`keys: {discovery: true}`"""


@dataclass(frozen=True, slots=True)
class PublishedKeySource:
    """`keys: {jwksUrl: …}`"""

    url: str


@dataclass(frozen=True, slots=True)
class FileKeySource:
    """`keys: {file: …}`, a JWK set."""

    path: Path


@dataclass(frozen=True, slots=True)
class InlineKeySource:
    """`keys: {inline: […]}`, as the JWK set that they make."""

    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFetchingSettings:
    """How published keys are fetched: `refresh`, `cool_down` and `max_stale` in seconds;
    `allow_private`: the issuer may be on a private network."""

    refresh: float = 600.0
    cool_down: float = 30.0
    max_stale: float = 86_400.0
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class DevelopmentKeySource:
    """`keys: {insecureDevelopmentKey: …}`, made at first use; None: lives in the process only."""

    path: Path | None


KeySource = (
    DiscoveredKeySource
    | PublishedKeySource
    | FileKeySource
    | InlineKeySource
    | DevelopmentKeySource
)


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """One of `issuers:` of an external provider."""

    issuer: str
    keys: KeySource
    fetching: KeyFetchingSettings


@dataclass(frozen=True, slots=True)
class SecretAuthentication:
    """`auth: {clientSecretBasic: …}`"""

    secret: Secret


@dataclass(frozen=True, slots=True)
class KeyAuthentication:
    """`auth: {privateKeyJwt: …}`; `audience` is None for the issuer."""

    key: Path
    algorithm: str
    key_id: str
    audience: str | None


@dataclass(frozen=True, slots=True)
class CertificateAuthentication:
    """`auth: {mtls: …}`"""

    certificate: Path
    key: Path


ClientAuthenticationSettings = SecretAuthentication | KeyAuthentication | CertificateAuthentication


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionSettings:
    """`introspection:` of a token provider; `url` is None where discovery finds the endpoint.

    Times are in seconds. `failures` in a row open the circuit for `open_for` seconds.
    """

    url: str | None
    client_id: str
    auth: ClientAuthenticationSettings
    audience_by_endpoint: bool
    allow_private: bool
    ca: Path | None
    cache: float
    negative_cache: float
    timeout: float
    concurrency: int
    failures: int
    open_for: float


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """`plugin: {name: …, settings: {…}}`; relative paths in the settings start at `folder`."""

    name: str
    settings: Mapping[str, object] = field(repr=False)
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingProviderSettings:
    """An internal provider, or an external one with `claims: verified`.

    One of `keys`, `introspection` and `plugin` is not None; but for the first `algorithms` and
    `token_type` mean nothing.

    `directory` is None, and `permissions_claim` and `user_claim` mean nothing, where it is
    external. `revocation_kept`: how long revocations are, None where nobody looks for them.
    `longest_life`: seconds from `iat` to `exp`, None for as long as the issuer likes.
    `other_issuers`: besides `issuer`, for external ones.
    """

    id: str
    internal: bool
    issuer: str
    keys: KeySource | None
    algorithms: tuple[str, ...]
    token_type: str
    skew: float
    scope_claim: str
    permissions_claim: str | None
    user_claim: str
    honour_exp: bool
    directory: str | None
    senders: SenderRules = NO_PROOF
    revocation_kept: float | None = None
    introspection: IntrospectionSettings | None = None
    fetching: KeyFetchingSettings = KeyFetchingSettings()
    longest_life: float | None = None
    other_issuers: tuple[IssuerSettings, ...] = ()
    plugin: PluginSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertedProviderSettings:
    """An external provider with `claims: asserted`: only a gateway can vouch."""

    id: str
    skew: float
    scope_claim: str
    honour_exp: bool


TokenProviderSettings = VerifyingProviderSettings | AssertedProviderSettings
