"""`decisionLog:` and `tracing:` as read: where records and traces go, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from deemster.settings.outgoing_model import OutgoingSettings
from deemster.settings.secret import Secret

__all__ = [
    "DecisionLogSettings",
    "FileSinkSettings",
    "HttpSinkSettings",
    "Redact",
    "ReplaySettings",
    "SinkProtocol",
    "SinkSettings",
    "StdoutSinkSettings",
    "TracingSettings",
    "WhenLogIsFull",
]


class WhenLogIsFull(Enum):
    """`decisionLog.whenFull`, which must be written."""

    DROP = "drop"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class StdoutSinkSettings:
    """`{stdout: {}}`"""


@dataclass(frozen=True, slots=True)
class FileSinkSettings:
    """`{file: {path: …}}`. `rotate_at` in octets, None: somebody else rotates it."""

    path: Path
    rotate_at: int | None = None
    keep: int = 0


class SinkProtocol(Enum):
    """What is posted."""

    NDJSON = "http"
    OTLP = "otlp"


@dataclass(frozen=True, slots=True)
class HttpSinkSettings:
    """`{http: {url: …}}` and `{otlp: {url: …}}`. Times in seconds, `batch` in octets."""

    protocol: SinkProtocol
    outgoing: OutgoingSettings
    bearer: Secret | None
    timeout: float
    retry_for: float
    batch: int
    interval: float
    buffer: int


SinkSettings = StdoutSinkSettings | FileSinkSettings | HttpSinkSettings


class Redact(Enum):
    """What `decisionLog.redact` puts in place of a member."""

    REMOVE = "remove"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """`decisionLog.replay:`: names whose values a record may hold, so that it can be replayed."""

    claims: tuple[str, ...]
    headers: tuple[str, ...]
    query: tuple[str, ...]
    user: tuple[str, ...]
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionLogSettings:
    """`decisionLog:`. `redact`: member of a record ► what becomes of it."""

    sinks: tuple[SinkSettings, ...]
    when_full: WhenLogIsFull
    redact: Mapping[str, Redact] = field(default_factory=dict)
    salt: Secret | None = None
    replay: ReplaySettings | None = None


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """`tracing:`; `share` from 0 to 1 of the calls that belong to no trace, `per_second` at most,
    in each process."""

    collector: HttpSinkSettings
    share: float
    per_second: int
