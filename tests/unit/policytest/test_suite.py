"""What a PolicyTest document may say, and how a slip in it is told."""

from dataclasses import dataclass
from textwrap import dedent, indent

import pytest

from deemster.model.decision import Effect, Reason
from deemster.policytest.cases import CallRecipe, Fault, PresentedAs
from tests.unit.policytest.trees import NOW, SUITE, findings_in, loaded_with, suites_in

GET = "request: {method: GET, url: https://api.example.com/notes}"
DENY = "expect: {decision: deny}"


def with_cases(cases: str) -> str:
    return dedent(SUITE) + "cases:\n" + indent(dedent(cases).strip("\n"), "  ") + "\n"


def test_a_case_is_read_with_its_place_and_every_expectation() -> None:
    suite = suites_in(
        loaded_with(
            with_cases(
                """
                - name: all of it
                  now: 2026-11-23T10:00:00+01:00
                  request:
                    method: POST
                    url: https://api.example.com/notes
                    headers: {X-Tenant: [north, south], Accept: text/plain}
                    body: {text: hello, size: 3, tags: [a, 1.5, null, true]}
                    ip: 192.0.2.1
                  token: alice
                  expect:
                    decision: deny
                    reason: permission-missing
                    operation: write
                    rule: notes/write/allow/permissions
                    status: 403
                    deniedReason: notes.write
                    challenge: {error: insufficient_scope, max_age: 300}
                """
            )
        )
    )[0]
    case = suite.cases[0]
    assert (case.name, case.span.place, case.now) == ("all of it", "tests/suite.yaml:13", NOW)
    assert isinstance(case.call, CallRecipe)
    assert case.call.headers == (
        ("x-tenant", "north"),
        ("x-tenant", "south"),
        ("accept", "text/plain"),
        ("content-type", "application/json"),
    )
    assert case.call.body == '{"text": "hello", "size": 3, "tags": ["a", 1.5, null, true]}'
    assert case.call.ip == "192.0.2.1"
    expected = case.expectation
    assert (expected.decision, expected.reason) == (Effect.DENY, Reason.PERMISSION_MISSING)
    assert (expected.operation, expected.rule, expected.status) == (
        "write",
        "notes/write/allow/permissions",
        403,
    )
    assert expected.denied_reason == {"code": "notes.write"}
    assert expected.challenge == {"error": "insufficient_scope", "max_age": 300}


def test_a_body_that_is_text_is_sent_as_it_stands_and_names_no_media_type() -> None:
    suite = suites_in(
        loaded_with(
            with_cases(
                """
                - name: text
                  request: {method: POST, url: https://api.example.com/notes, body: "{"}
                  expect: {decision: deny}
                """
            )
        )
    )[0]
    call = suite.cases[0].call
    assert isinstance(call, CallRecipe)
    assert (call.body, call.headers) == ("{", ())


def test_a_matrix_is_one_case_for_each_token_at_its_own_place() -> None:
    suite = suites_in(
        loaded_with(
            dedent(SUITE)
            + dedent(
                """
                matrix:
                  - name: who lists
                    request: {method: GET, url: https://api.example.com/notes}
                    tokens:
                      alice: permit
                      "expired(alice)": {decision: deny, reason: token-expired}
                      none: deny
                    claims:
                      alice: deny
                """
            )
        )
    )[0]
    found = [(case.name, case.span.line, case.presented.kind) for case in suite.cases]
    assert found == [
        ("who lists [alice]", 17, PresentedAs.TOKEN),
        ("who lists [expired(alice)]", 18, PresentedAs.TOKEN),
        ("who lists [none]", 19, PresentedAs.NOTHING),
        ("who lists [claims alice]", 21, PresentedAs.CLAIMS),
    ]
    assert suite.cases[1].presented.fault is Fault.EXPIRED
    assert suite.cases[1].expectation.reason is Reason.TOKEN_EXPIRED


def test_a_token_like_another_keeps_its_claims_but_for_those_written() -> None:
    suite = suites_in(
        loaded_with(
            with_cases(
                f"""
                - name: like
                  {GET}
                  token: {{like: alice, fault: tampered, scope: other, level: 3}}
                  {DENY}
                """
            )
        )
    )[0]
    presented = suite.cases[0].presented
    assert presented.claims == {"sub": "alice", "scope": "other", "level": 3}
    assert presented.fault is Fault.TAMPERED
    assert presented.label == "like alice, but for scope, level, tampered"


def test_declared_timestamps_are_minted_as_numeric_dates_and_other_text_is_not() -> None:
    suite = suites_in(
        loaded_with(
            with_cases(
                f"""
                - name: times
                  {GET}
                  claims:
                    auth_time: 2026-11-23T09:00:00Z
                    hired_at: 2026-11-23T09:00:00.5Z
                    hired: 2026-11-23T09:00:00Z
                    exp: soon
                  {DENY}
                """
            )
        )
    )[0]
    assert suite.cases[0].presented.claims == {
        "auth_time": NOW,
        "hired_at": NOW + 0.5,
        "hired": "2026-11-23T09:00:00Z",
        "exp": "soon",
    }


def test_a_suite_without_a_time_has_the_time_of_the_run() -> None:
    suite = with_cases(f"- {{name: a, {GET}, {DENY}}}").replace("now: 2026-11-23T09:00:00Z\n", "")
    assert suites_in(loaded_with(suite))[0].cases[0].now == NOW


@dataclass(frozen=True, slots=True)
class Slip:
    """A suite with something wrong in it, and how that is told: `line:column: code: text`."""

    suite: str
    told: str


SLIPS = {
    "unknown service": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace("service: notes", "service: note"),
        "4:10: test-suite: there is no API service `note` (did you mean `notes`?)",
    ),
    "no service": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace("service: notes\n", ""),
        "1:1: missing-key: a PolicyTest needs `service` (the id of the API service that the "
        "suite is about)",
    ),
    "nothing to run": Slip(
        dedent(SUITE),
        "1:1: missing-key: this suite has neither `cases` nor `matrix` (a suite asks something: "
        "write at least one case)",
    ),
    "unknown key of a case": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}, tokn: alice}}"),
        "13:101: unknown-key: `tokn` is not a key of a case (did you mean `token`? known keys: "
        "`attributes`, `claims`, `expect`, `name`, `now`, `request`, "
        "`response`, `skip` and `token`)",
    ),
    "unknown operation": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: permit, operation: lst}}}}"),
        "13:113: unknown-operation: API service `notes` has no operation `lst` "
        "(did you mean `list`?)",
    ),
    "unknown node": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: deny, rule: notes/write/alow}}}}"),
        "13:106: test-suite: API service `notes` has no node `notes/write/alow` "
        "(did you mean `notes/write/allow`?)",
    ),
    "node of nothing": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: deny, rule: gold}}}}"),
        "13:106: test-suite: API service `notes` has no node `gold` "
        "(an id path is written `service/operation/policy/rule`, as traces show it)",
    ),
    "unknown token": Slip(
        with_cases(f"- {{name: a, {GET}, token: alcie, {DENY}}}"),
        "13:82: unknown-name: there is no token `alcie` in `tokens` (did you mean `alice`?)",
    ),
    "unknown token that is like": Slip(
        with_cases(f"- {{name: a, {GET}, token: {{like: alcie}}, {DENY}}}"),
        "13:89: unknown-name: there is no token `alcie` in `tokens` (did you mean `alice`?)",
    ),
    "unknown fault": Slip(
        with_cases(f"- {{name: a, {GET}, token: expird(alice), {DENY}}}"),
        "13:82: bad-value: `expird` is not a value of `fault` (did you mean `expired`? expected "
        "`expired`, `not-yet-valid`, `wrong-audience`, `wrong-issuer`, `wrong-key`, `alg-none` "
        "or `tampered`)",
    ),
    "unknown reason": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: deny, reason: scopes-missing}}}}"),
        "13:108: bad-value: `scopes-missing` is not a value of `reason` (did you mean "
        "`scope-missing`?)",
    ),
    "effect of another language": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: allow}}}}"),
        "13:94: bad-value: `allow` is not a value of `decision` (did you mean `permit`? "
        "expected `permit` or `deny`)",
    ),
    "no decision": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{reason: no-rule}}}}"),
        "13:84: missing-key: `expect` needs `decision` (`permit` or `deny`)",
    ),
    "statements": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: permit, statements: [{{id: a}}]}}}}"),
        "13:116: missing-key: an item of `statements` needs `code` (for example "
        "`code: exclude-attributes`)",
    ),
    "attributes": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}, attributes: {{risk: 80}}}}"),
        "13:114: test-suite: no attribute of this API service that has a source is called `risk`",
    ),
    "response": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}, response: {{}}}}"),
        "13:111: missing-key: `response` needs `status` (for example `status: 200`)",
    ),
    "subject": Slip(
        with_cases(
            f"- {{name: a, request: {{subject: {{type: user}}, action: {{name: b}}, "
            f"resource: {{type: c, id: d}}}}, {DENY}}}"
        ),
        "13:35: missing-key: a subject or a resource needs `id` (for example `id: alice`)",
    ),
    "certificate": Slip(
        with_cases(f"- {{name: a, {GET[:-1]}, certificate: {{x5c: []}}}}, {DENY}}}"),
        "13:88: unknown-key: `x5c` is not a key of `certificate` (say what conditions read: "
        "thumbprint, subject, issuer, dnsNames, uris)",
    ),
    "token and claims": Slip(
        with_cases(f"- {{name: a, {GET}, token: alice, claims: alice, {DENY}}}"),
        "13:89: test-suite: a case has `token` or `claims`, not both (`claims` are asserted by "
        "the gateway instead of a token)",
    ),
    "claims under token": Slip(
        with_cases(f"- {{name: a, {GET}, token: {{sub: alice}}, {DENY}}}"),
        "13:82: test-suite: `token` must be a name of `tokens`, `none`, or `{like: name, …}` "
        "(give the claims a name under `tokens`)",
    ),
    "signature fault of asserted claims": Slip(
        with_cases(f"- {{name: a, {GET}, claims: wrong-key(alice), {DENY}}}"),
        "13:83: test-suite: `wrong-key` is about a signature, and asserted claims have none",
    ),
    "reserved name": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace("  bob: {sub", "  expired: {sub"),
        "11:3: test-suite: `expired` is a reserved name",
    ),
    "time that is none": Slip(
        with_cases(f"- {{name: a, now: 2026-11-23, {GET}, {DENY}}}"),
        "13:20: bad-value: `now` is `2026-11-23`, which is no RFC 3339 timestamp "
        "(write it like 2026-11-23T09:00:00Z)",
    ),
    "status that is none": Slip(
        with_cases(f"- {{name: a, {GET}, expect: {{decision: deny, status: 40}}}}"),
        "13:108: bad-value: `status` is out of range, `40` (an integer within 100..599)",
    ),
    "two cases of one name": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}\n- {{name: a, {GET}, {DENY}}}"),
        "14:12: duplicate-id: there are two cases with the name `a` (say what makes them "
        "different)",
    ),
    "role that grants nothing": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace("[writer]", "[wrtier]"),
        "7:36: test-suite: no Application has a role `wrtier`, or more than one has it "
        "(did you mean `writer`?)",
    ),
    "user that is nobody": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace("{sub: alice", "{sub: alcie"),
        "10:16: test-suite: there is no user `alcie` in `users` (did you mean `alice`?)",
    ),
    "claim that nobody reads": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace(
            "bob: {sub: bob, scope", "bob: {sub: bob, hired_att: 1, scope"
        ),
        "11:19: test-suite: no policy reads a claim `hired_att` (did you mean `hired_at`?)",
    ),
    "attribute that nobody reads": Slip(
        with_cases(f"- {{name: a, {GET}, {DENY}}}").replace(
            "bob: {enabled", "bob: {attributes: {levle: 3}, enabled"
        ),
        "8:22: test-suite: no policy reads an attribute `levle` (did you mean `level`?)",
    ),
    "matrix without tokens": Slip(
        dedent(SUITE) + f"matrix:\n  - {{name: a, {GET}}}\n",
        "13:6: missing-key: an entry of `matrix` needs `tokens` or `claims` (for example "
        "`tokens: {alice: permit, none: deny}`)",
    ),
    "case that is text": Slip(
        with_cases("- who lists"),
        "13:5: wrong-type: a case must be a mapping, found `who lists` (its keys: `attributes`, "
        "`claims`, `expect`, `name`, `now`, `request`, "
        "`response`, `skip` and `token`)",
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_slip_is_told_with_its_place_and_a_suggestion(name: str) -> None:
    slip = SLIPS[name]
    told = [
        f"{item.span.line}:{item.span.column}: {item.code}: {item.message}"
        + (f" ({item.help})" if item.help else "")
        for item in findings_in(slip.suite)
    ]
    assert told == [slip.told]
