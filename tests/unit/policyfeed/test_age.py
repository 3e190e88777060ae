"""How old policies are: since they were confirmed, and by their own end."""

from __future__ import annotations

import pytest

from deemster.policyfeed.age import Confirmation, PolicyAge
from tests.support.clock import FROZEN_AT, FrozenClock

HOUR = 3600.0


@pytest.fixture
def age(clock: FrozenClock) -> PolicyAge:
    found = PolicyAge(clock, HOUR)
    found.confirmation = Confirmation(clock.monotonic(), FROZEN_AT + 10 * HOUR, 7)
    return found


def test_nothing_is_too_old_before_anything_serves(clock: FrozenClock) -> None:
    age = PolicyAge(clock, HOUR)
    clock.advance(10 * HOUR)
    assert (age.seconds, age.too_old) == (None, None)


def test_policies_are_too_old_when_nobody_confirmed_them_for_long(
    age: PolicyAge, clock: FrozenClock
) -> None:
    clock.advance(HOUR)
    assert (age.seconds, age.too_old) == (HOUR, None)
    clock.advance(1)
    assert age.too_old == (
        "the source last confirmed the policies 3601 s ago, and `policies.bundle.maximumAge` is "
        "3600 s"
    )
    age.confirmation = Confirmation(clock.monotonic(), FROZEN_AT + 10 * HOUR, 7)
    assert age.too_old is None


def test_a_bundle_ends_when_it_says_so_however_often_it_is_confirmed(
    age: PolicyAge, clock: FrozenClock
) -> None:
    clock.advance(10 * HOUR)
    age.confirmation = Confirmation(clock.monotonic(), FROZEN_AT + 10 * HOUR, 7)
    assert age.too_old == "the policy bundle of sequence 7 has expired"


@pytest.mark.parametrize("step", [-30 * 86_400.0, -1.0, 5 * HOUR])
def test_a_step_of_the_wall_clock_makes_nothing_older_or_younger(
    age: PolicyAge, clock: FrozenClock, step: float
) -> None:
    clock.advance(60)
    clock.set_wall(clock.wall() + step)
    assert (age.seconds, age.too_old) == (60, None)
