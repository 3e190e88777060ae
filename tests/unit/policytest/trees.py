"""A small policy tree for tests of the test runner: one internal service, one of each kind else."""

from collections.abc import Sequence
from textwrap import dedent

from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policytest.cases import Suite
from deemster.policytest.gathering import gather_suites
from deemster.policytest.outcomes import SuiteResult, TestRun
from deemster.policytest.providers import ProviderProfile
from deemster.policytest.runner import SuiteRunner
from deemster.tokens.provider import ProviderKind

__all__ = [
    "APIGEE",
    "NOW",
    "STAFF",
    "SUITE",
    "findings_in",
    "loaded_with",
    "ran",
    "suites_in",
    "texts_with",
]

NOW = 1_795_424_400
"""2026-11-23T09:00:00Z"""

STAFF = ProviderProfile(
    id="staff", kind=ProviderKind.INTERNAL, verifies=True, issuer="https://staff.invalid"
)
APIGEE = ProviderProfile(id="apigee", kind=ProviderKind.EXTERNAL, verifies=False, issuer="")

SERVICE = """
    apiVersion: deemster/v1
    kind: ApiService
    metadata: {id: notes}
    service:
      baseUrls: [https://api.example.com/notes]
      tokenProvider: {type: internal, id: staff}
      audience: Notes API
      applications: [notes]
    schema:
      claims: {hired: {type: timestamp, optional: true, claim: hired_at}}
      user: {level: {type: int, optional: true}}
    operations:
      - id: list
        match: {methods: [GET], path: /}
        allow: {scopes: {any: [notes.read]}}
      - id: write
        match: {methods: [POST], path: /}
        allow:
          permissions: {all: ["notes:write"]}
        otherwise: {code: notes.write, message: Writers write.}
      - id: old-hands
        match: {methods: [GET], path: /old-hands}
        allow: {when: "has(claims.hired) && claims.hired < timestamp('2020-01-01T00:00:00Z')"}
      - id: tenant
        match: {methods: [GET], path: /tenant}
        policies:
          - id: named
            combiningAlgorithm: first-applicable
            rules:
              - {id: north, effect: permit, when: "'north' in request.headers['x-tenant']"}
              - {id: rest, effect: deny, deniedReason: {code: tenant.other, message: Not yours.}}
      - id: health
        match: {methods: [GET], path: /health}
        allow: public
"""

PARTNERS = """
    apiVersion: deemster/v1
    kind: ApiService
    metadata: {id: partners}
    service:
      baseUrls: [https://partners.example.com]
      tokenProvider: {type: external, id: apigee}
    operations:
      - id: mine
        match: {methods: [GET], path: /mine}
        allow: {when: "has(claims.client_id) && claims.client_id.startsWith('partner-')"}
"""

APPLICATION = """
    apiVersion: deemster/v1
    kind: Application
    metadata: {id: notes}
    resources:
      notes: {permissions: [write]}
    roles:
      writer: {permissions: ["notes:write"]}
"""

SUITE = """\
    apiVersion: deemster/v1
    kind: PolicyTest
    metadata: {id: notes, title: Notes}
    service: notes
    now: 2026-11-23T09:00:00Z
    users:
      alice: {groups: [staff], roles: [writer]}
      bob: {enabled: false}
    tokens:
      alice: {sub: alice, scope: notes.read}
      bob: {sub: bob, scope: notes.read}
"""


def texts_with(suite: str) -> dict[str, str]:
    """The tree's files; `suite` is the text of its one PolicyTest."""
    return {
        "applications/notes.yaml": dedent(APPLICATION),
        "notes.yaml": dedent(SERVICE),
        "partners.yaml": dedent(PARTNERS),
        "tests/suite.yaml": dedent(suite),
    }


async def ran(runner: SuiteRunner, suites: Sequence[Suite]) -> TestRun:
    """Every case, in this task."""
    return TestRun(
        tuple(
            [
                SuiteResult(suite, tuple(await runner.run_cases(suite, suite.cases)))
                for suite in suites
            ]
        )
    )


def loaded_with(suite: str) -> LoadedTree:
    return load_texts(texts_with(suite))


def suites_in(loaded: LoadedTree) -> Sequence[Suite]:
    """The suites of a tree whose suites have no errors."""
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=NOW)
    assert [item.message for item in sink.finish().errors] == []
    return suites


def findings_in(suite: str) -> Sequence[Diagnostic]:
    """What is said of a suite."""
    sink = DiagnosticSink()
    gather_suites(loaded_with(suite), sink, now=NOW)
    return sink.finish().items
