"""Which document sees which: paths, cycles, and the order in which documents are looked at."""

import pytest

from deemster.policy.checking.imports import DocumentGraph
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parser import parse_tree
from deemster.policy.reading.files import files_from_memory
from tests.support.policy_trees import (
    a_library,
    a_policy,
    a_service,
    an_application,
    an_operation,
    findings_of,
    marked,
    told,
)

STANDARD = a_library("conditions:\n  get: \"request.method == 'GET'\"\n")
GET = an_operation("allow: {when: std.get}")


def importing(path: str, operations: str = GET) -> str:
    return a_service(f"imports: {{std: {path}}}\n{operations}")


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("shop.yaml", "lib/standard.yaml"),
        ("shop.yaml", "./lib/standard.yaml"),
        ("services/shop.yaml", "../lib/standard.yaml"),
        ("services/deep/shop.yaml", "../../lib/standard.yaml"),
        ("lib/shop.yaml", "standard.yaml"),
        ("services/shop.yaml", "../services/../lib/standard.yaml"),
    ],
)
def test_a_path_is_relative_to_the_file_that_writes_it(file: str, path: str) -> None:
    assert told({file: importing(path), "lib/standard.yaml": STANDARD}) == []


@pytest.mark.parametrize(
    "path", ["../lib/standard.yaml", "/lib/standard.yaml", "lib/../../lib/standard.yaml", ".."]
)
def test_a_path_never_leads_out_of_the_tree(path: str) -> None:
    files = {"shop.yaml": importing(path), "lib/standard.yaml": STANDARD}
    assert told(files) == [f"import-outside: `{path}` leads out of the policy tree"]


def test_what_is_not_there_is_told_once_and_its_names_are_not() -> None:
    files = {
        "shop.yaml": importing("lib/standart.yaml", GET + "    otherwise: {code: a, message: b}\n"),
        "lib/standard.yaml": STANDARD,
        "shared.yaml": a_policy(),
    }
    (finding,) = findings_of(files)
    assert finding.message == "there is no document `lib/standart.yaml` in the tree"
    assert finding.help == "did you mean `lib/standard.yaml`?"
    assert marked(files, finding.span) == "lib/standart.yaml"


def test_only_documents_of_the_right_kind_are_suggested() -> None:
    files = {
        "shop.yaml": importing("standart.yaml"),
        "standard.yaml": a_policy(id="standard"),
        "lib/other.yaml": STANDARD,
    }
    (finding,) = [item for item in findings_of(files) if item.code == "import-not-found"]
    assert finding.help == "paths are relative to this file"


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (a_policy(), "a Policy"),
        (an_application("resources:\n  item: {permissions: [view]}\n"), "an Application"),
        (a_service(an_operation(), id="other", url="https://b.example.com"), "an ApiService"),
    ],
)
def test_only_a_library_can_be_imported(other: str, kind: str) -> None:
    files = {"shop.yaml": importing("other.yaml"), "other.yaml": other}
    assert told(files) == [
        f"import-kind: only a Library can be imported, but `other.yaml` is {kind}"
    ]


def test_only_a_policy_can_be_referred_to() -> None:
    files = {
        "shop.yaml": a_service(an_operation("policies: [{$ref: standard.yaml}]")),
        "standard.yaml": STANDARD,
    }
    (finding,) = findings_of(files)
    assert finding.message == (
        "`$ref` needs a document of kind Policy, but `standard.yaml` is a Library"
    )
    assert finding.help == "a Library is used by `imports: {alias: path}` at the top of the file"


@pytest.mark.parametrize(
    ("libraries", "circle"),
    [
        ({"a.yaml": "a.yaml"}, "a.yaml ► a.yaml"),
        ({"a.yaml": "b.yaml", "b.yaml": "a.yaml"}, "a.yaml ► b.yaml ► a.yaml"),
        (
            {"a.yaml": "b.yaml", "b.yaml": "c.yaml", "c.yaml": "b.yaml"},
            "b.yaml ► c.yaml ► b.yaml",
        ),
    ],
    ids=["itself", "two", "not the first"],
)
def test_a_circle_of_imports_is_told_once(libraries: dict[str, str], circle: str) -> None:
    files = {
        path: a_library(f"imports: {{next: {target}}}\n", id=path.removesuffix(".yaml"))
        for path, target in libraries.items()
    }
    files["shop.yaml"] = importing("a.yaml")
    assert told(files) == [f"import-cycle: this import closes a circle: {circle}"]


def test_two_ways_to_one_library_are_no_circle() -> None:
    files = {
        "shop.yaml": a_service(
            "imports: {left: left.yaml, right: right.yaml}\n"
            + an_operation('allow: {when: "left.get && right.get"}')
        ),
        "left.yaml": a_library(
            "imports: {std: standard.yaml}\nconditions: {get: std.get}\n", id="left"
        ),
        "right.yaml": a_library(
            "imports: {std: standard.yaml}\nconditions: {get: std.get}\n", id="right"
        ),
        "standard.yaml": STANDARD,
    }
    assert told(files) == []


def test_documents_come_after_what_they_import_in_whatever_order_files_are_read() -> None:
    texts = {
        "a.yaml": importing("b.yaml"),
        "b.yaml": a_library("imports: {c: c.yaml}\n", id="b"),
        "c.yaml": STANDARD,
    }
    sink = DiagnosticSink()
    graph = DocumentGraph(parse_tree(files_from_memory(texts), sink), sink)
    assert [document.file for document in graph.ordered] == ["c.yaml", "b.yaml", "a.yaml"]


def test_a_chain_of_imports_may_be_as_long_as_the_tree_has_files() -> None:
    one = "constants: {ONE: 1}\n"
    files = {
        f"l{n}.yaml": a_library(
            f'imports: {{next: l{n + 1}.yaml}}\n{one}conditions: {{is: "next.ONE == 1"}}\n',
            id=f"l{n}",
        )
        for n in range(1200)
    }
    files["l1200.yaml"] = a_library(one)
    files["shop.yaml"] = a_service(
        "imports: {std: l0.yaml}\n" + an_operation("allow: {when: std.is}")
    )
    assert told(files) == []


def test_a_broken_library_is_told_by_its_own_error_alone() -> None:
    files = {
        "shop.yaml": importing("lib.yaml"),
        "lib.yaml": a_library("imports: {std: standard.yaml}\nconditions: {get: std.get}\n"),
        "standard.yaml": a_library("conditions:\n  get: request.method == 'GET'\n", id="s"),
    }
    assert [item.code for item in findings_of(files)] == ["unquoted-expression"]


def test_a_broken_policy_is_told_by_its_own_error_alone() -> None:
    files = {
        "shop.yaml": a_service(
            "guards:\n  - $ref: guard.yaml\n    exempt: [health]\n"
            + an_operation("allow: public", id="health")
        ),
        "guard.yaml": a_policy("combiningAlgorithm: deny-override\nrules: []\n"),
    }
    assert {item.span.file for item in findings_of(files)} == {"guard.yaml"}
