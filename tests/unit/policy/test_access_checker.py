"""Operations that answer AuthZEN questions, when a tree is loaded."""

import pytest

from deemster.policy.resolved import ProviderFacts
from tests.support.policy_texts import indented
from tests.support.policy_trees import a_library, a_policy, loaded, resolved_operation, told


def service(
    snippet: str = "allow: authenticated",
    *,
    head: str = "",
    id: str = "todos",
    external: bool = False,
    more: str = "",
) -> str:
    """An API service with one operation that answers questions, and no base URL."""
    kind = "external" if external else "internal"
    return (
        f"apiVersion: deemster/v1\nkind: ApiService\nmetadata: {{id: {id}}}\n"
        f"service:\n  tokenProvider: {{type: {kind}, id: idp}}\n{head}"
        "operations:\n  - id: read\n    match: {resourceType: todo, actions: [read, list]}\n"
        f"{indented(snippet, 4)}{more}"
    )


SCHEMA = """\
schema:
  user: {level: {type: int}}
  subject: {role: {type: string, enum: [viewer, editor], optional: true}}
  action: {soft: {type: bool, default: false}}
  resource: {ownerID: {type: string}}
  context: {channel: {type: string}}
"""


def test_a_service_that_answers_questions_alone_needs_neither_base_url_nor_audience() -> None:
    providers = {"idp": ProviderFacts("internal", asserted=False)}
    assert told({"a.yaml": service()}, providers) == []
    verified = {"idp": ProviderFacts("external", asserted=False)}
    assert told({"a.yaml": service(external=True)}, verified) == []


def test_one_that_answers_calls_too_needs_an_audience() -> None:
    calls = "  - {id: get, match: {methods: [GET], path: /}, allow: authenticated}\n"
    text = service(more=calls).replace("service:\n", "service:\n  baseUrls: [https://a.example]\n")
    assert [line.partition(":")[0] for line in told({"a.yaml": text})] == ["audience-missing"]


@pytest.mark.parametrize(
    "when",
    [
        "subject.type == 'user' && subject.id == user.id",
        "subject.properties.role == 'editor' && has(subject.properties.role)",
        "action.name == 'read' && !action.properties.soft",
        "resource.type == 'todo' && resource.id != '' && resource.properties.ownerID == subject.id",
        "context.channel in ['web', 'phone']",
        "user.level >= 3 && 'admin' in user.roles && has(user)",
        "time.local('Europe/Berlin').hour < 18 && request.time > timestamp('2026-01-01T00:00:00Z')",
    ],
)
def test_names_of_a_question(when: str) -> None:
    text = service(f'allow: {{when: "{when}"}}', head=SCHEMA)
    assert [line for line in told({"a.yaml": text}) if not line.startswith("default-")] == []


def test_reads_are_named_as_conditions_write_them() -> None:
    when = "subject.properties.role == 'editor' && context.channel == 'web' && action.name == 'a'"
    tree = loaded({"a.yaml": service(f'allow: {{when: "{when}"}}', head=SCHEMA)})
    assert resolved_operation(tree).reads == {
        "subject.properties.role",
        "context.channel",
        "action.name",
    }


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        ("allow: public", "not-for-authzen"),
        ("allow: {scopes: {any: [a]}}", "not-for-authzen"),
        ("allow: {authentication: {maxAge: 60s}}", "not-for-authzen"),
        ("allow: {when: \"claims.sub == 'a'\"}", "name-elsewhere"),
        ("allow: {when: \"has(claims.sub)\"}", "name-elsewhere"),
        ("allow: {when: \"request.method == 'GET'\"}", "name-elsewhere"),
        ("allow: {when: \"request.headers['x'] == ['a']\"}", "name-elsewhere"),
        ("allow: {when: \"params.id == 'a'\"}", "name-elsewhere"),
        ("alsoCovers: [x]\nallow: authenticated", "not-for-authzen"),
        ("allow: authenticated\nguards: [{id: g, combiningAlgorithm: deny-overrides, rules: "
         "[{id: r, effect: deny, when: \"claims.sub == 'a'\"}]}]", "name-elsewhere"),
        ("policies: [{$ref: shared.yaml}]", "name-elsewhere"),
    ],
)  # fmt: skip
def test_what_a_question_does_not_have_is_refused_where_it_is_answered(
    snippet: str, expected: str
) -> None:
    rules = "[{id: r, effect: permit, when: \"claims.acr == 'mfa'\"}]"
    shared = a_policy(f"combiningAlgorithm: deny-overrides\nrules: {rules}\n")
    files = {"a.yaml": service(snippet)}
    if "$ref" in snippet:
        files["shared.yaml"] = shared
    assert [line.partition(":")[0] for line in told(files)] == [expected]


@pytest.mark.parametrize("name", ["subject.id", "action.name", "resource.id", "context.channel"])
def test_what_only_a_question_has_is_refused_where_calls_are_answered(name: str) -> None:
    calls = (
        f"  - {{id: get, match: {{methods: [GET], path: /}}, allow: {{when: \"{name} == 'a'\"}}}}\n"
    )
    text = service(head=SCHEMA, more=calls).replace(
        "service:\n", "service:\n  baseUrls: [https://a.example]\n  audience: a\n"
    )
    assert [line.partition(":")[0] for line in told({"a.yaml": text})] == ["name-elsewhere"]


def test_a_guard_may_read_claims_though_a_subject_comes_without_a_token() -> None:
    guard = (
        "guards: [{id: g, combiningAlgorithm: deny-overrides, rules: "
        "[{id: r, effect: deny, when: \"claims.iss == 'x'\"}]}]\n"
    )
    found = told({"a.yaml": service(head=guard)})
    assert [line.partition(":")[0] for line in found] == ["optional-unguarded"]


def test_users_of_an_external_provider_are_not_known_here_either() -> None:
    lines = 'allow: {groups: {any: [a]}, permissions: {any: ["a:b"]}, scopes: {any: [c]}}'
    found = told({"a.yaml": service(lines, external=True)})
    assert [line.partition(":")[0] for line in found] == [
        "basic-rule-on-external",
        "basic-rule-on-external",
        "not-for-authzen",
    ]
    when = 'allow: {when: "user.id == subject.id"}'
    found = told({"a.yaml": service(when, external=True)})
    assert [line.partition(":")[0] for line in found] == ["user-on-external"]


def test_a_pair_belongs_to_one_operation_in_the_whole_tree() -> None:
    [found] = told({"a.yaml": service(), "b.yaml": service(id="others").replace("list", "put")})
    assert found == (
        "authzen-pair-twice: questions of `read` about `todo` are answered by `read` of service "
        "`todos` already"
    )
    other = service(id="others").replace("resourceType: todo", "resourceType: task")
    assert told({"a.yaml": service(), "b.yaml": other}) == []


def test_properties_of_a_library_are_seen_by_who_imports_it() -> None:
    imported = "imports: {std: lib.yaml}\n"
    text = service('allow: {when: "std.own"}', head=imported)
    own = 'conditions: {own: "resource.properties.ownerID == subject.id"}\n'
    assert told({"a.yaml": text, "lib.yaml": a_library(SCHEMA + own)}) == []
    twice = text.replace(imported, imported + SCHEMA)
    found = told({"a.yaml": twice, "lib.yaml": a_library(SCHEMA + own)})
    assert "redeclared: `subject.properties.role` is declared twice" in found
    assert "redeclared: `context.channel` is declared twice" in found


def test_one_condition_means_what_it_can_in_each_place() -> None:
    now = "request.time > timestamp('2026-01-01T00:00:00Z')"
    conditions = f'conditions: {{now: "{now}", own: "resource.id == user.id"}}\n'
    calls = "  - {id: get, match: {methods: [GET], path: /}, allow: {when: std.now}}\n"
    text = service(
        "allow: {when: {all: [std.now, std.own]}}", head="imports: {std: lib.yaml}\n", more=calls
    ).replace("service:\n", "service:\n  baseUrls: [https://a.example]\n  audience: a\n")
    assert told({"a.yaml": text, "lib.yaml": a_library(conditions)}) == []


def test_an_optional_property_compared_under_a_deny_is_warned_of() -> None:
    guard = (
        "guards: [{id: g, combiningAlgorithm: deny-overrides, rules: "
        "[{id: r, effect: deny, when: \"subject.properties.role == 'viewer'\"}]}]\n"
    )
    [found] = told({"a.yaml": service(head=SCHEMA + guard)})
    assert found.startswith("optional-unguarded: `subject.properties.role` is optional")


def test_a_set_that_is_open_on_errors_may_not_read_a_property() -> None:
    policy = (
        "policies: [{id: p, combiningAlgorithm: permit-unless-deny, rules: "
        "[{id: r, effect: deny, when: \"resource.properties.ownerID == 'x'\"}]}]"
    )
    found = told({"a.yaml": service(policy, head=SCHEMA)})
    assert [line.partition(":")[0] for line in found] == ["fail-open-combining"]
    built_in = policy.replace("resource.properties.ownerID", "resource.id")
    assert told({"a.yaml": service(built_in, head=SCHEMA)}) == []
