"""A disagreement is made small, and told as files that `deemster test` runs as they stand."""

from __future__ import annotations

import asyncio
import re

import pytest

from deemster.gateways.answers import refusal_of
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import load_texts
from deemster.policytest.gathering import gather_suites
from deemster.policytest.outcomes import CaseOutcome
from deemster.policytest.providers import ProviderProfile
from deemster.policytest.runner import SuiteRunner
from deemster.tokens.provider import ProviderKind
from tests.reference.harness import compare
from tests.reference.reporting import pasted, unsaid
from tests.reference.shape import Bug
from tests.reference.shrinking import described, shrunk
from tests.support.clock import FrozenClock
from tests.unit.policytest.trees import ran

PROFILES = [
    ProviderProfile(
        id="people", kind=ProviderKind.INTERNAL, verifies=True, issuer="https://iss.invalid"
    ),
    ProviderProfile(id="partners", kind=ProviderKind.EXTERNAL, verifies=False, issuer=""),
]


async def outcome_of(files: dict[str, str]) -> CaseOutcome:
    loaded = load_texts(files)
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=0.0)
    assert not sink.error_count
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=FrozenClock(),
        profiles=PROFILES,
    )
    run = await ran(runner, suites)
    [result] = run.suites[0].results
    return result.outcome


def files_in(text: str) -> dict[str, str]:
    """What somebody pastes who reads the report."""
    parts = re.split(r"^--- (\S+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.slow
def test_a_disagreement_is_told_as_a_small_tree_and_a_policy_test() -> None:
    figures = compare("report", 400, 50, bug=Bug.COMBINING_CELL, stop_at=6)
    both = [(found, shrunk(found, bug=Bug.COMBINING_CELL)) for found in figures.disagreements]
    found, small = next(pair for pair in both if not list(unsaid(pair[1].call)))
    told = described(small)

    assert len(told) < len(described(found)) / 3
    assert told.count('id: "rule') + told.count('id: "op-') <= 4
    wrong = files_in(pasted(small.sample.tree, 0, small.call, small.reference))
    right = files_in(pasted(small.sample.tree, 0, small.call, small.real))
    assert told.count("kind: ") == len(wrong)

    assert asyncio.run(outcome_of(wrong)) is CaseOutcome.FAILED
    assert asyncio.run(outcome_of(right)) is CaseOutcome.PASSED
