"""A tree whose coverage can be told by hand, and suites over it."""

from collections.abc import Sequence
from textwrap import dedent, indent

from deemster.gateways.answers import refusal_of
from deemster.policy.loading import load_texts
from deemster.policytest.coverage.counting import CoverageCounter
from deemster.policytest.coverage.plan import Plan
from deemster.policytest.coverage.summary import Coverage, coverage_of
from deemster.policytest.outcomes import CaseOutcome
from deemster.policytest.runner import SuiteRunner
from deemster.policytest.written import WrittenTerms
from tests.support.clock import FrozenClock
from tests.unit.policytest.trees import STAFF, ran, suites_in

__all__ = ["LIBRARY", "SERVICE", "covered", "plan_of", "told"]

LIBRARY = """\
apiVersion: deemster/v1
kind: Library
metadata: {id: standard}
schema:
  claims:
    level: {type: int, optional: true}
conditions:
  high: "claims.level >= 5"
  unused: "has(user)"
"""

SERVICE = """\
# Every part of it can be told by its line.
apiVersion: deemster/v1
kind: ApiService
metadata: {id: notes}
service:
  baseUrls: [https://api.example.com/notes]
  tokenProvider: {type: internal, id: staff}
  audience: Notes API
imports: {std: lib.yaml}
guards:
  - id: frozen
    exempt: [health]
    combiningAlgorithm: deny-overrides
    rules:
      - {id: no-bots, effect: deny, when: "claims.client_id == 'bot'"}
operations:
  - id: list
    match: {methods: [GET], path: /}
    allow:
      scopes: {any: [notes.read]}
      authentication: {acr: [mfa], maxAge: 300s}
      when: "std.high || 'staff' in user.groups"
  - id: write
    match: {methods: [POST], path: /}
    policies:
      - id: who
        target: "has(claims.level)"
        combiningAlgorithm: first-applicable
        rules:
          - {id: high, effect: permit, when: std.high}
          - {id: off, effect: permit, when: "has(user)", enabled: false}
          - {id: rest, effect: deny}
  - id: health
    match: {methods: [GET], path: /health}
    allow: public
"""

SUITE = """\
apiVersion: deemster/v1
kind: PolicyTest
metadata: {id: notes}
service: notes
now: 2026-11-23T09:00:00Z
users: {alice: {groups: [staff]}, bob: {}}
tokens:
  alice: {sub: alice, scope: notes.read, acr: mfa, auth_time: 2026-11-23T09:00:00Z, level: 7}
cases:
"""


def texts_with(cases: str, service: str) -> dict[str, str]:
    return {
        "lib.yaml": LIBRARY,
        "notes.yaml": service,
        "tests/suite.yaml": SUITE + indent(dedent(cases).strip("\n"), "  ") + "\n",
    }


def plan_of(texts: dict[str, str]) -> Plan:
    loaded = load_texts(texts)
    return Plan(loaded.resolved, WrittenTerms(loaded.files.sources()))


async def covered(cases: str, *, service: str = SERVICE) -> Coverage:
    """What cases that all pass cover."""
    loaded = load_texts(texts_with(cases, service))
    plan = Plan(loaded.resolved, WrittenTerms(loaded.files.sources()))
    counter = CoverageCounter(plan)
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=FrozenClock(),
        profiles=[STAFF],
        counter=counter,
    )
    run = await ran(runner, suites_in(loaded))
    assert set(run.counts) == {CaseOutcome.PASSED}
    return coverage_of(plan, counter.counts)


def told(coverage: Coverage, *kinds: str) -> Sequence[str]:
    """`line name: counts that are not zero`, of some kinds or all."""
    return [
        f"{found.unit.span.line} {found.unit.name}: "
        + (", ".join(f"{goal} {count}" for goal, count in found.counts.items() if count) or "-")
        for found in coverage.units
        if not kinds or found.unit.kind in kinds
    ]
