"""The state of the service as the management listener tells it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServiceStatus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """`ready` says whether calls should be sent here.

    `degraded` is why the last reload was refused while the state before it serves; such a
    service is ready. `insecure` names the settings meant for trials that are on. `workers`: how
    many serve, of how many; None where there is one process.
    """

    ready: bool
    environment: str
    revision: str | None
    degraded: str | None
    insecure: tuple[str, ...]
    workers: tuple[int, int] | None = None
