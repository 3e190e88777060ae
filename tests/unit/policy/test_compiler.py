"""Checked tree ► snapshot: every line in its order, disabled nodes, one revision for one tree."""

import hashlib
from collections.abc import Mapping

import pytest

from deemster.model.decision import Reason
from deemster.model.urls import canonical_url
from deemster.policy.combining import Outcome
from deemster.policy.loading import LoadedTree
from deemster.policy.snapshot import CompiledOperation, Evaluation, StepUp
from tests.support.conditions import a_token, a_user, values
from tests.support.policy_texts import indented
from tests.support.policy_trees import (
    a_policy,
    a_service,
    an_application,
    an_operation,
    loaded,
)

CRM = an_application(
    "resources:\n  item: {permissions: [view]}\nroles:\n  clerk: {permissions: [\"item:view\"]}\n"
)  # fmt: skip


def one(snippet: str, **files: str) -> CompiledOperation:
    """The operation `read` with the snippet's grant, compiled."""
    texts = {
        "shop.yaml": a_service(an_operation(snippet), block="applications: [crm]"),
        "crm.yaml": CRM,
        **{f"{name}.yaml": text for name, text in files.items()},
    }
    return loaded(texts).snapshot.services["shop"].by_id["read"]


def judged(operation: CompiledOperation, **situation: object) -> Evaluation:
    found = operation.evaluate(values(**situation))  # type: ignore[arg-type]
    assert isinstance(found, Evaluation)
    return found


# --- allow ----------------------------------------------------------------------------------------

ALL_LINES = """allow:
  authentication: {acr: [mfa], maxAge: 60s}
  when: "request.method == 'GET'"
  permissions: {all: ["item:view"]}
  groups: {any: [finance]}
  scopes: {all: [a, b], any: [c, d]}
"""


def test_lines_are_judged_in_the_order_of_the_language_and_not_of_the_file() -> None:
    operation = one(ALL_LINES)
    token = {"sub": "a", "acr": "mfa"}
    situations: list[dict[str, object]] = [
        {"claims": a_token(token, scopes=frozenset())},
        {"claims": a_token(token, scopes=frozenset("abc")), "user": a_user(groups=frozenset())},
        {
            "claims": a_token(token, scopes=frozenset("abc"), permissions=frozenset()),
            "user": a_user(),
        },
        {
            "claims": a_token(token, scopes=frozenset("abc"), permissions=frozenset({"item:view"})),
            "user": a_user(),
        },
    ]
    assert [judged(operation, **found).reason for found in situations] == [
        Reason.SCOPE_MISSING,
        Reason.GROUP_MISSING,
        Reason.PERMISSION_MISSING,
        Reason.POLICY_DENIED,
    ]
    last = situations[-1] | {"method": "GET"}
    assert judged(operation, **last).reason is Reason.AUTHENTICATION_TOO_OLD


def test_what_would_suffice_is_known_for_challenges() -> None:
    operation = one(ALL_LINES)
    assert operation.required_scope == "a b c"
    assert operation.step_up == StepUp("mfa", 60)
    assert one("allow: authenticated").step_up is None
    assert one("allow: {authentication: {maxAge: 5m}}").step_up == StepUp(None, 300)
    assert one("allow: {authentication: {acr: [mfa, hwk]}}").step_up == StepUp("mfa hwk", None)


def test_every_line_that_was_written_is_asked() -> None:
    """A call that meets no line at all is refused by each, whichever stands alone."""
    lines = ["scopes: {any: [c]}", "groups: {any: [g]}", "permissions: {any: ['item:view']}",
             "when: \"request.method == 'PUT'\"", "authentication: {acr: [hwk]}",
             "authentication: {maxAge: 1s}"]  # fmt: skip
    outcomes = [judged(one(f"allow: {{{line}}}"), user=a_user()).outcome for line in lines]
    assert outcomes == [Outcome.DENY] * len(lines)


def test_a_failing_line_is_told_by_its_place() -> None:
    found = judged(one(ALL_LINES), claims=a_token(scopes=frozenset()))
    assert found.deciding is not None
    assert found.deciding.id_path == "shop/read/allow/scopes"
    assert found.deciding.span.line == 17


def test_what_an_operation_may_read_is_listed() -> None:
    operation = one(
        "allow: {when: \"claims.sub == 'a'\"}\npolicies:\n  - id: p\n"
        "    combiningAlgorithm: deny-overrides\n"
        "    rules:\n      - {id: a, effect: permit, when: \"'x' in user.groups\"}\n"
        '      - {id: b, effect: deny, when: "has(user)", enabled: false}\n'
    )
    assert operation.reads == ("claims.sub", "user.groups")
    assert one(ALL_LINES).reads == (
        "claims.acr",
        "claims.auth_time",
        "claims.scope",
        "request.method",
        "user.groups",
        "user.permissions",
    )


# --- policies and guards --------------------------------------------------------------------------

DENY = "{id: a, effect: deny}"


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ("rules: [{id: a, effect: deny}, {id: b, effect: permit}]", Outcome.DENY),
        ("rules: [{id: a, effect: deny, enabled: false}, {id: b, effect: permit}]", Outcome.PERMIT),
        ("rules: [{id: a, effect: permit, enabled: false}]", Outcome.NOT_APPLICABLE),
        ("enabled: false\nrules: [{id: a, effect: permit}]", Outcome.NOT_APPLICABLE),
        (
            "children:\n  - policy:\n      id: q\n      enabled: false\n"
            "      combiningAlgorithm: deny-unless-permit\n"
            "      rules: [{id: a, effect: deny}]\n  - rule: {id: b, effect: permit}",
            Outcome.PERMIT,
        ),
    ],
    ids=["enabled", "a rule", "the only rule", "a policy", "a policy inside"],
)
def test_a_disabled_node_is_not_applicable_whatever_it_says(policy: str, outcome: Outcome) -> None:
    body = indented("id: p\ncombiningAlgorithm: deny-overrides\n" + policy, 4).lstrip()
    assert judged(one(f"policies:\n  - {body}")).outcome is outcome


def test_a_policy_without_an_enabled_part_permits_nothing() -> None:
    found = judged(one("policies: [{$ref: p.yaml}]", p=a_policy(
        "combiningAlgorithm: deny-overrides\nrules: [{id: a, effect: permit, enabled: false}]\n"
    )))  # fmt: skip
    assert (found.outcome, found.reason) == (Outcome.NOT_APPLICABLE, Reason.NO_RULE)


def test_a_guard_of_the_service_refuses_in_every_operation() -> None:
    guard = f"guards:\n  - id: g\n    combiningAlgorithm: deny-overrides\n    rules: [{DENY}]\n"
    operations = an_operation() + (
        "  - id: health\n    match: {methods: [GET], path: /health}\n    allow: public\n"
        "  - id: pay\n    match: {methods: [POST], path: /pay}\n    policies:\n      - id: p\n"
        "        combiningAlgorithm: deny-overrides\n        rules: [{id: a, effect: permit}]\n"
    )
    service = loaded({"shop.yaml": a_service(guard + operations)}).snapshot.services["shop"]
    found = {name: judged(operation).outcome for name, operation in service.by_id.items()}
    assert found == dict.fromkeys(["read", "health", "pay"], Outcome.DENY)


def test_an_absent_when_is_always() -> None:
    policy = "policies:\n  - id: p\n    combiningAlgorithm: deny-overrides\n    rules: "
    assert judged(one(f"{policy}[{DENY}]")).outcome is Outcome.DENY
    permit = DENY.replace("deny", "permit")
    assert judged(one(f"{policy}[{permit}]")).outcome is Outcome.PERMIT


# --- services -------------------------------------------------------------------------------------


def test_every_service_knows_the_roles_of_all_applications() -> None:
    files = {"shop.yaml": a_service(an_operation()), "crm.yaml": CRM}
    snapshot = loaded(files).snapshot
    assert snapshot.services["shop"].role_permissions["clerk"] == {"item:view"}
    assert [document.metadata.id.value for document in snapshot.applications] == ["crm"]


def test_a_service_is_found_by_each_of_its_base_urls() -> None:
    text = a_service(an_operation(), url="https://a.example.com, https://b.example.com/x")
    snapshot = loaded({"shop.yaml": text}).snapshot
    for url, relative, realm in (
        ("https://a.example.com/items", "/items", "https://a.example.com/"),
        ("https://b.example.com/x/items", "/items", "https://b.example.com/x/"),
    ):
        found = snapshot.find(canonical_url(url))
        assert found is not None
        assert (found[0].service.id, found[1], found[0].realm) == ("shop", relative, realm)
    assert snapshot.find(canonical_url("https://b.example.com/y")) is None


# --- revisions ------------------------------------------------------------------------------------


def revision(files: Mapping[str, str]) -> str:
    return loaded(files).snapshot.revision


FILES = {"shop.yaml": a_service(an_operation()), "crm.yaml": CRM}


def test_equal_trees_have_equal_revisions_in_whatever_order_they_are_given() -> None:
    assert revision(FILES) == revision(dict(reversed(FILES.items())))


@pytest.mark.parametrize(
    "changed",
    [
        FILES | {"shop.yaml": FILES["shop.yaml"] + "\n"},
        FILES | {"shop.yaml": FILES["shop.yaml"] + "# a comment\n"},
        FILES | {"shop.yaml": FILES["shop.yaml"].replace("\n", "\r\n")},
        {"shop.yaml": FILES["shop.yaml"]},
        {"shop.yaml": FILES["shop.yaml"], "crm/crm.yaml": CRM},
        {"shop.yaml": FILES["crm.yaml"], "crm.yaml": FILES["shop.yaml"]},
    ],
    ids=["a byte", "a comment", "line ends", "a file less", "a file moved", "files exchanged"],
)
def test_any_change_to_any_file_makes_another_revision(changed: dict[str, str]) -> None:
    assert revision(changed) != revision(FILES)


def test_a_revision_is_short_and_can_be_told_apart_by_eye() -> None:
    tree: LoadedTree = loaded(FILES)
    assert len(tree.snapshot.revision) == 16
    assert set(tree.snapshot.revision) <= set("0123456789abcdef")
    content = FILES["shop.yaml"].encode()
    assert dict(tree.tree.digests)["shop.yaml"] == hashlib.sha256(content).hexdigest()
