"""The tree as a whole: nothing to decide is a mistake, and whatever is refused is not compiled."""

from collections.abc import Mapping

import pytest

from deemster.policy.checking.checker import check_tree
from deemster.policy.compiler import compile_tree
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parser import parse_tree
from deemster.policy.reading.files import files_from_memory
from deemster.policy.resolved import ResolvedTree
from tests.support.policy_trees import (
    a_library,
    a_policy,
    a_service,
    an_application,
    an_operation,
    findings_of,
    told,
)


def checked(files: Mapping[str, str]) -> tuple[ResolvedTree, DiagnosticSink]:
    sink = DiagnosticSink()
    return check_tree(parse_tree(files_from_memory(files), sink), None, sink), sink


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"lib.yaml": a_library("constants: {A: 1}\n")},
        {"crm.yaml": an_application("resources:\n  item: {permissions: [view]}\n")},
        {"p.yaml": a_policy()},
    ],
    ids=["nothing", "a library", "an application", "a policy"],
)
def test_a_tree_without_a_service_is_refused(files: dict[str, str]) -> None:
    errors = [item for item in findings_of(files) if item.code != "unused-policy"]
    assert [item.message for item in errors] == [
        "the tree has no API service, so there is nothing to decide"
    ]


def test_a_tree_whose_service_is_broken_is_not_called_empty() -> None:
    found = told({"shop.yaml": a_service(an_operation()).replace("service:", "servise:")})
    assert not any("no API service" in item for item in found)


REFUSED = {
    "a rule's condition": "policies:\n  - id: p\n    combiningAlgorithm: deny-overrides\n"
    '    rules: [{id: a, effect: deny, when: "claims.nobody"}, {id: b, effect: permit}]',
    "a target": "policies:\n  - id: p\n    combiningAlgorithm: deny-overrides\n"
    '    target: "claims.nobody"\n    rules: [{id: b, effect: permit}]',
    "allow": 'allow: {when: "claims.nobody"}',
    "a reference": "allow: authenticated\npolicies: [{$ref: nowhere.yaml}]",
    "a guard": "allow: authenticated\nguards: [{$ref: nowhere.yaml}]",
    "a pattern": 'params: {id: {pattern: "["}}\nallow: authenticated',
    "a named condition": "allow: {when: nobody}",
}


@pytest.mark.parametrize("part", REFUSED)
def test_a_tree_with_a_part_left_out_is_never_compiled(part: str) -> None:
    """INVARIANT: even a caller that does not look at the diagnostics gets no snapshot."""
    resolved, sink = checked({"shop.yaml": a_service(an_operation(REFUSED[part], path="/{id}"))})
    assert sink.has_errors
    assert not resolved.complete
    with pytest.raises(ValueError, match="a part left out"):
        compile_tree(resolved)


def test_a_tree_with_a_broken_file_is_never_compiled() -> None:
    files = {"shop.yaml": a_service(an_operation()), "lib.yaml": a_library("constant: {A: 1}\n")}
    resolved, _ = checked(files)
    assert not resolved.complete


def test_a_whole_tree_is_complete() -> None:
    resolved, sink = checked({"shop.yaml": a_service(an_operation())})
    assert (resolved.complete, sink.has_errors) == (True, False)


def test_all_mistakes_of_a_tree_are_told_in_one_run() -> None:
    files = {
        "shop.yaml": a_service(
            "imports: {std: lib.yaml}\nguards: [{$ref: nowhere.yaml}]\n"
            "operations:\n"
            "  - id: one\n    match: {methods: [GET], path: items}\n"
            "    allow: {when: \"claims.sub == 3\", permissions: {any: ['no:such']}}\n"
            "  - id: two\n    match: {methods: [GET], path: /items}\n    allow: authenticated\n"
            "  - id: three\n    match: {methods: [GET], path: /items}\n    allow: authenticated\n",
            block="applications: [nobody]",
        ),
        "lib.yaml": a_library('conditions: {a: "request.methd == 3"}\n'),
    }
    assert {item.code.value for item in findings_of(files)} == {
        "bad-template",
        "import-not-found",
        "overlapping-templates",
        "type-mismatch",
        "unknown-application",
        "unknown-name",
        "unknown-permission",
    }


def test_two_services_of_one_id_are_an_error() -> None:
    files = {
        "a.yaml": a_service(an_operation()),
        "b.yaml": a_service(an_operation(), url="https://b.example.com"),
    }
    assert told(files) == ["duplicate-id: the id `shop` belongs to another document of this kind"]
