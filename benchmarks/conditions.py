"""One condition of nine terms, in process: what an evaluation costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

from deemster.model.http import ApiCall, Headers
from deemster.model.identity import VerifiedClaims
from deemster.model.urls import canonical_url
from deemster.policy.expressions.closures import compile_condition
from deemster.policy.loading import load_texts
from deemster.policy.resolved import ResolvedTree
from deemster.policy.values import Values

__all__ = ["NINE_TERMS", "ConditionFigures", "measure_conditions"]

NINE_TERMS = (
    "claims.tenant == 'acme' && claims.acr != 'pwd' && claims.age >= 18",
    "&& 'invoices.read' in claims.scope && request.ip.inCidr('10.0.0.0/8')",
    "&& time.local('Europe/Berlin').minute_of_day >= 480",
    "&& request.path.startsWith('/billing/') && has(claims.sub) && !claims.suspended",
)
"""Three comparisons of claims, a scope, a network, the time of day, a prefix, a presence, a
negation. Every term is true, so that all nine are evaluated."""

EVALUATIONS = 1_000
ROUNDS = 500


@dataclass(frozen=True, slots=True)
class ConditionFigures:
    """Microseconds an evaluation: the least round, the call and its loop included."""

    again_us: float
    """The client's address was read by an earlier condition of the decision."""
    first_us: float
    """The address is parsed too."""
    closures_us: float
    """By the closures alone, as where a term is in error."""


def measure_conditions() -> ConditionFigures:
    """The least of ROUNDS rounds of EVALUATIONS."""
    checked = _resolved().services[0].operations[0].when
    if checked is None:
        raise RuntimeError("the operation has a condition")
    condition = compile_condition(checked)
    closures = compile_condition(checked, watch=lambda _, test: test)
    at = _values()
    if condition(at) is not True or closures(at) is not True:
        raise RuntimeError("the benchmark measures a condition that is true")
    return ConditionFigures(
        again_us=_least(condition, at, forget=False),
        first_us=_least(condition, at, forget=True),
        closures_us=_least(closures, at, forget=False),
    )


def _least(test: Callable[[Values], bool], at: Values, *, forget: bool) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        if forget:
            for _ in repeat(None, EVALUATIONS):
                at.address = None
                test(at)
        else:
            for _ in repeat(None, EVALUATIONS):
                test(at)
        best = min(best, time.perf_counter_ns() - started)
    return best / EVALUATIONS / 1000


def _values() -> Values:
    claims = {"sub": "alice", "tenant": "acme", "acr": "mfa", "age": 42, "suspended": False}
    url = "https://api.example.com/billing/invoices/12"
    return Values(
        ApiCall(method="GET", url=url, headers=Headers(()), client_ip="10.1.2.3"),
        canonical_url(url),
        "/invoices/12",
        {},
        VerifiedClaims(
            provider="bench",
            claims=claims,
            scopes=frozenset({"invoices.read"}),
            user_id="alice",
            client_id="app",
            asserted=False,
        ),
        None,
        1_795_424_400.25,
    )


def _resolved() -> ResolvedTree:
    lines = "\n".join(f"        {line}" for line in NINE_TERMS)
    return load_texts({"api.yaml": _SERVICE + lines + "\n"}).resolved


_SERVICE = """apiVersion: deemster/v1
kind: ApiService
metadata: {id: billing}
service:
  baseUrls: [https://api.example.com/billing]
  tokenProvider: {type: internal, id: bench}
  audience: Bench API
schema:
  claims:
    tenant: {type: string, optional: true}
    age: {type: int, min: 0, max: 150, optional: true}
    suspended: {type: bool, optional: true}
operations:
  - id: read-invoice
    match: {methods: [GET], path: "/invoices/{id}"}
    allow:
      when: |
"""
