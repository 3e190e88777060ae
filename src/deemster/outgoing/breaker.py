"""A circuit breaker: a source that is down is left alone for a while instead of waited for."""

from __future__ import annotations

from deemster.model.clock import Clock

__all__ = ["CircuitBreaker"]


class CircuitBreaker:
    """Closed, open, half-open.

    Closed: every call goes through; `failures` outages in a row open it. Open: no call goes through
    for `open_for` seconds. Half-open, after that: one call goes through; its success closes the
    circuit, an outage opens it anew. A call that was given up leaves everything as it was.
    """

    __slots__ = ("_clock", "_failures", "_in_a_row", "_open_for", "_open_until", "_probing")

    def __init__(self, clock: Clock, *, failures: int = 5, open_for: float = 10.0) -> None:
        self._clock = clock
        self._failures = failures
        self._open_for = open_for
        self._in_a_row = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are held back, all or all but one."""
        return self._open_until is not None

    def admits(self) -> bool:
        """Whether a call may go through now. One that may is followed by one of those below."""
        if self._open_until is None:
            return True
        if self._probing or self._clock.monotonic() < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The source answered, be it with something that we do not take."""
        self._in_a_row = 0
        self._open_until = None
        self._probing = False

    def failed(self) -> None:
        """The source is down."""
        self._in_a_row += 1
        if self._probing or self._in_a_row >= self._failures:
            self._open_until = self._clock.monotonic() + self._open_for
        self._probing = False

    def given_up(self) -> None:
        """Nobody knows: the call was ended by us before it was made or answered."""
        self._probing = False
