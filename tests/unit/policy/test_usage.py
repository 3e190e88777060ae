"""What nobody uses: imports, and policies that their authors believe in force."""

import pytest

from tests.support.policy_trees import (
    a_library,
    a_policy,
    a_service,
    an_operation,
    findings_of,
    told,
)

STD = a_library(
    "schema:\n  claims:\n    tenant: {type: string, default: none}\n"
    "constants: {LIMIT: 3}\nconditions: {get: \"request.method == 'GET'\"}\n"
)
UNUSED = "unused-import: nothing in this file uses the import `std`"


def using(allow: str, *, more: str = "") -> dict[str, str]:
    body = "imports: {std: lib.yaml}\n" + more + an_operation(allow)
    return {"shop.yaml": a_service(body), "lib.yaml": STD}


@pytest.mark.parametrize(
    "allow",
    [
        "allow: {when: std.get}",
        'allow: {when: "std.LIMIT == 3"}',
        "allow: {when: \"std['get'] && true\"}",
        'allow: {when: {all: [{not: std.get}, "true"]}}',
        "allow: {when: \"claims.tenant == 'a'\"}",
        "allow: authenticated\npolicies:\n  - id: p\n    combiningAlgorithm: deny-overrides\n"
        "    rules: [{id: a, effect: permit, when: std.get, enabled: false}]",
    ],
    ids=["condition", "constant", "index", "list", "schema", "disabled rule"],
)
def test_a_name_or_a_declaration_makes_an_import_used(allow: str) -> None:
    assert UNUSED not in told(using(allow))


def test_an_import_that_gives_nothing_is_warned_of() -> None:
    assert told(using("allow: authenticated")) == [UNUSED]
    # What a condition of the library reads is not read by whoever imports it.
    assert told(using("allow: {when: \"claims.sub == 'std'\"}")) == [UNUSED]


def test_a_condition_that_nobody_uses_uses_an_import() -> None:
    assert told(using("allow: authenticated", more="conditions: {own: std.get}\n")) == []


def test_a_library_that_hands_a_schema_on_uses_its_import() -> None:
    files = using("allow: {when: \"claims.tenant == 'a'\"}")
    files["shop.yaml"] = files["shop.yaml"].replace("lib.yaml", "more.yaml")
    files["more.yaml"] = a_library("imports: {std: lib.yaml}\n", id="more")
    assert told(files) == []
    files["lib.yaml"] = a_library("constants: {A: 1}\n")
    files["shop.yaml"] = a_service("imports: {m: more.yaml}\n" + an_operation())
    assert told(files) == [
        UNUSED,
        "unused-import: nothing in this file uses the import `m`",
    ]


def test_nothing_is_called_unused_in_a_tree_with_errors() -> None:
    files = using('allow: {when: "claims.nobody == 1"}')
    files["p.yaml"] = a_policy()
    assert told(files) == ["unknown-name: unknown claim `nobody`"]


def test_a_policy_is_used_through_another_one() -> None:
    outer = "combiningAlgorithm: deny-overrides\nchildren: [{$ref: inner.yaml}]\n"
    files = {
        "shop.yaml": a_service(an_operation("policies: [{$ref: outer.yaml}]")),
        "outer.yaml": a_policy(outer, id="outer"),
        "inner.yaml": a_policy(id="inner"),
    }
    assert told(files) == []
    files["shop.yaml"] = a_service(an_operation())
    assert [item.span.file for item in findings_of(files)] == ["inner.yaml", "outer.yaml"]
