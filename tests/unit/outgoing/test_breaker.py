"""A circuit opens after outages in a row, lets one call try, and closes again."""

from __future__ import annotations

from deemster.outgoing.breaker import CircuitBreaker
from tests.support.clock import FrozenClock


def a_breaker() -> tuple[CircuitBreaker, FrozenClock]:
    clock = FrozenClock()
    return CircuitBreaker(clock, failures=3, open_for=10.0), clock


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admits()
        breaker.failed()


def test_it_opens_after_outages_in_a_row() -> None:
    breaker, _ = a_breaker()
    fail(breaker, 2)
    assert breaker.admits()
    breaker.succeeded()
    fail(breaker, 3)
    assert (breaker.is_open, breaker.admits()) == (True, False)


def test_after_a_while_one_call_tries_and_its_success_closes() -> None:
    breaker, clock = a_breaker()
    fail(breaker, 3)
    clock.advance(9.9)
    assert not breaker.admits()
    clock.advance(0.1)
    assert breaker.admits()
    assert not breaker.admits()
    breaker.succeeded()
    assert (breaker.is_open, breaker.admits(), breaker.admits()) == (False, True, True)


def test_an_outage_of_that_call_opens_anew() -> None:
    breaker, clock = a_breaker()
    fail(breaker, 3)
    clock.advance(10.0)
    fail(breaker, 1)
    clock.advance(9.0)
    assert not breaker.admits()
    clock.advance(1.0)
    assert breaker.admits()


def test_a_try_that_was_given_up_lets_another_one_try() -> None:
    breaker, clock = a_breaker()
    fail(breaker, 3)
    clock.advance(10.0)
    assert breaker.admits()
    breaker.given_up()
    assert breaker.is_open
    assert breaker.admits()


def test_late_outages_of_calls_from_before_do_not_end_the_try() -> None:
    breaker, clock = a_breaker()
    assert all(breaker.admits() for _ in range(5))
    for _ in range(4):
        breaker.failed()
    clock.advance(10.0)
    assert breaker.admits()
    breaker.failed()
    assert not breaker.admits()
