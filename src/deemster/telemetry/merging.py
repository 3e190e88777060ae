"""Figures of several processes as those of one service: counters are added up, exactly.

A registry ► told_families ► (another process) ► MergedFamilies ► families for a scrape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

__all__ = ["MergedFamilies", "told_families"]

OF_ONE = frozenset(
    {
        "deemster_build",
        "deemster_bundle_polls",
        "deemster_degraded",
        "deemster_insecure",
        "deemster_policy_age_seconds",
        "deemster_policy_expires_timestamp_seconds",
        "deemster_policy_loaded_timestamp_seconds",
        "deemster_policy_sequence",
        "deemster_policy_too_old",
        "deemster_reloads",
        "deemster_restart_needed",
    }
)
"""Families that are about the service and not about one process: the supervisor tells its own."""
_OF_A_PROCESS = ("process_",)
_LASTING = frozenset({"deemster_gateway_secret_used_timestamp_seconds"})
"""Gauges that stay true when the process that told them has ended."""
_WORST: Mapping[str, Callable[[float, float], float]] = {
    "deemster_gateway_secret_used_timestamp_seconds": max,
    "deemster_provider_keys": min,
    "deemster_provider_keys_age_seconds": max,
    "deemster_revocations": min,
    "deemster_revocations_age_seconds": max,
    "deemster_shared_store_up": min,
}
"""Gauges of what all know: the service is as well off as the worst of them."""

Told = Sequence[Mapping[str, Any]]
"""Families as JSON: name, documentation, type, samples ([name, labels, value])."""


def told_families(registry: CollectorRegistry) -> list[dict[str, Any]]:
    """What a worker tells of its own."""
    return [
        {
            "name": family.name,
            "documentation": family.documentation,
            "type": family.type,
            "samples": [[one.name, one.labels, one.value] for one in family.samples],
        }
        for family in registry.collect()
        if family.name not in OF_ONE and not family.name.startswith(_OF_A_PROCESS)
    ]


class MergedFamilies:
    """Sums over the processes that are and those that were.

    What a process counted since it last told is lost with it where it is killed; what it told is
    not, so that no counter ever goes back. A gauge is the sum over those that are.
    """

    def __init__(self) -> None:
        self._living: dict[int, Told] = {}
        self._gone: dict[str, Mapping[str, Any]] = {}

    def tell(self, process: int, told: Told) -> None:
        """The newest figures of a living process."""
        self._living[process] = told

    def bury(self, process: int) -> None:
        """The process has ended: what it counted stays."""
        counted = [
            family
            for family in self._living.pop(process, ())
            if family["type"] != "gauge" or family["name"] in _LASTING
        ]
        self._gone = _merged([*self._gone.values(), *counted])

    def families(self) -> Iterable[Metric]:
        """One family each, as prometheus_client has them."""
        everything = [*self._gone.values()]
        for told in self._living.values():
            everything += told
        for family in _merged(everything).values():
            merged = Metric(family["name"], family["documentation"], family["type"])
            for name, labels, value in family["samples"]:
                merged.add_sample(name, labels, value)
            yield merged


def _merged(families: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    sums: dict[str, dict[tuple[Any, ...], float]] = {}
    first: dict[str, Mapping[str, Any]] = {}
    for family in families:
        first.setdefault(family["name"], family)
        samples = sums.setdefault(family["name"], {})
        combine = _WORST.get(family["name"], _sum)
        for name, labels, value in family["samples"]:
            key = (name, *labels.items())
            samples[key] = combine(samples[key], value) if key in samples else value
    return {
        name: {
            **first[name],
            "samples": [[key[0], dict(key[1:]), value] for key, value in samples.items()],
        }
        for name, samples in sums.items()
    }


def _sum(one: float, other: float) -> float:
    return one + other
