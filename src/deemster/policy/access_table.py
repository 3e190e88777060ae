"""From an AuthZEN question to the operation that answers it: by resource type and action.

A pair belongs to one operation in the whole tree (policy-language section 12).
"""

from __future__ import annotations

from collections.abc import Iterable

from deemster.policy.snapshot import CompiledOperation, RoutedCall

__all__ = ["AccessTable"]


class AccessTable:
    """Who answers which questions. Built once with a snapshot, and never changed."""

    __slots__ = ("_by_pair", "_by_type")

    def __init__(
        self, entries: Iterable[tuple[str, Iterable[str], RoutedCall, CompiledOperation]] = ()
    ) -> None:
        """`entries`: resource type, actions, the service, its operation. The pairs differ."""
        self._by_pair: dict[tuple[str, str], tuple[RoutedCall, CompiledOperation]] = {}
        self._by_type: dict[str, dict[str, RoutedCall]] = {}
        for resource_type, actions, routed, operation in entries:
            self._by_type.setdefault(resource_type, {})[routed.service.id] = routed
            for action in actions:
                if self._by_pair.setdefault((resource_type, action), (routed, operation)) != (
                    routed,
                    operation,
                ):
                    raise ValueError(f"`{action}` of `{resource_type}` has two operations")

    def find(self, resource_type: str, action: str) -> tuple[RoutedCall, CompiledOperation] | None:
        """The operation that answers, with its service; None where nobody does."""
        return self._by_pair.get((resource_type, action))

    def services_of(self, resource_type: str) -> tuple[RoutedCall, ...]:
        """The services that answer anything about resources of this type."""
        return tuple(self._by_type.get(resource_type, {}).values())
