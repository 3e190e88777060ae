"""`unmatched: guards` when a tree is loaded: a warning, and guards that could grant."""

import pytest

from deemster.policy.diagnostics import Severity
from tests.support.policy_trees import a_service, an_operation, findings_of, told

WARNING = "unmatched-guards: calls that no operation matches are permitted where the guards permit"


def tree(*rules: str, combining: str = "deny-overrides") -> dict[str, str]:
    guard = f"  - {{id: g, combiningAlgorithm: {combining}, rules: [{', '.join(rules)}]}}\n"
    guards = f"guards:\n{guard}" if rules else ""
    return {"a.yaml": a_service(guards + an_operation(), block="unmatched: guards\n")}


def test_it_is_warned_of_where_it_is_written() -> None:
    [found] = findings_of(tree('{id: r, effect: permit, when: "has(user)"}'))
    assert (found.severity, found.span.line) == (Severity.WARNING, 8)
    assert f"{found.code}: {found.message}" == WARNING


@pytest.mark.parametrize(
    ("rules", "lacking"),
    [
        ([], "this service has none"),
        (["{id: r, effect: deny}"], "none of them can permit"),
        (["{id: r, effect: permit, enabled: false}", "{id: d, effect: deny}"],
         "none of them can permit"),
    ],
)  # fmt: skip
def test_guards_that_cannot_grant_are_an_error(rules: list[str], lacking: str) -> None:
    assert told(tree(*rules)) == [f"no-grant: `unmatched: guards` lets guards grant, and {lacking}"]


def test_a_guard_that_only_permits_grants_something_here() -> None:
    assert told(tree("{id: r, effect: permit}")) == [WARNING]


def test_what_permits_unless_denied_can_grant() -> None:
    assert told(tree("{id: r, effect: deny}", combining="permit-unless-deny")) == [WARNING]


def test_a_guard_that_was_refused_may_have_been_meant_to_grant() -> None:
    found = told(tree("{id: r, effect: permit, when: \"claims.nothing == 'a'\"}"))
    assert [line.partition(":")[0] for line in found] == ["unmatched-guards", "unknown-name"]
