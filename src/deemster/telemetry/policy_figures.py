"""What is counted and told of policies: reloads by result and cause, polls, sequence, age."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from deemster.model.bundle_cause import BundleCause

__all__ = ["POLLS", "RELOAD_CAUSES", "BundleFigures", "PolicyFigures"]

RELOAD_CAUSES = (
    "fault",
    "policy",
    "self-test",
    "settings",
    *[cause.value for cause in BundleCause],
)
"""Why a reload is refused: a closed list, so that each has a series from the start."""

POLLS = ("changed", "unchanged", "refused", "failed")


class BundleFigures(Protocol):
    """What is told of policies that come in bundles."""

    @property
    def sequence(self) -> int:
        """Of the bundle that serves; 0 before the first."""
        ...

    @property
    def age(self) -> float:
        """Seconds since the source confirmed it."""
        ...

    @property
    def expires(self) -> float:
        """Seconds since 1970."""
        ...

    @property
    def is_too_old(self) -> bool:
        """Whether `whenTooOld` is in force."""
        ...


class PolicyFigures:
    """Plain integers. `bundle` is None where policies come in no bundle."""

    __slots__ = ("bundle", "degraded", "failed", "loaded_at", "polls", "succeeded")

    def __init__(self) -> None:
        self.degraded = False
        self.loaded_at = 0.0
        self.succeeded = 0
        self.failed = dict.fromkeys(RELOAD_CAUSES, 0)
        self.polls = dict.fromkeys(POLLS, 0)
        self.bundle: BundleFigures | None = None

    def families(self) -> Iterable[Metric]:
        """For a scrape."""
        reloads = CounterMetricFamily(
            "deemster_reloads",
            "Reloads of policies, settings and secrets by result, and by the cause of a refusal.",
            labels=["result", "cause"],
        )
        reloads.add_metric(["succeeded", ""], self.succeeded)
        for cause, count in self.failed.items():
            reloads.add_metric(["failed", cause], count)
        yield reloads
        yield GaugeMetricFamily(
            "deemster_degraded",
            "1 while the last reload was refused and the state before it serves, or policies are "
            "too old.",
            value=1.0 if self.degraded else 0.0,
        )
        yield GaugeMetricFamily(
            "deemster_policy_loaded_timestamp_seconds",
            "When the serving policies were loaded.",
            value=self.loaded_at,
        )
        if self.bundle is not None:
            yield from self._of_bundles(self.bundle)

    def _of_bundles(self, bundle: BundleFigures) -> Iterable[Metric]:
        polls = CounterMetricFamily(
            "deemster_bundle_polls",
            "Questions for a policy bundle, by what came of them.",
            labels=["outcome"],
        )
        for outcome, count in self.polls.items():
            polls.add_metric([outcome], count)
        yield polls
        for name, documentation, value in (
            (
                "deemster_policy_age_seconds",
                "Since the source last confirmed the bundle that serves.",
                bundle.age,
            ),
            (
                "deemster_policy_sequence",
                "The sequence of the bundle that serves.",
                float(bundle.sequence),
            ),
            (
                "deemster_policy_expires_timestamp_seconds",
                "When the bundle that serves expires.",
                bundle.expires,
            ),
            (
                "deemster_policy_too_old",
                "1 while `policies.bundle.whenTooOld` is in force.",
                1.0 if bundle.is_too_old else 0.0,
            ),
        ):
            yield GaugeMetricFamily(name, documentation, value=value)
