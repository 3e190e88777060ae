"""Custom policies: references, each condition in each place that uses it, what may come of them."""

import pytest

from deemster.policy.checking.checker import check_tree
from deemster.policy.checking.policy_checker import MOST_LEVELS
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.loading import load_files
from deemster.policy.parser import parse_tree
from deemster.policy.reading.files import files_from_memory
from deemster.policy.resolved import ResolvedPolicy
from tests.support.policy_texts import indented
from tests.support.policy_trees import (
    a_library,
    a_policy,
    a_service,
    an_operation,
    findings_of,
    loaded,
    marked,
    resolved_operation,
    told,
)


def rules(*items: str, combining: str = "deny-overrides") -> str:
    return f"combiningAlgorithm: {combining}\nrules:\n" + "".join(f"  - {item}\n" for item in items)


def referring(*paths: str, more: str = "", path: str = "/items") -> str:
    """A service whose one operation refers to policies."""
    listed = "".join(f"  - $ref: {name}\n" for name in paths)
    return a_service(more + an_operation(f"policies:\n{listed}", path=path))


def policy_of(snippet: str, more: str = "") -> ResolvedPolicy:
    """An inline policy with the id `p`, checked."""
    tree = loaded(
        {
            "shop.yaml": a_service(
                more + an_operation("policies:\n  - id: p\n" + indented(snippet, 4), path="/{id}")
            )
        }
    )
    return resolved_operation(tree).policies[0]


def way_to(finding: Diagnostic) -> list[str]:
    """The references that lead to a finding, innermost first."""
    return [note.span.place for note in finding.notes if note.is_step and note.span]


# --- references -----------------------------------------------------------------------------------


def test_a_referenced_policy_sees_its_own_names_and_not_those_of_the_place() -> None:
    files = {
        "shop.yaml": referring(
            "shared/p.yaml",
            more='constants: {LIMIT: 1}\nconditions: {own: "LIMIT == 1"}\n'
            "schema: {claims: {tenant: {type: string}}}\n",
        ),
        "shared/p.yaml": a_policy(
            "imports: {std: ../lib.yaml}\nschema: {claims: {tier: {type: string}}}\n"
            "constants: {LIMIT: 2}\n"
            + rules(
                "{id: a, effect: permit, when: \"LIMIT == 2 && std.get && claims.tier == 'a'\"}",
                '{id: b, effect: permit, when: "own"}',
                "{id: c, effect: permit, when: \"claims.tenant == 'a'\"}",
            )
        ),
        "lib.yaml": a_library("conditions: {get: \"request.method == 'GET'\"}\n"),
    }
    assert [item for item in told(files) if not item.startswith("unused")] == [
        "unknown-name: unknown name `own`",
        "unknown-name: unknown claim `tenant`",
    ]


def test_a_referenced_policy_sees_the_parameters_of_the_place_of_use() -> None:
    own = a_policy(rules('{id: own, effect: permit, when: "params.owner == claims.sub"}'))
    good = referring("p.yaml", path="/{owner}")
    assert told({"shop.yaml": good, "p.yaml": own}) == []
    files = {"shop.yaml": referring("p.yaml", path="/{owned}"), "p.yaml": own}
    (finding,) = findings_of(files)
    assert finding.message == "unknown path parameter `owner`"
    assert finding.span.file == "p.yaml"
    assert [note.message for note in finding.notes] == ["`p.yaml` is used"]
    assert way_to(finding) == ["shop.yaml:12"]


def test_it_is_checked_again_in_each_place_and_the_chain_is_shown() -> None:
    files = {
        "shop.yaml": referring("outer.yaml", path="/{id}"),
        "mall.yaml": a_service(
            an_operation("params: {id: {type: int}}\npolicies: [{$ref: outer.yaml}]", path="/{id}"),
            id="mall",
            url="https://mall.example.com",
        ),
        "outer.yaml": a_policy(
            "combiningAlgorithm: deny-overrides\nchildren: [{$ref: inner.yaml}]\n", id="outer"
        ),
        "inner.yaml": a_policy(
            rules("{id: one, effect: permit, when: \"params.id == '1'\"}"), id="inner"
        ),
    }
    (finding,) = findings_of(files)
    assert finding.message == "cannot compare `int` with `string`"
    assert way_to(finding) == ["outer.yaml:5", "mall.yaml:12"]


def test_a_policy_beside_an_external_provider_may_not_name_the_user() -> None:
    policy = a_policy(rules("{id: a, effect: deny, when: \"'x' in user.groups\"}"))
    files = {
        "shop.yaml": a_service(an_operation("policies: [{$ref: p.yaml}]"), external=True),
        "mall.yaml": a_service(
            an_operation("policies: [{$ref: p.yaml}]"), id="mall", url="https://mall.example.com"
        ),
        "p.yaml": policy,
    }
    (finding,) = findings_of(files)
    assert finding.code == "user-on-external"
    assert way_to(finding) == ["shop.yaml:10"]


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        ({"p.yaml": "p.yaml"}, "p.yaml ► p.yaml"),
        ({"p.yaml": "q.yaml", "q.yaml": "p.yaml"}, "p.yaml ► q.yaml ► p.yaml"),
        (
            {"p.yaml": "q.yaml", "q.yaml": "r.yaml", "r.yaml": "q.yaml"},
            "q.yaml ► r.yaml ► q.yaml",
        ),
    ],
    ids=["itself", "two", "not the first"],
)
def test_a_circle_of_references_is_told_with_its_chain(files: dict[str, str], circle: str) -> None:
    texts = {
        path: a_policy(
            f"combiningAlgorithm: deny-overrides\nchildren: [{{$ref: {target}}}]\n", id=path[0]
        )
        for path, target in files.items()
    }
    texts["shop.yaml"] = referring("p.yaml")
    (finding,) = findings_of(texts)
    assert finding.message == f"this reference closes a circle: {circle}"
    assert [note.message for note in finding.notes] == [
        f"`{path}` is used" for path in reversed(files)
    ]


def test_a_circle_that_no_service_reaches_is_an_error_too() -> None:
    files = {
        "shop.yaml": a_service(an_operation()),
        "p.yaml": a_policy("combiningAlgorithm: deny-overrides\nchildren: [{$ref: p.yaml}]\n"),
    }
    assert told(files) == ["import-cycle: this reference closes a circle: p.yaml ► p.yaml"]


def test_references_that_multiply_are_bounded() -> None:
    """Each level refers to both policies of the next: two to the power of the levels."""
    files = {"shop.yaml": referring("a0.yaml", "b0.yaml")}
    levels = 20
    for level in range(levels):
        children = f"[{{$ref: a{level + 1}.yaml}}, {{$ref: b{level + 1}.yaml}}]"
        for name in "ab":
            files[f"{name}{level}.yaml"] = a_policy(
                f"combiningAlgorithm: deny-overrides\nchildren: {children}\n", id=f"{name}{level}"
            )
    for name in "ab":
        files[f"{name}{levels}.yaml"] = a_policy(id=f"{name}{levels}")
    found = findings_of(files)
    assert {item.code for item in found} == {"too-many-nodes"}
    assert len(found) <= 2 * levels


def test_references_one_in_another_are_bounded() -> None:
    def chain(length: int) -> dict[str, str]:
        files = {
            f"p{n}.yaml": a_policy(
                f"combiningAlgorithm: deny-overrides\nchildren: [{{$ref: p{n + 1}.yaml}}]\n",
                id=f"p{n}",
            )
            for n in range(length - 1)
        }
        last = length - 1
        return {
            **files,
            f"p{last}.yaml": a_policy(id=f"p{last}"),
            "shop.yaml": referring("p0.yaml"),
        }

    assert told(chain(MOST_LEVELS)) == []
    assert [item.partition(":")[0] for item in told(chain(MOST_LEVELS + 1))] == ["too-deep"]
    # However long: an answer and no traceback.
    assert {item.partition(":")[0] for item in told(chain(400))} == {"too-deep"}


def test_ids_of_references_are_unique_among_siblings() -> None:
    files = {"shop.yaml": referring("p.yaml", "p.yaml"), "p.yaml": a_policy()}
    (finding,) = findings_of(files)
    assert finding.message == "the id `shared` is used twice among siblings"
    assert (finding.span.line, marked(files, finding.span)) == (13, "p.yaml")


@pytest.mark.parametrize(
    "snippet",
    [
        "guards: [{$ref: p.yaml}]\npolicies: [{$ref: p.yaml}]",
        "guards: [{$ref: p.yaml}]\nallow: authenticated\npolicies:\n  - id: shared\n"
        "    combiningAlgorithm: deny-overrides\n    rules: [{id: a, effect: permit}]\n",
        "policies:\n  - id: outer\n    combiningAlgorithm: deny-overrides\n    children:\n"
        "      - rule: {id: shared, effect: permit}\n      - $ref: p.yaml\n",
    ],
    ids=["guard and policy", "reference and inline", "rule and reference"],
)
def test_one_id_path_names_one_node(snippet: str) -> None:
    files = {"shop.yaml": a_service(an_operation(snippet)), "p.yaml": a_policy()}
    errors = [item for item in told(files) if not item.startswith("guard-refuses")]
    assert errors == ["duplicate-id: the id `shared` is used twice among siblings"]


def test_a_reference_called_allow_clashes_with_allow() -> None:
    files = {
        "shop.yaml": a_service(an_operation("allow: authenticated\npolicies: [{$ref: p.yaml}]")),
        "p.yaml": a_policy(id="allow"),
    }
    assert told(files) == ["duplicate-id: the id `allow` is used twice among siblings"]


def test_a_guard_of_a_service_clashes_with_an_operation() -> None:
    deny = rules("{id: a, effect: deny, when: \"request.ip.inCidr('10.0.0.0/8')\"}")
    files = {
        "shop.yaml": a_service("guards: [{$ref: p.yaml}]\n" + an_operation()),
        "p.yaml": a_policy(deny, id="read"),
    }
    assert told(files) == ["duplicate-id: the id `read` is used twice among siblings"]


# --- what may come of a policy --------------------------------------------------------------------

CAN_FAIL = "{id: a, effect: deny, when: \"claims.sub == 'a'\"}"
CANNOT_FAIL = "{id: a, effect: deny, when: \"request.method == 'GET'\"}"
SECOND = CANNOT_FAIL.replace("id: a", "id: b")


@pytest.mark.parametrize(
    ("snippet", "can_fail", "can_deny"),
    [
        (rules("{id: a, effect: permit}"), False, False),
        (rules(CANNOT_FAIL), False, True),
        (rules(CAN_FAIL), True, True),
        (rules(CAN_FAIL, combining="deny-unless-permit"), False, True),
        (rules("{id: a, effect: permit}", combining="deny-unless-permit"), False, True),
        (rules(CANNOT_FAIL, combining="only-one-applicable"), False, True),
        (rules(CANNOT_FAIL, SECOND, combining="only-one-applicable"), True, True),
        (rules(CAN_FAIL.replace("}", ", enabled: false}")), False, False),
        ("target: \"claims.sub == 'a'\"\n" + rules("{id: a, effect: permit}"), True, False),
        (
            "target: \"claims.sub == 'a'\"\n"
            + rules("{id: a, effect: permit}", combining="deny-unless-permit"),
            True,
            True,
        ),
    ],
    ids=[
        "a permit",
        "a deny",
        "a deny that may fail",
        "deny-unless-permit hides errors",
        "deny-unless-permit denies by itself",
        "one that applies",
        "two that may apply are an error",
        "a disabled rule",
        "a target that may fail",
        "a target over deny-unless-permit",
    ],
)
def test_what_may_come_of_a_policy_is_known(snippet: str, can_fail: bool, can_deny: bool) -> None:
    policy = policy_of(snippet)
    assert (policy.can_fail, policy.can_deny) == (can_fail, can_deny)


def unless_deny(child: str) -> str:
    return f"combiningAlgorithm: permit-unless-deny\nchildren:\n{indented(child, 2)}"


def nested(body: str) -> str:
    return "- policy:\n    id: q\n" + indented(body, 4)


@pytest.mark.parametrize(
    "snippet",
    [
        rules(CAN_FAIL, combining="permit-unless-deny"),
        unless_deny(nested(rules(CAN_FAIL))),
        unless_deny(nested(rules(CANNOT_FAIL, SECOND, combining="only-one-applicable"))),
        unless_deny(nested("target: \"claims.sub == 'a'\"\n" + rules(CANNOT_FAIL))),
        unless_deny(
            nested(
                rules(
                    "{id: a, effect: permit, when: \"claims.sub == 'a'\"}",
                    "{id: b, effect: deny}",
                    combining="first-applicable",
                )
            )
        ),
        unless_deny(nested(unless_deny(nested(rules(CAN_FAIL))))),
    ],
    ids=[
        "a rule",
        "a policy",
        "two that apply under only-one-applicable",
        "a target",
        "a permit in error before the deny",
        "deep inside",
    ],
)
def test_permit_unless_deny_is_refused_where_a_deny_could_be_in_error(snippet: str) -> None:
    found = told(
        {"shop.yaml": a_service(an_operation("policies:\n  - id: p\n" + indented(snippet, 4)))}
    )
    assert any(item.startswith("fail-open-combining: ") for item in found)


@pytest.mark.parametrize(
    "snippet",
    [
        rules(CANNOT_FAIL, combining="permit-unless-deny"),
        rules(CAN_FAIL.replace("}", ", enabled: false}"), combining="permit-unless-deny"),
        rules(
            "{id: a, effect: permit, when: \"claims.sub == 'a'\"}", combining="permit-unless-deny"
        ),
        unless_deny(nested(rules(CAN_FAIL, combining="deny-unless-permit"))),
        unless_deny(nested(rules(CANNOT_FAIL, combining="only-one-applicable"))),
    ],
    ids=["a sure deny", "a disabled deny", "a permit in error", "deny-unless-permit", "one choice"],
)
def test_permit_unless_deny_stands_where_no_deny_can_be_lost(snippet: str) -> None:
    assert policy_of(snippet).can_fail is False


# --- conditions -----------------------------------------------------------------------------------

TENANT = "schema: {claims: {tenant: {type: string, optional: true}}}\n"


def test_a_target_that_asks_whether_a_name_is_there_guards_the_rules_below() -> None:
    deny = "{id: a, effect: deny, when: \"claims.tenant == 'x'\"}"
    guarded = 'target: "has(claims.tenant)"\n' + rules(deny)
    files = {
        "shop.yaml": a_service(
            TENANT + an_operation("policies:\n  - id: p\n" + indented(guarded, 4))
        )
    }
    assert told(files) == []
    files = {name: text.replace("has(claims.tenant)", "true") for name, text in files.items()}
    assert [item.partition(":")[0] for item in told(files)] == ["optional-unguarded"]


def test_a_target_of_a_child_that_is_not_the_last_is_warned_of_like_a_rule() -> None:
    child = "target: \"claims.tenant == 'x'\"\n" + rules("{id: a, effect: permit}")
    last = "- rule: {id: rest, effect: permit}\n"

    def findings(children: str) -> list[str]:
        policy = "combiningAlgorithm: first-applicable\nchildren:\n" + indented(children, 2)
        operation = an_operation("policies:\n  - id: p\n" + indented(policy, 4))
        return told({"shop.yaml": a_service(TENANT + operation)})

    assert [item.partition(":")[0] for item in findings(nested(child) + last)] == [
        "optional-unguarded"
    ]
    assert findings(last + nested(child)) == []


def test_disabled_nodes_are_checked_and_read_nothing() -> None:
    policy = policy_of(
        rules(
            "{id: a, effect: deny, when: \"claims.sub == 'x'\", enabled: false}",
            "{id: b, effect: permit, when: \"params.id == 'x'\"}",
        )
    )
    assert policy.reads == {"params.id"}
    assert [child.enabled for child in policy.children] == [False, True]
    broken = rules('{id: a, effect: deny, when: "claims.nobody", enabled: false}')
    files = {"shop.yaml": a_service(an_operation("policies:\n  - id: p\n" + indented(broken, 4)))}
    assert told(files) == ["unknown-name: unknown claim `nobody`"]


@pytest.mark.parametrize(
    "snippet",
    [
        rules('{id: a, effect: permit, when: "claims.nobody == 1"}', "{id: b, effect: permit}"),
        'target: "claims.nobody == 1"\n' + rules("{id: b, effect: permit}"),
        'combiningAlgorithm: deny-overrides\nchildren:\n  - $ref: nobody.yaml\n'
        "  - rule: {id: b, effect: permit}\n",
    ],
    ids=["a rule", "a target", "a reference"],
)  # fmt: skip
def test_whatever_is_refused_makes_the_tree_incomplete(snippet: str) -> None:
    """Not only errors keep a tree from being compiled: so does everything that is left out."""
    text = a_service(an_operation("policies:\n  - id: p\n" + indented(snippet, 4)))
    sink = DiagnosticSink()
    resolved = check_tree(parse_tree(files_from_memory({"shop.yaml": text}), sink), None, sink)
    assert not resolved.complete
    assert sink.has_errors


@pytest.mark.parametrize(
    "body",
    [
        "statements:\n  q: {code: modify-query, appliesTo: permit, payload: {a: b}}\nattach: [q]\n"
        + rules("{id: a, effect: permit}", "{id: b, effect: deny, when: \"request.path == '/x'\"}"),
        rules(
            "{id: a, effect: deny, when: \"'x' in request.headers['x-mode']\"}",
            combining="permit-unless-deny",
        ),
    ],
    ids=["changes the query", "cannot be in error in the request phase"],
)
def test_a_policy_that_nobody_uses_is_not_taken_for_one_over_answers(body: str) -> None:
    unused = {"shop.yaml": a_service(an_operation()), "p.yaml": a_policy(body)}
    assert {item.partition(":")[0] for item in told(unused)} == {"unused-policy"}
    used = {"shop.yaml": referring("p.yaml"), "p.yaml": a_policy(body)}
    assert told(used) == []
    after = "response:\n  policies:\n    - $ref: p.yaml\nallow: authenticated\n"
    over_answers = {"shop.yaml": a_service(an_operation(after)), "p.yaml": a_policy(body)}
    assert {item.partition(":")[0] for item in told(over_answers)} <= {
        "statement-effect",
        "fail-open-combining",
    }
    assert told(over_answers)


def test_a_policy_that_nobody_uses_is_checked_and_warned_of() -> None:
    files = {"shop.yaml": a_service(an_operation()), "p.yaml": a_policy()}
    assert told(files) == [
        "unused-policy: no API service uses the policy `shared`, so it decides nothing"
    ]
    files["p.yaml"] = a_policy(rules('{id: a, effect: deny, when: "claims.nobody == 1"}'))
    assert told(files) == ["unknown-name: unknown claim `nobody`"]
    files["p.yaml"] = a_policy(rules('{id: a, effect: deny, when: "params.id == 1 &&"}'))
    assert [item.partition(":")[0] for item in told(files)] == ["expression-syntax"]
    files["p.yaml"] = a_policy(rules('{id: a, effect: deny, when: "params.id == 1"}'))
    assert [item.partition(":")[0] for item in told(files)] == ["unused-policy"]
    assert load_files(files_from_memory(files)).snapshot.services.keys() == {"shop"}
