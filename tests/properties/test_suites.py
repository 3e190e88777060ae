"""Whatever stands in a suite: it is refused with a place, or it runs; nothing else happens."""

import asyncio
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policytest.cases import Suite
from deemster.policytest.coverage.counting import CoverageCounter
from deemster.policytest.coverage.plan import Plan
from deemster.policytest.gathering import gather_suites
from deemster.policytest.junit import junit_report
from deemster.policytest.outcomes import CaseOutcome, TestRun
from deemster.policytest.reports import json_report, text_report
from deemster.policytest.runner import SuiteRunner
from deemster.policytest.written import WrittenTerms
from tests.support.clock import FrozenClock
from tests.support.scale import scaled
from tests.unit.policytest.trees import APIGEE, NOW, STAFF, SUITE, ran, texts_with

WORDS = (
    "alice", "bob", "none", "expired(alice)", "alg-none(bob)", "tampered(alice)", "permit", "deny",
    "list", "health", "scope-missing", "GET", "POST", "https://api.example.com/notes",
    "https://api.example.com/notes/health", "https://partners.example.com/mine",
    "2026-11-23T09:00:00Z", "9999-12-31T23:59:59Z", "Notes API", "é", "a\nb", "\x1b[31m", "",
)  # fmt: skip
KEYS = (
    "name", "now", "request", "token", "claims", "expect", "skip", "method", "url", "headers",
    "body", "ip", "like", "fault", "decision", "reason", "operation", "rule", "status", "challenge",
    "deniedReason", "sub", "scope", "aud", "iss", "exp", "nbf", "iat", "client_id", "auth_time",
    "hired_at", "groups", "roles", "attributes", "enabled", "authorization", "tokens", "alice",
    "response", "statements", "subject", "action", "resource", "context", "properties", "type",
    "id", "certificate", "payload", "code", "obligatory", "level",
)  # fmt: skip

scalars = st.one_of(
    st.sampled_from(WORDS), st.integers(-(2**70), 2**70), st.booleans(), st.none(), st.floats(
        allow_nan=False, allow_infinity=False
    )
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
URLS = st.sampled_from([word for word in WORDS if word.startswith("https:")])
calls = st.fixed_dictionaries(
    {"method": st.sampled_from(["GET", "POST", "DELETE"]), "url": URLS},
    optional={
        "headers": st.dictionaries(st.sampled_from(KEYS), st.just("x") | st.just(["a", "b"])),
        "body": anything,
        "ip": st.sampled_from(["192.0.2.1", "::1", "nowhere"]),
    },
)
likes = st.fixed_dictionaries(
    {"like": st.sampled_from(["alice", "bob"])},
    optional=dict.fromkeys(("sub", "scope", "aud", "exp", "nbf", "client_id"), scalars)
    | {"fault": st.sampled_from(["expired", "wrong-key", "tampered"])},
)
presented = st.sampled_from(WORDS[:6]) | likes
answers = st.fixed_dictionaries(
    {"status": st.integers(100, 599)},
    optional={"headers": st.just({"x-a": "b"}), "body": anything},
)
sound_cases = st.fixed_dictionaries(
    {"request": calls, "expect": st.just({"decision": "deny"})},
    optional={"token": presented, "response": answers},
)
wild_cases = st.fixed_dictionaries(
    {"request": calls | anything, "expect": st.just({"decision": "deny"}) | anything},
    optional={
        "token": presented | anything,
        "now": anything,
        "response": answers | anything,
        "attributes": anything,
    },
)


def suite_with(found: list[dict[str, object]], users: object) -> str:
    named = [{"name": f"case {number}", **case} for number, case in enumerate(found)]
    text = dedent(SUITE)
    if users is not None:
        kept = text[text.index("tokens:") :]
        text = f"{text[: text.index('users:')]}users: {json.dumps(users)}\n{kept}"
    return f"{text}cases: {json.dumps(named)}\n"


def loaded_with(suite: str) -> LoadedTree:
    return load_texts({**texts_with(SUITE), "tests/suite.yaml": suite})


@settings(max_examples=scaled(1000), deadline=None)
@given(found=st.lists(wild_cases, min_size=1, max_size=3), users=st.none() | anything)
def test_suite_is_refused_with_a_place_or_runs(
    found: list[dict[str, object]], users: object
) -> None:
    loaded = loaded_with(suite_with(found, users))
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=NOW)
    assert bool(suites) is not bool(sink.error_count)
    for item in sink.finish():
        assert item.span.file == "tests/suite.yaml"
        assert item.span.line >= 1
    run_without_a_fault(loaded, suites)


@settings(max_examples=scaled(1000), deadline=None)
@given(found=st.lists(sound_cases, min_size=1, max_size=3))
def test_sound_suite_runs_whatever_its_tokens_and_bodies_hold(
    found: list[dict[str, object]],
) -> None:
    loaded = loaded_with(suite_with(found, None))
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=NOW)
    assert [(item.span.line, item.message) for item in sink.finish().errors] == []
    run_without_a_fault(loaded, suites)


def run_without_a_fault(loaded: LoadedTree, suites: Sequence[Suite]) -> None:
    plain = results_of(loaded, suites, None)
    counter = CoverageCounter(Plan(loaded.resolved, WrittenTerms(loaded.files.sources())))
    covered = results_of(loaded, suites, counter)
    for suite in plain.suites:
        for result in suite.results:
            assert "fault of Deemster" not in (result.problem or "")
            assert bool(result.mismatches) is (result.outcome is CaseOutcome.FAILED)
    # Counting changes nothing, and everything can be told.
    assert covered == plain
    assert text_report(plain, seconds=0, colour=False).replace("\n", "").isprintable()
    ET.fromstring(junit_report(plain, seconds=0))  # noqa: S314  (written by ourselves)
    json.dumps(json_report(plain))


def results_of(
    loaded: LoadedTree, suites: Sequence[Suite], counter: CoverageCounter | None
) -> TestRun:
    runner = SuiteRunner(
        loaded,
        status_of=lambda _: 403,
        stopwatch=FrozenClock(),
        profiles=[STAFF, APIGEE],
        counter=counter,
    )
    return asyncio.run(ran(runner, suites))
