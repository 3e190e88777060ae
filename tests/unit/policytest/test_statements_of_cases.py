"""`statements:` of `expect`, and `response:` of a case: what goes with the answer, and on it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from deemster.gateways.answers import refusal_of
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import load_texts
from deemster.policytest.gathering import gather_suites
from deemster.policytest.outcomes import CaseOutcome, CaseResult
from deemster.policytest.runner import SuiteRunner
from tests.unit.policytest.trees import STAFF, ran

SERVICE = """
    apiVersion: deemster/v1
    kind: ApiService
    metadata: {id: accounts}
    service:
      baseUrls: [https://api.example.com/accounts]
      tokenProvider: {type: internal, id: staff}
      audience: Accounts
    statements:
      mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, payload: ["$.iban"]}
      tag: {code: set-headers, appliesTo: permit, payload: {x-user: "${claims.sub}"}}
      step_up: {code: auth-challenge, appliesTo: deny, payload: {acr_values: hwk, max_age: 300}}
    response:
      policies:
        - id: whole
          combiningAlgorithm: deny-overrides
          rules:
            - {id: failed, effect: deny, when: "response.status >= 500"}
            - id: others
              effect: deny
              when: "claims.sub != 'alice'"
              deniedReason: {code: not.yours, message: Not yours.}
    operations:
      - id: read
        match: {methods: [GET], path: "/{id}"}
        allow: authenticated
        attach: [mask, tag]
        policies:
          - id: fresh
            combiningAlgorithm: deny-overrides
            rules:
              - {id: all, effect: permit}
              - {id: locked, effect: deny, when: "params.id == 'locked'", attach: [step_up]}
        response:
          policies:
            - id: own
              combiningAlgorithm: deny-overrides
              rules: [{id: other, effect: deny, when: "params.id != '7'"}]
"""
SUITE = """
    apiVersion: deemster/v1
    kind: PolicyTest
    metadata: {id: accounts}
    service: accounts
    users: {alice: {}, bob: {}}
    tokens: {alice: {sub: alice}, bob: {sub: bob}}
    cases:
"""


async def result_of(case: str) -> CaseResult:
    texts = {
        "accounts.yaml": dedent(SERVICE),
        "accounts.test.yaml": dedent(SUITE) + f"  - {case}\n",
    }
    loaded = load_texts(texts)
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=1_795_424_400)
    assert [item.message for item in sink.finish()] == []
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=SystemClock(),
        profiles=[STAFF],
    )
    return (await ran(runner, suites)).suites[0].results[0]


GET = "request: {method: GET, url: https://api.example.com/accounts/7}"


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ("expect: {decision: permit, statements: [exclude-attributes]}", CaseOutcome.PASSED),
        ("expect: {decision: permit, statements: [modify-query]}", CaseOutcome.FAILED),
        ("expect: {decision: permit, statements: none}", CaseOutcome.FAILED),
        ("expect: {decision: permit, statements: [{code: modify-headers, id: tag, "
         "obligatory: false, payload: {x-user: alice}}]}", CaseOutcome.PASSED),
        ("expect: {decision: permit, statements: [{code: modify-headers, "
         "payload: {x-user: bob}}]}", CaseOutcome.FAILED),
        # The answer: what was decided on the call is done with it, and its own policies judge.
        ("response: {status: 200}, expect: {decision: permit, "
         "statements: [{code: exclude-attributes, id: mask}]}", CaseOutcome.PASSED),
        ("response: {status: 200}, expect: {decision: permit, statements: [modify-headers]}",
         CaseOutcome.FAILED),
        ("response: {status: 503}, expect: {decision: deny, reason: policy-denied, "
         "rule: accounts/response/whole/failed, statements: none}", CaseOutcome.PASSED),
    ],
)  # fmt: skip
async def test_a_case_expects_statements_of_the_phase_that_it_is_about(
    case: str, outcome: CaseOutcome
) -> None:
    result = await result_of(f"{{name: a, {GET}, token: alice, {case}}}")
    assert result.outcome is outcome, result


async def test_the_answer_is_judged_for_the_caller_of_the_request() -> None:
    result = await result_of(
        f"{{name: a, {GET}, token: bob, response: {{status: 200}}, "
        "expect: {decision: deny, deniedReason: not.yours, status: 403}}"
    )
    assert result.outcome is CaseOutcome.PASSED, result


async def test_parameters_of_the_request_are_known() -> None:
    other = GET.replace("/7", "/8")
    result = await result_of(
        f"{{name: a, {other}, token: alice, response: {{status: 200}}, "
        "expect: {decision: deny, rule: accounts/read/response/own/other}}"
    )
    assert result.outcome is CaseOutcome.PASSED, result


async def test_a_call_that_is_refused_is_refused_before_its_answer() -> None:
    locked = GET.replace("/7", "/locked")
    result = await result_of(
        f"{{name: a, {locked}, token: alice, response: {{status: 503}}, expect: "
        "{decision: deny, rule: accounts/read/fresh/locked, status: 401, "
        "challenge: {acr_values: hwk, max_age: 300}, statements: [auth-challenge]}}"
    )
    assert result.outcome is CaseOutcome.PASSED, result


async def test_a_failed_case_shows_the_nodes_of_the_answers_policies() -> None:
    result = await result_of(
        f"{{name: a, {GET}, token: alice, response: {{status: 200}}, expect: {{decision: deny}}}}"
    )
    assert result.outcome is CaseOutcome.FAILED
    paths = [row.id_path for row in result.trace]
    assert "accounts/read/response/own/other" in paths
