"""`request: {certificate: {...}}` of a case: what conditions read of it."""

from textwrap import dedent

from deemster.model.clock import SystemClock
from deemster.policy.loading import load_texts
from deemster.policytest.runner import SuiteRunner
from tests.unit.policytest.trees import APIGEE, ran, suites_in

TREE = {
    "partners.yaml": """
        apiVersion: deemster/v1
        kind: ApiService
        metadata: {id: partners}
        service:
          baseUrls: [https://partners.example.com]
          tokenProvider: {type: external, id: apigee}
        operations:
          - id: orders
            match: {methods: [GET], path: /orders}
            allow:
              when:
                all:
                  - "request.certificate.subject.startsWith('CN=partner-')"
                  - "'spiffe://example/partners' in request.certificate.uris"
        """,
    "partners.tests.yaml": """
        apiVersion: deemster/v1
        kind: PolicyTest
        metadata: {id: partners}
        service: partners
        now: 2026-11-23T09:00:00Z
        tokens: {any: {client_id: a}}
        cases:
          - name: a partner's certificate
            request:
              method: GET
              url: https://partners.example.com/orders
              certificate: {subject: "CN=partner-1", uris: ["spiffe://example/partners"]}
            claims: any
            expect: {decision: permit}
          - name: somebody else's
            request:
              method: GET
              url: https://partners.example.com/orders
              certificate: {subject: "CN=partner-1", uris: ["spiffe://example/others"]}
            claims: any
            expect: {decision: deny, reason: policy-denied}
          - name: none
            request: {method: GET, url: https://partners.example.com/orders}
            claims: any
            expect: {decision: deny, reason: attribute-missing}
        """,
}


async def test_a_case_says_what_the_gateway_tells_of_the_clients_certificate() -> None:
    loaded = load_texts({file: dedent(text) for file, text in TREE.items()})
    runner = SuiteRunner(
        loaded, status_of=lambda _: 403, stopwatch=SystemClock(), profiles=[APIGEE]
    )
    run = await ran(runner, suites_in(loaded))
    outcomes = [(result.case.name, result.outcome.value) for result in run.suites[0].results]
    assert outcomes == [
        ("a partner's certificate", "passed"),
        ("somebody else's", "passed"),
        ("none", "passed"),
    ]
