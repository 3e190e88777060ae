"""Where policies come from, and what happens when nothing is heard of them any more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deemster.settings.outgoing_model import ServiceSettings

__all__ = ["BundleSettings", "PolicySettings", "ShadowSettings", "WhenTooOld"]


class WhenTooOld(Enum):
    """`policies.bundle.whenTooOld`, which must be written."""

    SERVE = "serve"
    """Go on; a gauge and a warning tell."""
    DEGRADE = "degrade"
    """Go on; `/ready` says degraded as well."""
    DENY = "deny"
    """Deny every call, `policy-too-old`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSettings:
    """`policies.bundle:`, a signed bundle from `source` (HTTP) or `file`: one of them is None.

    `keys` are files of public keys; `cache` is the folder of the last known good bundle.
    """

    source: ServiceSettings | None
    file: Path | None
    keys: tuple[Path, ...]
    poll: float
    timeout: float
    maximum_age: float
    when_too_old: WhenTooOld
    cache: Path

    @property
    def shown_source(self) -> str:
        """As messages name it."""
        return self.source.outgoing.url if self.source is not None else str(self.file)


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """`policies.shadow:`, a tree that is asked beside the live one; `share` of the calls."""

    path: Path
    share: float


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """`policies:`, a tree at `path`, which is None where there is a `bundle` instead.

    `watch`: changes of the tree are taken as they happen. `run_suites`: a tree whose own tests
    fail is not taken.
    """

    path: Path | None
    bundle: BundleSettings | None = None
    watch: bool = False
    run_suites: bool = False
    shadow: ShadowSettings | None = None
