"""The policy enforcement point that asks, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALL_API_SERVICES", "Gateway", "GatewayCaller"]

ALL_API_SERVICES = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One entry of `gateways:` in the settings.

    `api_services` holds API service ids, or `ALL_API_SERVICES` alone. `asserts` holds ids of the
    token providers whose claims this gateway may assert. `claims` says what happens to claims it
    may not assert: `refuse`, `ignore`, or None for the default (refuse where the provider is
    external, ignore where it is internal).
    """

    id: str
    protocols: frozenset[str]
    api_services: frozenset[str]
    asserts: frozenset[str] = frozenset()
    claims: str | None = None
    may_name_subjects: bool = False

    def may_ask_for(self, api_service: str) -> bool:
        """Whether calls to this API service are this gateway's business."""
        return api_service in self.api_services or ALL_API_SERVICES in self.api_services


@dataclass(frozen=True, slots=True)
class GatewayCaller:
    """An authenticated gateway, and what proved it (for the decision record).

    `secret_id` is the id of the secret, certificate or access token among the gateway's settings;
    None for the anonymous gateway.
    """

    gateway: Gateway
    secret_id: str | None
