"""Policies that permit everything, or nothing, are found before they answer anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from deemster.app.self_test import refuse_unless_it_decides
from deemster.decisions.case import Case, deny
from deemster.decisions.point import DecisionPoint
from deemster.errors import SelfTestFailedError
from deemster.model.decision import Decision, Effect, Reason
from deemster.policy.loading import LoadedTree, load_tree
from deemster.policy.snapshot import CompiledOperation, Evaluation, PolicySnapshot
from deemster.policy.values import Values
from tests.support.clock import FrozenClock
from tests.support.policy_trees import loaded
from tests.support.service import ORDERS

ROOT = Path(__file__).parents[3]
TREES = sorted(
    [ROOT / "policies", *(found.parent for found in (ROOT / "examples").rglob("api-services"))]
)


@pytest.fixture
def tree() -> LoadedTree:
    return loaded({"orders.yaml": ORDERS.replace("GROUP", "sales")})


@pytest.mark.parametrize("path", TREES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_tree_of_the_examples_passes(path: Path, clock: FrozenClock) -> None:
    refuse_unless_it_decides(load_tree([path]), clock)


def permits_everything(patched: pytest.MonkeyPatch) -> None:
    real = CompiledOperation._judge

    def judge(self: CompiledOperation, values: object) -> object:
        del values
        return self._permitted

    assert callable(real)
    patched.setattr(CompiledOperation, "_judge", judge)


def permits_nothing(patched: pytest.MonkeyPatch) -> None:
    def settled(self: DecisionPoint, case: Case, evaluation: object) -> Decision:
        del self, evaluation
        return deny(case, Reason.POLICY_DENIED)

    patched.setattr(DecisionPoint, "_settled", settled)


def finds_the_first_service_for_any_host(patched: pytest.MonkeyPatch) -> None:
    def find(self: PolicySnapshot, url: object) -> object:
        del url
        return next(iter(self.routed.values())), "/"

    patched.setattr(PolicySnapshot, "find", find)


def raises_everywhere(patched: pytest.MonkeyPatch) -> None:
    def judge(self: CompiledOperation, values: object) -> object:
        raise MemoryError

    patched.setattr(CompiledOperation, "_judge", judge)


def takes_every_operation_for_public(patched: pytest.MonkeyPatch) -> None:
    """As a compiler would that lost the rule on who may ask."""
    real = DecisionPoint._refused

    def refused(self: DecisionPoint, case: Case, failure: Exception) -> Decision:
        return replace(real(self, case, failure), effect=Effect.PERMIT)

    patched.setattr(DecisionPoint, "_refused", refused)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (permits_everything, "must be denied for `policy-denied`"),
        (permits_nothing, "must be permitted"),
        (finds_the_first_service_for_any_host, "must be denied for `no-api-service`"),
        (raises_everywhere, "must be permitted, and the answer is `internal-error`"),
        (takes_every_operation_for_public, "must be denied for `claims-missing`"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.catalogue("R2")
def test_a_compiler_or_evaluator_gone_wrong_is_found(
    tree: LoadedTree,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[pytest.MonkeyPatch], None],
    told: str,
) -> None:
    refuse_unless_it_decides(tree, clock)
    with monkeypatch.context() as patched:
        fault(patched)
        with pytest.raises(SelfTestFailedError, match=told):
            refuse_unless_it_decides(tree, clock)


def test_a_service_that_lets_strangers_in_is_found(
    tree: LoadedTree, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One operation was compiled as a public one; its document does not say so."""
    snapshot = tree.snapshot
    operation = snapshot.services["orders"].by_id["list"]
    operation.public = True
    real = CompiledOperation._judge

    def judge(self: CompiledOperation, values: Values) -> Evaluation:
        return self._permitted if self is operation else real(self, values)

    monkeypatch.setattr(CompiledOperation, "_judge", judge)
    with pytest.raises(SelfTestFailedError, match=r"GET https://api\.example\.com/orders must be"):
        refuse_unless_it_decides(tree, clock)
