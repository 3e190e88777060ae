"""Suites are run on the service's own path, and fail, skip and error for the right reasons."""

from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent

import pytest

from deemster.gateways.answers import refusal_of
from deemster.policy.loading import load_texts
from deemster.policytest.outcomes import CaseOutcome, CaseResult, TestRun
from deemster.policytest.providers import ProviderProfile
from deemster.policytest.runner import SuiteRunner
from tests.support.clock import FrozenClock
from tests.unit.policytest.test_suite import with_cases
from tests.unit.policytest.trees import APIGEE, STAFF, SUITE, loaded_with, ran, suites_in

GET = "request: {method: GET, url: https://api.example.com/notes}"


async def run(suite: str | Mapping[str, str], staff: ProviderProfile = STAFF) -> TestRun:
    """Of the suite's text over the small tree, or of a whole tree."""
    loaded = loaded_with(suite) if isinstance(suite, str) else load_texts(suite)
    runner = SuiteRunner(
        loaded,
        status_of=lambda decision: refusal_of(decision).status,
        stopwatch=FrozenClock(),
        profiles=[staff, APIGEE],
    )
    return await ran(runner, suites_in(loaded))


async def result_of(case: str) -> CaseResult:
    return (await run(with_cases(case))).suites[0].results[0]


@pytest.mark.parametrize(
    ("presented", "expected", "outcome"),
    [
        ("token: alice", "{decision: permit, operation: list}", CaseOutcome.PASSED),
        ("token: alice", "{decision: deny}", CaseOutcome.FAILED),
        ("token: none", "{decision: deny, reason: token-missing, status: 401}", CaseOutcome.PASSED),
        ("token: none", "{decision: deny, reason: token-missing, status: 403}", CaseOutcome.FAILED),
        ("token: bob", "{decision: deny, reason: user-disabled}", CaseOutcome.PASSED),
        ("token: expired(alice)", "{decision: permit}", CaseOutcome.FAILED),
        ("token: expired(alice)", "{decision: deny, reason: token-expired}", CaseOutcome.PASSED),
        ("token: {like: alice, sub: eve}", "{decision: deny, reason: user-unknown}",
         CaseOutcome.PASSED),
        ("claims: alice", "{decision: deny, reason: token-audience-mismatch}", CaseOutcome.PASSED),
        ("claims: {like: alice, aud: Notes API}", "{decision: permit}", CaseOutcome.PASSED),
        ("token: alice, skip: later", "{decision: deny}", CaseOutcome.SKIPPED),
    ],
)  # fmt: skip
async def test_case_ends_as_the_decision_point_decides(
    presented: str, expected: str, outcome: CaseOutcome
) -> None:
    result = await result_of(f"- {{name: a, {GET}, {presented}, expect: {expected}}}")
    assert result.outcome is outcome


@pytest.mark.parametrize(
    ("request_", "expected", "doubtful"),
    [
        ("{method: GET, url: https://api.example.com/note}", "{decision: deny}", True),
        ("{method: GET, url: https://api.example.com/notes/nowhere}", "{decision: deny}", True),
        (
            "{method: GET, url: https://api.example.com/notes/nowhere}",
            "{decision: deny, reason: no-operation}",
            False,
        ),
        ("{method: GET, url: https://api.example.com/notes/tenant}", "{decision: deny}", False),
    ],
)
async def test_a_deny_that_no_policy_spoke_is_a_doubt_unless_it_is_meant(
    request_: str, expected: str, doubtful: bool
) -> None:
    result = await result_of(
        f"- {{name: a, request: {request_}, token: alice, expect: {expected}}}"
    )
    assert result.outcome is CaseOutcome.PASSED
    assert (result.doubt is not None) is doubtful


async def test_url_of_another_service_is_none_of_this_suites() -> None:
    result = await result_of(
        "- {name: a, request: {method: GET, url: https://partners.example.com/mine}, "
        "claims: {client_id: partner-a}, expect: {decision: permit}}"
    )
    assert result.decision is not None
    assert result.decision.reason == "no-api-service"


async def test_failing_case_is_explained_by_every_node_of_its_operation() -> None:
    result = await result_of(
        "- {name: a, request: {method: GET, url: https://api.example.com/notes/tenant, "
        "headers: {x-tenant: north}}, token: alice, expect: {decision: deny}}"
    )
    found = [(row.id_path, row.place, row.outcome) for row in result.trace]
    assert found == [
        ("notes/tenant/named", "notes.yaml:28", "permit"),
        ("notes/tenant/named/north", "notes.yaml:31", "permit"),
        ("notes/tenant/named/rest", "notes.yaml:32", "not reached"),
    ]


async def test_a_failing_line_says_what_it_saw() -> None:
    result = await result_of(f"- {{name: a, {GET}, token: alice, expect: {{decision: deny}}}}")
    assert [(row.id_path, row.outcome, row.detail) for row in result.trace] == [
        ("notes/list/allow/scopes", "holds", "claims.scope = ['notes.read']")
    ]


async def test_each_case_has_its_own_time() -> None:
    suite = with_cases(
        f"""
        - name: before
          {GET}
          token: {{like: alice, exp: 2026-11-23T09:30:00Z}}
          expect: {{decision: permit}}
        - name: after
          now: 2026-11-23T09:31:00Z
          {GET}
          token: {{like: alice, exp: 2026-11-23T09:30:00Z}}
          expect: {{decision: deny, reason: token-expired}}
        - name: before again
          {GET}
          token: {{like: alice, exp: 2026-11-23T09:30:00Z}}
          expect: {{decision: permit}}
        """
    )
    found = [result.outcome for result in (await run(suite)).suites[0].results]
    assert found == [CaseOutcome.PASSED] * 3


async def test_condition_over_a_timestamp_sees_what_was_written() -> None:
    cases = """
        - name: old
          request: {method: GET, url: https://api.example.com/notes/old-hands}
          token: {like: alice, hired_at: 2019-12-31T23:59:59Z}
          expect: {decision: permit}
        - name: new
          request: {method: GET, url: https://api.example.com/notes/old-hands}
          token: {like: alice, hired_at: 2020-01-01T00:00:00Z}
          expect: {decision: deny, reason: policy-denied}
        """
    found = [result.outcome for result in (await run(with_cases(cases))).suites[0].results]
    assert found == [CaseOutcome.PASSED] * 2


async def test_token_for_apigee_mode_cannot_be_asked_and_says_what_to_write() -> None:
    suite = dedent(
        """\
        apiVersion: deemster/v1
        kind: PolicyTest
        metadata: {id: partners}
        service: partners
        tokens:
          acme: {client_id: partner-acme}
        matrix:
          - name: mine
            request: {method: GET, url: https://partners.example.com/mine}
            tokens: {acme: permit}
            claims: {acme: permit, none: deny}
        """
    )
    outcome = await run(suite)
    results = outcome.suites[0].results
    assert [result.outcome for result in results] == [
        CaseOutcome.ERRORED,
        CaseOutcome.PASSED,
        CaseOutcome.PASSED,
    ]
    assert results[0].problem == (
        "provider `apigee` takes claims from a gateway only: write `claims:` instead of `token:`"
    )
    assert outcome.exit_status == 2


async def test_url_that_is_none_errors() -> None:
    result = await result_of(
        "- {name: a, request: {method: GET, url: /notes}, expect: {decision: deny}}"
    )
    assert result.outcome is CaseOutcome.ERRORED


async def test_settings_of_a_provider_are_those_of_the_run() -> None:
    staff = replace(
        STAFF, issuer="https://auth.example.com", scope_claim="scp", permissions_claim="perms"
    )
    cases = """
        - name: scopes come from the claim that the settings name
          request: {method: GET, url: https://api.example.com/notes}
          token: {like: alice, scp: [notes.read], scope: other, iss: https://auth.example.com}
          expect: {decision: permit}
        - name: permissions too, and no longer from roles
          request: {method: POST, url: https://api.example.com/notes}
          token: alice
          expect: {decision: deny, reason: permission-missing}
        - name: permissions of the claim
          request: {method: POST, url: https://api.example.com/notes}
          token: {like: alice, perms: ["notes:write"]}
          expect: {decision: permit}
        """
    found = [
        result.outcome for result in (await run(with_cases(cases), staff=staff)).suites[0].results
    ]
    assert found == [CaseOutcome.PASSED] * 3


@pytest.mark.parametrize(
    ("expected", "status"),
    [("permit", 0), ("deny", 1)],
)
async def test_exit_status_says_whether_anything_failed(expected: str, status: int) -> None:
    outcome = await run(
        dedent(SUITE) + f"matrix: [{{name: a, {GET}, tokens: {{alice: {expected}}}}}]\n"
    )
    assert outcome.exit_status == status


async def test_a_case_is_judged_as_if_its_token_were_presented_by_its_holder() -> None:
    tree = {
        "orders.yaml": dedent(
            """
            apiVersion: deemster/v1
            kind: ApiService
            metadata: {id: orders}
            service:
              baseUrls: [https://api.example.com/orders]
              tokenProvider: {type: internal, id: staff}
              audience: orders
              dpop: {mode: required}
            operations:
              - id: list
                match: {methods: [GET], path: /}
                allow: {scopes: {any: [orders.read]}}
            """
        ),
        "orders.test.yaml": dedent(
            """
            apiVersion: deemster/v1
            kind: PolicyTest
            metadata: {id: orders-tests, title: Orders}
            service: orders
            now: 2026-11-23T09:00:00Z
            users: {alice: {}}
            tokens: {alice: {sub: alice, scope: orders.read}}
            cases:
              - name: bound tokens are assumed to be proven
                request: {method: GET, url: https://api.example.com/orders}
                token: alice
                expect: {decision: permit}
            """
        ),
    }
    assert [result.outcome for result in (await run(tree)).suites[0].results] == [
        CaseOutcome.PASSED
    ]
