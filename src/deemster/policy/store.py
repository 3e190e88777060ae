"""The current snapshot. A reload is all or nothing; a bad tree leaves the last good one serving."""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.snapshot import PolicySnapshot

__all__ = ["PolicyStore"]


class PolicyStore:
    """Holds one reference; swapping it is the whole of a reload's effect on decisions."""

    __slots__ = ("_current", "_degraded", "_load")

    def __init__(self, load: Callable[[], PolicySnapshot]) -> None:
        """`load` makes a snapshot from the tree's files, or raises PolicyError."""
        self._load = load
        self._current: PolicySnapshot | None = None
        self._degraded: Exception | None = None

    @property
    def current(self) -> PolicySnapshot | None:
        """The snapshot that decides; None before the first load. Take it once for each decision."""
        return self._current

    @property
    def degraded(self) -> Exception | None:
        """Why the last reload failed, while an older tree is still serving.

        A PolicyError where the tree is bad, anything else where loading itself broke.
        """
        return self._degraded

    def load(self) -> PolicySnapshot:
        """The first load. Raises PolicyError: a service without a good tree must not start."""
        self._current = self._load()
        self._degraded = None
        return self._current

    def reload(self) -> bool:
        """Swap in a new tree if it is good. False leaves the old one and sets `degraded`.

        Whatever goes wrong: a fault of ours must not end the service that the old tree keeps up.
        """
        try:
            fresh = self._load()
        except Exception as refused:  # noqa: BLE001
            self._degraded = refused
            return False
        self._current = fresh
        self._degraded = None
        return True
