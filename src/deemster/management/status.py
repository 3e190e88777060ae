"""The state of the service as the management listener tells it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PolicyStatus", "ServiceStatus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatus:
    """Where the policies that serve come from: `tree`, `bundle` or `last-known-good`.

    `age` in seconds since their source confirmed them, `expires` seconds since 1970; None where
    nobody has to confirm anything. `trouble`: why they could not be asked for, or kept, lately.
    """

    source: str
    sequence: int | None = None
    age: float | None = None
    expires: float | None = None
    too_old: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """`ready` says whether calls should be sent here.

    `degraded` is why the last reload was refused while the state before it serves, or why
    policies are too old; such a service is ready. `insecure` names the settings meant for trials
    that are on, `restart_needed` those whose change waits for a restart. `workers`:
    how many serve, of how many; None where there is one process.
    """

    ready: bool
    environment: str
    revision: str | None
    degraded: str | None
    insecure: tuple[str, ...]
    policies: PolicyStatus | None = None
    workers: tuple[int, int] | None = None
    restart_needed: tuple[str, ...] = ()
