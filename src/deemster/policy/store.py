"""The current snapshot. A reload is all or nothing; a bad tree leaves the last good one serving."""

from __future__ import annotations

from collections.abc import Callable

from deemster.model.decision import Reason
from deemster.policy.snapshot import PolicySnapshot

__all__ = ["PolicyStore", "nothing_loaded"]


def nothing_loaded() -> PolicySnapshot:
    """Of a store that is given its snapshots by `take`."""
    raise RuntimeError("nothing loads policies here: they are taken")


class PolicyStore:
    """Holds one reference; swapping it is the whole of a reload's effect on decisions."""

    __slots__ = ("_current", "_degraded", "_load", "_loaded", "_refusal")

    def __init__(self, load: Callable[[], PolicySnapshot]) -> None:
        """`load` makes a snapshot from the tree's files, or raises PolicyError."""
        self._load = load
        self._current: PolicySnapshot | None = None
        self._loaded: PolicySnapshot | None = None
        self._degraded: Exception | None = None
        self._refusal: Reason | None = None

    @property
    def current(self) -> PolicySnapshot | None:
        """The snapshot that decides; take it once for each decision.

        None before the first load and while nothing may decide: then `refusal` says why.
        """
        return self._current

    @property
    def loaded(self) -> PolicySnapshot | None:
        """The last good snapshot, whether it may decide or not."""
        return self._loaded

    @property
    def refusal(self) -> Reason:
        """Why every call is denied while there is no `current`."""
        return self._refusal or Reason.INTERNAL_ERROR

    @property
    def degraded(self) -> Exception | None:
        """Why the last reload failed, while an older tree is still serving.

        A PolicyError where the tree is bad, anything else where loading itself broke.
        """
        return self._degraded

    def load(self) -> PolicySnapshot:
        """The first load. Raises PolicyError: a service without a good tree must not start."""
        fresh = self._load()
        self.take(fresh)
        return fresh

    def reload(self) -> bool:
        """Swap in a new tree if it is good. False leaves the old one and sets `degraded`.

        Whatever goes wrong: a fault of ours must not end the service that the old tree keeps up.
        """
        try:
            fresh = self._load()
        except Exception as refused:  # noqa: BLE001
            self._degraded = refused
            return False
        self.take(fresh)
        return True

    def take(self, fresh: PolicySnapshot) -> None:
        """Swap in a snapshot that is known to be good."""
        self._loaded = fresh
        self._degraded = None
        if self._refusal is None:
            self._current = fresh

    def withdraw(self, reason: Reason) -> None:
        """Let nothing decide: every call is denied for `reason` until `restore`."""
        self._refusal = reason
        self._current = None

    def restore(self) -> None:
        """Let the last good snapshot decide."""
        self._refusal = None
        self._current = self._loaded
