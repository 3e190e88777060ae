"""The frozen clock keeps the promises of a clock."""

import pytest

from tests.support.clock import FrozenClock


def test_both_clocks_advance_together(clock: FrozenClock) -> None:
    wall, monotonic = clock.wall(), clock.monotonic()
    clock.advance(2.5)
    assert (clock.wall() - wall, clock.monotonic() - monotonic) == (2.5, 2.5)


def test_the_wall_clock_can_step_back_and_the_monotonic_cannot(clock: FrozenClock) -> None:
    monotonic = clock.monotonic()
    clock.set_wall(0.0)
    assert (clock.wall(), clock.monotonic()) == (0.0, monotonic)
    with pytest.raises(ValueError, match="advances"):
        clock.advance(-1)
