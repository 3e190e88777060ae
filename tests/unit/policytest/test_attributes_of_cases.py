"""`attributes:` of a case answers for the sources that the API service would ask."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policytest.cases import Suite
from deemster.policytest.gathering import gather_suites
from deemster.policytest.outcomes import CaseResult
from deemster.policytest.runner import SuiteRunner
from tests.unit.policytest.trees import NOW, STAFF, ran

SERVICE = """
    apiVersion: deemster/v1
    kind: ApiService
    metadata: {id: payments}
    service:
      baseUrls: [https://api.example.com/payments]
      tokenProvider: {type: internal, id: staff}
      audience: Payments
    imports: {std: lib/risk.yaml}
    attributes:
      amount: {type: int, source: {body: "$.amount"}}
      level:
        type: int
        source: {http: {service: crm, path: "/users/{claims.sub}", select: "$.level"}}
        onError: {value: 1}
    operations:
      - id: pay
        match: {methods: [POST], path: /}
        allow: {when: "attr.amount < 100 && std.score < 70 && attr.level > 0"}
        policies: [{$ref: policies/limits.yaml}]
"""
LIBRARY = """
    apiVersion: deemster/v1
    kind: Library
    metadata: {id: risk}
    attributes:
      score: {type: int, source: {http: {service: risk, path: "/{claims.sub}"}}}
"""
POLICY = """
    apiVersion: deemster/v1
    kind: Policy
    metadata: {id: limits}
    attributes:
      limit: {type: int, default: 1000, source: {sql: {query: limits}}}
      score: {type: int, source: {http: {service: other, path: /}}}
    combiningAlgorithm: deny-unless-permit
    rules:
      - {id: within, effect: permit, when: "attr.limit > 50"}
      - {id: scored, effect: permit, when: "attr.score == 7"}
"""
SUITE = """
    apiVersion: deemster/v1
    kind: PolicyTest
    metadata: {id: payments}
    service: payments
    users: {alice: {}}
    tokens: {alice: {sub: alice}}
    cases:
"""
CASE = """
      - name: a case
        request: {method: POST, url: https://api.example.com/payments, body: {amount: 20}}
        token: alice
"""


def a_tree(members: str) -> LoadedTree:
    texts = {
        "payments.yaml": SERVICE,
        "lib/risk.yaml": LIBRARY,
        "policies/limits.yaml": POLICY,
        "suite.yaml": f"{SUITE.rstrip()}{CASE.rstrip()}\n{members}",
    }
    return load_texts({file: dedent(text).lstrip("\n") for file, text in texts.items()})


def suites_of(loaded: LoadedTree) -> tuple[Sequence[Suite], list[str]]:
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=NOW)
    return suites, [f"{item.message} ({item.help})" for item in sink.finish()]


async def result_of(attributes: str, expect: str) -> CaseResult:
    loaded = a_tree(f"        attributes: {attributes}\n        expect: {expect}\n")
    suites, told = suites_of(loaded)
    assert told == []
    runner = SuiteRunner(loaded, status_of=lambda _: 403, stopwatch=SystemClock(), profiles=[STAFF])
    run = await ran(runner, suites)
    [result] = run.suites[0].results
    return result


async def test_attributes_of_service_library_and_policy_are_answered() -> None:
    answers = "{std.score: 3, level: 2, limit: 60}"
    assert (await result_of(answers, "{decision: permit}")).outcome.value == "passed"
    answers = "{std.score: 80, level: 2, limit: 60}"
    assert (
        await result_of(answers, "{decision: deny, reason: policy-denied}")
    ).outcome.value == "passed"


async def test_null_is_absent_and_a_fault_has_failed() -> None:
    answers = "{risk.score: 3, level: {fault: timeout}, limit: null}"
    assert (await result_of(answers, "{decision: permit}")).outcome.value == "passed"
    answers = "{risk.score: {fault: garbage}, level: 2, limit: null}"
    expected = "{decision: deny, reason: dependency-unavailable}"
    assert (await result_of(answers, expected)).outcome.value == "passed"
    answers = "{risk.score: null, level: 2, limit: 60}"
    expected = "{decision: deny, reason: attribute-missing}"
    assert (await result_of(answers, expected)).outcome.value == "passed"


async def test_equal_names_are_told_apart_by_the_documents_ids() -> None:
    answers = "{risk.score: 3, limits.score: 7, level: 2, limit: 10}"
    assert (await result_of(answers, "{decision: permit}")).outcome.value == "passed"
    answers = "{risk.score: 7, limits.score: 3, level: 2, limit: 10}"
    assert (await result_of(answers, "{decision: deny}")).outcome.value == "passed"


async def test_what_a_case_does_not_name_has_failed_and_says_so() -> None:
    result = await result_of("{level: 2, limit: 60}", "{decision: permit}")
    assert result.outcome.value == "failed"
    assert result.decision is not None
    assert result.decision.reason.value == "dependency-unavailable"
    assert "the case has no `attributes: {score: …}`" in (result.decision.error or "")


def test_names_that_mean_nothing_or_too_much_are_refused() -> None:
    loaded = a_tree(
        "        attributes: {score: 3, amount: 5, levl: 1}\n        expect: {decision: permit}\n"
    )
    assert suites_of(loaded)[1] == [
        "`score` is an attribute of `lib/risk.yaml` and `policies/limits.yaml` "
        "(write `limits.score`, `risk.score` or `std.score`)",
        "nobody is asked for `amount`: it is read from the request or constant "
        "(write what it is read from into `request`)",
        "no attribute of this API service that has a source is called `levl` "
        "(did you mean `level`?)",
    ]
