"""The current snapshot: a reload is all or nothing."""

from collections.abc import Callable

import pytest

from deemster.errors import PolicyError
from deemster.policy.diagnostics import DiagnosticSet
from deemster.policy.snapshot import PolicySnapshot
from deemster.policy.store import PolicyStore
from tests.support.policy_trees import a_service, an_operation, loaded

REFUSED = PolicyError("the tree is broken", diagnostics=DiagnosticSet(()))


def a_snapshot(comment: str = "") -> PolicySnapshot:
    return loaded({"shop.yaml": a_service(an_operation()) + comment}).snapshot


def answering(*answers: PolicySnapshot | Exception) -> Callable[[], PolicySnapshot]:
    """A loader that gives these one after the other."""
    left = iter(answers)

    def load() -> PolicySnapshot:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return load


def test_before_the_first_load_there_is_nothing_to_decide_by() -> None:
    store = PolicyStore(answering())
    assert (store.current, store.degraded) == (None, None)


def test_a_first_load_that_fails_is_told_and_leaves_nothing() -> None:
    store = PolicyStore(answering(REFUSED))
    with pytest.raises(PolicyError):
        store.load()
    assert store.current is None


def test_a_good_reload_swaps_the_snapshot() -> None:
    first, second = a_snapshot(), a_snapshot("# changed\n")
    store = PolicyStore(answering(first, second))
    assert store.load() is first
    assert store.reload() is True
    assert store.current is second
    assert store.degraded is None


@pytest.mark.parametrize(
    "failure", [REFUSED, RuntimeError("a bug"), MemoryError(), OSError("disk")]
)
def test_a_reload_that_fails_leaves_the_old_snapshot_serving_and_says_why(
    failure: Exception,
) -> None:
    first = a_snapshot()
    store = PolicyStore(answering(first, failure))
    store.load()
    assert store.reload() is False
    assert store.current is first
    assert store.degraded is failure


def test_the_next_good_reload_mends_it() -> None:
    first, second = a_snapshot(), a_snapshot("# mended\n")
    store = PolicyStore(answering(first, REFUSED, second))
    store.load()
    store.reload()
    assert store.reload() is True
    assert (store.current, store.degraded) == (second, None)
