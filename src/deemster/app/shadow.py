"""`policies.shadow` ► a tree beside the live one, read at the start and with every reload.

What is wrong with it is told and never keeps the service from anything: it answers nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from deemster.app.policies import PolicyPreparation
from deemster.app.serving_policies import told_of
from deemster.decisionlog.recorder import DecisionRecorder
from deemster.decisionlog.shadow_record import shadow_difference
from deemster.decisions.point import DecisionPoint
from deemster.decisions.shadow import Difference, Shadow, ShadowCounters
from deemster.decisions.shadowed import ShadowedPoint
from deemster.model.clock import Clock
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore, nothing_loaded
from deemster.settings.model import Settings
from deemster.telemetry.service_log import ServiceLog
from deemster.tokens.assumed_proofs import AssumedProofs

__all__ = ["ShadowTree", "build_shadow"]


class ShadowTree:
    """The tree, and who asks it."""

    def __init__(
        self,
        path: Path,
        *,
        load: Callable[[Path], PolicySnapshot],
        store: PolicyStore,
        shadow: Shadow,
        counters: ShadowCounters,
        log: ServiceLog,
    ) -> None:
        self._path = path
        self._load = load
        self._store = store
        self._shadow = shadow
        self._counters = counters
        self._log = log

    def beside(self, live: DecisionPoint) -> ShadowedPoint:
        """What exchanges ask in place of `live`."""
        return ShadowedPoint(live, self._shadow)

    async def reload(self) -> None:
        """Take the tree as it is now; one that cannot be taken leaves what was there."""
        try:
            snapshot = await asyncio.to_thread(self._load, self._path)
        except Exception as failure:  # noqa: BLE001  (it answers nobody: told, and no more)
            self._log.error("shadow_policies_refused", cause=told_of(failure)[1])
            return
        self._store.take(snapshot)
        if snapshot.revision != self._counters.revision:
            self._log.info("shadow_policies_loaded", revision=snapshot.revision)
        self._counters.revision = snapshot.revision

    async def close(self) -> None:
        """Nobody is asked any more."""
        await self._shadow.close()


def build_shadow(
    settings: Settings,
    *,
    make_point: Callable[[PolicyStore, AssumedProofs], DecisionPoint],
    counters: ShadowCounters,
    recorder: DecisionRecorder,
    is_busy: Callable[[], bool],
    clock: Clock,
    log: ServiceLog,
) -> ShadowTree | None:
    """None where the settings have none. `make_point` makes one that shares providers and users."""
    shadow = settings.policies.shadow
    if shadow is None:
        return None
    encode = msgspec.json.Encoder().encode

    def differs(found: Difference) -> None:
        told = shadow_difference(
            found.result.value,
            found.live,
            found.beside,
            environment=settings.environment,
            at=clock.wall(),
        )
        recorder.note(encode(told) + b"\n")

    preparation = PolicyPreparation(settings, clock)
    store = PolicyStore(nothing_loaded)
    return ShadowTree(
        shadow.path,
        load=lambda path: preparation.of_path(path).snapshot,
        store=store,
        shadow=Shadow(
            make_point(store, AssumedProofs()),
            share=shadow.share,
            counters=counters,
            is_busy=is_busy,
            differs=differs,
        ),
        counters=counters,
        log=log,
    )
