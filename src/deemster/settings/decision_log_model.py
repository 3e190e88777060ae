"""`decisionLog:` as read: where records go, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from deemster.settings.secret import Secret

__all__ = [
    "DecisionLogSettings",
    "FileSinkSettings",
    "Redact",
    "ReplaySettings",
    "SinkSettings",
    "StdoutSinkSettings",
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
    """`{file: {path: …}}`"""

    path: Path


SinkSettings = StdoutSinkSettings | FileSinkSettings


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
