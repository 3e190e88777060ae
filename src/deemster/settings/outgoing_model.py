"""What is asked over the network, and by which means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deemster.settings.secret import Secret

__all__ = [
    "DatabaseSettings",
    "OutgoingSettings",
    "QuerySettings",
    "ServiceSettings",
    "ServiceTls",
]


@dataclass(frozen=True, slots=True)
class ServiceTls:
    """`tls:` of a service: whom to trust instead of the system's CAs, and who we are."""

    ca: Path | None
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSettings:
    """Where an HTTP service is, and how it may be asked.

    `failures` in a row open the circuit for `open_for` seconds.
    """

    url: str
    allow_private: bool
    tls: ServiceTls
    concurrency: int
    failures: int
    open_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """One entry of `services:`, an HTTP service that attributes may ask.

    `headers` go with every call, lower-case; `bearer` is one more of them.
    """

    name: str
    outgoing: OutgoingSettings
    headers: tuple[tuple[str, Secret], ...]
    bearer: Secret | None


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """One entry of `databases:`; the URL may hold a password."""

    name: str
    url: Secret


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """One entry of `queries:`: a SELECT with `:parameters`, and how many rows it may give."""

    name: str
    database: str
    sql: str
    rows: int
