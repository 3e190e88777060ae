"""Where users are looked up. Times in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.settings.outgoing_model import OutgoingSettings
from deemster.settings.provider_model import PluginSettings
from deemster.settings.secret import Secret
from deemster.usercontext.mapping import UserMapping
from deemster.usercontext.scim import ScimRules

__all__ = [
    "BasicCredentials",
    "ClaimsDirectorySettings",
    "DirectorySettings",
    "DirectorySource",
    "ScimDirectory",
    "SqlDirectory",
    "StaticDirectory",
    "StaticUser",
    "UserinfoDirectory",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticUser:
    """One user of a static directory."""

    subject: str
    enabled: bool
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    attributes: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaticDirectory:
    """`static: {users: …}` or `static: {file: …}`"""

    users: tuple[StaticUser, ...]


@dataclass(frozen=True, slots=True)
class SqlDirectory:
    """`sql: {url: …}`; the URL may hold a password.

    `queries` are None for our own tables, else by part (`user`, `groups`, …). `notify` is the
    channel on which PostgreSQL tells of changed users, None where nobody listens.
    """

    url: Secret
    queries: Mapping[str, str] | None = None
    notify: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimsDirectorySettings:
    """`claims: {groups: …, roles: …, attributes: {…}}`"""

    mapping: UserMapping


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """`auth: {basic: {user: …, password: …}}`"""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class ScimDirectory:
    """`scim: {…}`; `auth` is a bearer token, a user with a password, or None."""

    outgoing: OutgoingSettings
    auth: Secret | BasicCredentials | None
    rules: ScimRules


@dataclass(frozen=True, slots=True)
class UserinfoDirectory:
    """`userinfo: {…}`; `discovery` says that the URL is an issuer's, whose metadata name the
    endpoint."""

    outgoing: OutgoingSettings
    discovery: bool
    mapping: UserMapping


DirectorySource = (
    StaticDirectory
    | SqlDirectory
    | ClaimsDirectorySettings
    | ScimDirectory
    | UserinfoDirectory
    | PluginSettings
)


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """One entry of `directories:`; `cache` is how long its answers are kept."""

    id: str
    source: DirectorySource
    cache: float
