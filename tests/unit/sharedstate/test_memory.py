"""The memory of used proofs in one process, against a naive model that forgets nothing."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from deemster.errors import DependencyUnavailableError
from deemster.sharedstate.memory import MemoryOfUses, NoMemory
from tests.support.clock import FROZEN_AT as NOW
from tests.support.clock import FrozenClock


def test_what_was_used_once_is_not_used_again() -> None:
    memory = MemoryOfUses(FrozenClock())
    assert memory.first_use("a", NOW + 60) is True
    assert memory.first_use("a", NOW + 60) is False
    assert memory.first_use("b", NOW + 60) is True


def test_an_entry_is_forgotten_only_after_its_end() -> None:
    clock = FrozenClock()
    memory = MemoryOfUses(clock, most=1)
    memory.first_use("a", NOW + 60)
    clock.advance(60)
    with pytest.raises(DependencyUnavailableError):
        memory.first_use("b", NOW + 120)
    clock.advance(0.001)
    assert memory.first_use("b", NOW + 120) is True
    assert len(memory) == 1


def test_what_is_full_refuses_new_ones_and_still_knows_the_old() -> None:
    memory = MemoryOfUses(FrozenClock(), most=2)
    memory.first_use("a", NOW + 60)
    memory.first_use("b", NOW + 60)
    with pytest.raises(DependencyUnavailableError, match="used proofs"):
        memory.first_use("c", NOW + 60)
    assert memory.first_use("a", NOW + 60) is False


def test_entries_with_an_early_end_do_not_wait_for_later_ones() -> None:
    clock = FrozenClock()
    memory = MemoryOfUses(clock)
    memory.first_use("late", NOW + 1000)
    for number in range(100):
        memory.first_use(f"early {number}", NOW + 10)
    clock.advance(11)
    memory.first_use("another", NOW + 100)
    assert len(memory) == 2


def test_where_there_is_no_memory_nothing_can_be_used() -> None:
    with pytest.raises(DependencyUnavailableError):
        NoMemory("a memory").first_use("a", NOW + 60)


class Uses(RuleBasedStateMachine):
    """Clocks advance and step; whatever is used, with the end that it has, is used once."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.memory = MemoryOfUses(self.clock, most=20)
        self.used: set[tuple[int, int]] = set()

    @rule(number=st.integers(0, 5), ends=st.integers(0, 40))
    def use(self, number: int, ends: int) -> None:
        until = NOW + 25 * ends
        try:
            first = self.memory.first_use(f"{number} {ends}", until)
        except DependencyUnavailableError:
            return
        if first:
            assert (number, ends) not in self.used
            self.used.add((number, ends))

    @rule(number=st.integers(0, 5))
    def a_new_one_is_good_where_no_clock_stepped(self, number: int) -> None:
        memory = MemoryOfUses(self.clock)
        assert memory.first_use(str(number), self.clock.wall() + 150)

    @rule(seconds=st.integers(0, 400))
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.integers(-200, 200))
    def step(self, seconds: int) -> None:
        self.clock.set_wall(self.clock.wall() + seconds)

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.memory) <= 20


def test_a_step_forth_and_back_brings_nothing_back() -> None:
    clock = FrozenClock()
    memory = MemoryOfUses(clock)
    memory.first_use("a", NOW + 60)
    clock.set_wall(NOW + 3600)
    memory.first_use("b", NOW + 3700)
    clock.set_wall(NOW)
    assert memory.first_use("a", NOW + 60) is False
    # Soon new ones are good again: those that end later than what was forgotten.
    clock.advance(1)
    assert memory.first_use("c", NOW + 61) is True


TestUses = Uses.TestCase
