"""What was evaluated counts, and nothing else does."""

from tests.unit.policytest.coverage.test_plan import RESPONSE
from tests.unit.policytest.coverage.trees import SERVICE, covered, told

GET = "request: {method: GET, url: https://api.example.com/notes}"
SERVICE_WITH_RESPONSE = SERVICE.replace("operations:\n", f"{RESPONSE}operations:\n")
POST = "request: {method: POST, url: https://api.example.com/notes}"


async def test_a_case_counts_for_all_that_it_came_by() -> None:
    coverage = await covered(
        f"- {{name: a, {GET}, token: alice, expect: {{decision: permit, operation: list}}}}"
    )
    assert told(coverage) == [
        "8 std.high: true 1",
        "11 notes/frozen: passed 1",
        "15 notes/frozen/no-bots: not applied 1",
        "15 claims.client_id == 'bot': false 1",
        "17 notes/list: reached 1, permitted 1",
        "20 notes/list/allow/scopes: satisfied 1",
        "21 notes/list/allow/authentication.acr: satisfied 1",
        "21 notes/list/allow/authentication.maxAge: satisfied 1",
        "22 notes/list/allow/when: satisfied 1",
        "22 std.high || 'staff' in user.groups: true 1",
        "22 std.high: true 1",
        "22 'staff' in user.groups: -",
        "23 notes/write: -",
        "27 has(claims.level): -",
        "30 notes/write/who/high: -",
        "30 std.high: -",
        "32 notes/write/who/rest: -",
        "33 notes/health: -",
    ]


async def test_lines_after_the_one_that_refused_are_not_covered() -> None:
    coverage = await covered(
        f"- {{name: a, {GET}, token: {{like: alice, acr: pwd}}, "
        "expect: {decision: deny, reason: authentication-too-weak}}"
    )
    assert told(coverage, "allow line") == [
        "20 notes/list/allow/scopes: satisfied 1",
        "21 notes/list/allow/authentication.acr: refused 1",
        "21 notes/list/allow/authentication.maxAge: -",
        "22 notes/list/allow/when: satisfied 1",
    ]


async def test_an_error_counts_for_the_part_and_for_the_whole_if_nothing_else_decides() -> None:
    coverage = await covered(
        f"""
        - {{name: staff, {GET}, token: {{like: alice, level: x}}, expect: {{decision: permit}}}}
        - {{name: none, {GET}, token: {{like: alice, level: x, sub: bob}},
           expect: {{decision: deny, reason: indeterminate}}}}
        """
    )
    assert [line for line in told(coverage) if line.startswith(("8 ", "22 "))] == [
        "8 std.high: error 2",
        "22 notes/list/allow/when: satisfied 1, error 1",
        "22 std.high || 'staff' in user.groups: true 1, error 1",
        "22 std.high: error 2",
        "22 'staff' in user.groups: true 1, false 1",
    ]


async def test_a_refused_token_reaches_the_operation_and_no_condition() -> None:
    coverage = await covered(f"- {{name: a, {GET}, expect: {{decision: deny}}}}")
    assert [line for line in told(coverage) if not line.endswith(": -")] == [
        "17 notes/list: reached 1, denied 1"
    ]


async def test_a_target_that_does_not_hold_leaves_the_rules_uncovered() -> None:
    coverage = await covered(
        f"""
        - {{name: a, {POST}, token: {{like: alice, level: null}},
           expect: {{decision: deny, reason: no-rule}}}}
        """
    )
    assert [line for line in told(coverage) if line.startswith(("27 ", "30 ", "32 "))] == [
        "27 has(claims.level): false 1",
        "30 notes/write/who/high: -",
        "30 std.high: -",
        "32 notes/write/who/rest: -",
    ]


async def test_what_is_missing_is_told_by_place_and_makes_less_than_a_hundred_percent() -> None:
    coverage = await covered(
        f"- {{name: a, {GET}, token: alice, expect: {{decision: permit, operation: list}}}}"
    )
    assert coverage.total.percent < 100
    assert [
        f"{found.unit.span.place} {found.unit.name}: {found.complaint}"
        for found in coverage.missing()
    ][:6] == [
        "lib.yaml:8 std.high: never false, never in error",
        "notes.yaml:11 notes/frozen: never refused",
        "notes.yaml:15 notes/frozen/no-bots: never applied",
        "notes.yaml:15 claims.client_id == 'bot': never true, never in error",
        "notes.yaml:17 notes/list: never denied",
        "notes.yaml:20 notes/list/allow/scopes: never refused",
    ]
    assert coverage.missing()[-1].complaint == "never reached"


async def test_a_refused_answer_is_no_denied_operation() -> None:
    answer = "response: {status: 500}, expect: {decision: deny, reason: policy-denied}"
    coverage = await covered(
        f"- {{name: a, {GET}, token: alice, {answer}}}", service=SERVICE_WITH_RESPONSE
    )
    seen = told(coverage, "operation", "response policy", "rule")
    assert [line for line in seen if not line.endswith(": -")] == [
        "15 notes/frozen/no-bots: not applied 1",
        "18 notes/response/own: refused 1",
        "21 notes/response/own/broken: applied 1",
        "23 notes/list: reached 1",
    ]
