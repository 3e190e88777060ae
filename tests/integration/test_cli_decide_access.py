"""`deemster decide` and `deemster test` ask questions of AuthZEN."""

from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner, Result

from deemster.cli.main import app

SERVICE = """\
apiVersion: deemster/v1
kind: ApiService
metadata: {id: todos}
service:
  baseUrls: [https://api.example.com/todos]
  tokenProvider: {type: internal, id: bizpro}
  audience: Todos
schema:
  resource: {ownerID: {type: string, optional: true}}
  context: {channel: {type: string, optional: true}}
operations:
  - id: list
    match: {methods: [GET], path: /}
    allow: {scopes: {any: [todos.read]}}
  - id: one
    match: {methods: [GET], path: "/{id}"}
    allow: authenticated
  - id: update
    match: {resourceType: todo, actions: [can_update]}
    allow:
      groups: {any: [editors]}
      when: "resource.properties.ownerID == user.id"
"""
SUITE = """\
apiVersion: deemster/v1
kind: PolicyTest
metadata: {id: todos}
service: todos
users:
  alice: {groups: [editors]}
  bob: {}
tokens:
  reader: {sub: alice, scope: todos.read}
cases:
  - name: the owner updates
    request:
      subject: {type: user, id: alice}
      action: {name: can_update}
      resource: {type: todo, id: "1", properties: {ownerID: alice}}
    expect: {decision: permit, operation: update}
  - name: nobody else
    request:
      subject: {type: user, id: bob}
      action: {name: can_update}
      resource: {type: todo, id: "1", properties: {ownerID: alice}}
    expect: {decision: deny, reason: group-missing, rule: todos/update/allow/groups}
  - name: a route asks for the scope, which a token brings
    request:
      subject: {type: identity, id: alice}
      action: {name: GET}
      resource: {type: route, id: /}
    token: reader
    expect: {decision: permit, operation: list}
  - name: without it
    request:
      subject: {type: identity, id: alice}
      action: {name: GET}
      resource: {type: route, id: /}
    expect: {decision: deny, reason: scope-missing}
  - name: a token is nobody else's
    request:
      subject: {type: identity, id: bob}
      action: {name: GET}
      resource: {type: uri, id: "https://api.example.com/todos/7"}
    token: reader
    expect: {decision: deny, reason: subject-not-accepted}
"""


def deemster(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder's tree."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "todos.yaml").write_text(SERVICE)
    (folder / "todos.tests.yaml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    return folder


def decide(*arguments: str) -> Result:
    return deemster("decide", *arguments)


ALICE = ("--subject", "user:alice", "--action", "can_update", "--resource", "todo:1")


def test_a_question_is_decided_with_its_trace() -> None:
    editor = ("--user", '{"groups": ["editors"]}')
    outcome = decide(*ALICE, "--property", "resource.ownerID=alice", *editor)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.startswith("permit  permitted\n")
    assert "todos/update/allow/when" in outcome.stdout
    assert "resource.properties.ownerID == user.id" in outcome.stdout
    refused = decide(*ALICE, "--property", "resource.ownerID=alice")
    assert (refused.exit_code, refused.stdout.split("\n")[0]) == (1, "deny  group-missing")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--action", "GET", "--resource", "route:/"], "deny  scope-missing"),
        (["--action", "GET", "--resource", "route:/{todoId}"], "permit  permitted"),
        (["--action", "GET", "--resource", "uri:https://api.example.com/todos/7"],
         "permit  permitted"),
        (["--action", "GET", "--resource", "route:/", "--sub", "alice", "--scope", "todos.read"],
         "permit  permitted"),
        (["--action", "GET", "--resource", "route:/", "--sub", "bob"],
         "deny  subject-not-accepted"),
        (["--action", "GET", "--resource", "route:/", "--api-service", "todos"],
         "deny  scope-missing"),
        (["--action", "can_fly", "--resource", "todo:1"], "deny  no-operation"),
        (["--action", "can_fly", "--resource", "task:1"], "deny  no-api-service"),
    ],
)  # fmt: skip
def test_routes_and_urls_are_asked_about_alike(arguments: list[str], reason: str) -> None:
    outcome = decide("--subject", "user:alice", *arguments)
    assert outcome.stdout.split("\n")[0] == reason, outcome.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--action", "a", "--resource", "t:1"], "write `type:id`, for example `user:alice`"),
        (["--subject", "alice", "--action", "a", "--resource", "t:1"], "write `type:id`"),
        (["--subject", "user:a", "--resource", "t:1"], "a question needs one"),
        ([*ALICE, "--property", "ownerID=a"], "is not `subject.name=value`"),
        ([*ALICE, "--url", "https://a.example"], "a question has no --url"),
        ([*ALICE, "--api-service", "todo"], "has no API service `todo`; did you mean `todos`?"),
    ],
)
def test_what_is_no_question_could_not_run(arguments: list[str], told: str) -> None:
    outcome = decide(*arguments)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert told in " ".join(outcome.stderr.split())


def test_suites_ask_questions() -> None:
    outcome = deemster("test")
    assert outcome.exit_code == 0, outcome.output
    assert "5 passed" in outcome.output


def test_a_question_brings_no_asserted_claims(policies: Path) -> None:
    text = SUITE.replace("    token: reader\n    expect: {decision: permit, operation: list}",
                         "    claims: reader\n    expect: {decision: permit}")  # fmt: skip
    (policies / "todos.tests.yaml").write_text(text)
    outcome = deemster("test")
    assert outcome.exit_code == 2
    assert "no gateway asserts claims with a question of AuthZEN" in outcome.output


def test_a_trees_coverage_counts_questions(policies: Path) -> None:
    (policies / "todos.tests.yaml").write_text(
        dedent(SUITE).replace(
            "reason: group-missing, rule: todos/update/allow/groups", "status: 403"
        )
    )
    outcome = deemster("test", "--coverage", "1")
    assert outcome.exit_code == 0, outcome.output
