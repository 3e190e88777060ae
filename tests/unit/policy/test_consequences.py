"""A broken file is told by its own errors; what only follows from them is not."""

import pytest

from tests.support.policy_trees import (
    a_library,
    a_service,
    an_application,
    an_operation,
    findings_of,
    told,
)

LIBRARY = a_library(
    "schema: {claims: {tenant: {type: string}}}\nconditions: {get: \"request.method == 'GET'\"}\n"
)
USER = "imports: {std: lib.yaml}\n" + an_operation(
    "allow: {when: \"std.get && claims.tenant == 'a'\"}"
)
APPLICATION = an_application(
    "resources:\n  item: {permissions: [view]}\nroles:\n  clerk: {permissions: [\"item:view\"]}\n"
)  # fmt: skip
PERMITTED = an_operation("allow: {permissions: {any: ['item:view']}}")


@pytest.mark.parametrize(
    "library",
    [
        LIBRARY.replace("conditions", "condtions"),
        LIBRARY.replace("type: string", "type: strin"),
        LIBRARY.replace("kind: Library", "kind: Libary"),
        LIBRARY.replace("schema: {", "schema: {{"),
        "",
    ],
    ids=["a key", "a type", "the kind", "the syntax", "an empty file"],
)
def test_names_of_a_broken_library_are_not_missed(library: str) -> None:
    found = findings_of({"shop.yaml": a_service(USER), "lib.yaml": library})
    assert {item.span.file for item in found} == {"lib.yaml"}


@pytest.mark.parametrize("path", ["nowhere.yaml", "../lib.yaml", "other.yaml"])
def test_names_of_an_import_that_failed_are_not_missed(path: str) -> None:
    files = {
        "shop.yaml": a_service(USER.replace("lib.yaml", path)),
        "other.yaml": APPLICATION,
    }
    assert [item.partition(":")[0].partition("-")[0] for item in told(files)] == ["import"]


def test_other_files_are_looked_at_as_ever() -> None:
    files = {
        "shop.yaml": a_service(USER),
        "mall.yaml": a_service(
            an_operation('allow: {when: "claims.nobody == 1"}'),
            id="mall",
            url="https://mall.example.com",
        ),
        "lib.yaml": LIBRARY.replace("conditions", "condtions"),
    }
    found = [(item.span.file, item.code.value) for item in findings_of(files)]
    assert found == [("lib.yaml", "unknown-key"), ("mall.yaml", "unknown-name")]


def test_mistakes_that_no_missing_name_explains_are_told_beside_the_broken_file() -> None:
    files = {
        "shop.yaml": a_service(USER.replace("std.get", "user.id == 3")),
        "lib.yaml": LIBRARY.replace("conditions", "condtions"),
    }
    assert {item.code.value for item in findings_of(files)} == {"unknown-key", "type-mismatch"}


@pytest.mark.parametrize(
    "application",
    [APPLICATION.replace("resources", "resorces"), APPLICATION.replace("kind: Ap", "kind: Up")],
    ids=["a key", "the kind"],
)
def test_permissions_of_a_broken_application_are_not_missed(application: str) -> None:
    files = {
        "shop.yaml": a_service(PERMITTED, block="applications: [crm]"),
        "crm.yaml": application,
    }
    assert {item.span.file for item in findings_of(files)} == {"crm.yaml"}


def test_permissions_are_looked_at_where_only_another_kind_of_file_is_broken() -> None:
    files = {
        "shop.yaml": a_service(
            PERMITTED.replace("item:view", "item:veiw"), block="applications: [crm]"
        ),
        "crm.yaml": APPLICATION,
        "lib.yaml": LIBRARY.replace("conditions", "condtions"),
    }
    assert {item.code.value for item in findings_of(files)} == {"unknown-key", "unknown-permission"}


def test_an_operation_that_was_left_out_is_not_missed() -> None:
    text = a_service(
        "guards:\n  - id: g\n    exempt: [health]\n    combiningAlgorithm: deny-overrides\n"
        '    rules: [{id: a, effect: deny, when: "!has(claims.sub)"}]\n'
        "operations:\n"
        "  - id: health\n    match: {methods: [GET], path: /health}\n    alow: public\n"
        "  - id: all\n    match: {path: /**}\n    alsoCovers: [health]\n    allow: authenticated\n"
    )
    assert [item.code.value for item in findings_of({"shop.yaml": text})] == ["unknown-key"]


def test_a_bad_path_does_not_make_its_operation_or_its_parameters_unknown() -> None:
    text = a_service(
        "operations:\n"
        '  - id: one\n    match: {methods: [GET], path: "one/{id}"}\n'
        "    params: {id: {type: int}}\n"
        '    allow: {when: "params.id == 3"}\n'
        "    policies:\n      - id: p\n        combiningAlgorithm: deny-overrides\n"
        '        rules: [{id: a, effect: permit, when: "params.id == 4"}]\n'
        "  - id: all\n    match: {path: /**}\n    alsoCovers: [one]\n    allow: authenticated\n"
    )
    assert told({"shop.yaml": text}) == ["bad-template: a template starts with `/`"]


def test_a_mistake_in_one_operation_hides_no_unknown_name_in_another() -> None:
    text = a_service(
        "operations:\n"
        '  - id: one\n    match: {methods: [GET], path: "/{id}"}\n'
        "    allow: {when: \"params.ib == '3'\"}\n"
        "  - id: two\n    match: {methods: [POST], path: /}\n    allow: {scope: {all: [a]}}\n"
    )
    found = [item.code.value for item in findings_of({"shop.yaml": text})]
    assert found == ["unknown-name", "unknown-allow-line"]


def test_every_broken_tree_has_an_error() -> None:
    for broken in ("lib.yaml", "shop.yaml", "crm.yaml"):
        files = {
            "shop.yaml": a_service(USER, block="applications: [crm]"),
            "lib.yaml": LIBRARY,
            "crm.yaml": APPLICATION,
        }
        files[broken] = files[broken].replace("metadata", "metdata")
        found = findings_of(files)
        assert {item.span.file for item in found} == {broken}, broken
