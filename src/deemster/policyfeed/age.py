"""How old policies are, and whether that is too old."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.model.clock import Clock

__all__ = ["Confirmation", "PolicyAge"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The source has said that this is what it has.

    `at`: on the monotonic clock, which is one for all processes of a machine; `expires`: seconds
    since 1970, from the bundle itself.
    """

    at: float
    expires: float
    sequence: int


class PolicyAge:
    """Measured since the source last confirmed what serves: by an answer that was verified."""

    def __init__(self, clock: Clock, maximum: float) -> None:
        self._clock = clock
        self._maximum = maximum
        self.confirmation: Confirmation | None = None

    @property
    def seconds(self) -> float | None:
        """None before anything serves."""
        if self.confirmation is None:
            return None
        return max(0.0, self._clock.monotonic() - self.confirmation.at)

    @property
    def too_old(self) -> str | None:
        """Why what serves is too old, for people; None while it is not."""
        confirmed, seconds = self.confirmation, self.seconds
        if confirmed is None or seconds is None:
            return None
        if self._clock.wall() >= confirmed.expires:
            return f"the policy bundle of sequence {confirmed.sequence} has expired"
        if seconds > self._maximum:
            return (
                f"the source last confirmed the policies {seconds:.0f} s ago, and "
                f"`policies.bundle.maximumAge` is {self._maximum:.0f} s"
            )
        return None
