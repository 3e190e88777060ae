"""The names a document gives: clashes, what its imports give, and conditions nobody uses."""

import pytest

from deemster.policy.checking.condition_cycles import used_names
from deemster.policy.checking.parameter_reads import ParameterReads
from deemster.policy.expressions.scope import LexicalScope
from tests.support.conditions import a_library as names_of
from tests.support.conditions import parsed
from tests.support.policy_trees import (
    a_library,
    a_policy,
    a_service,
    an_operation,
    findings_of,
    marked,
    told,
)


@pytest.mark.parametrize(
    "name",
    ["user", "claims", "params", "request", "time", "attr", "response", "subject", "context"],
)
@pytest.mark.parametrize(
    "declarations",
    ["constants: {%s: 1}\n", "conditions: {%s: \"true\"}\n", "imports: {%s: lib.yaml}\n"],
    ids=["constant", "condition", "import"],
)  # fmt: skip
def test_nobody_takes_the_name_of_a_built_in(name: str, declarations: str) -> None:
    files = {
        "shop.yaml": a_service(declarations % name + an_operation()),
        "lib.yaml": a_library("constants: {A: 1}\n"),
    }
    errors = [item for item in findings_of(files) if item.code == "redeclared"]
    assert [item.message for item in errors] == [f"`{name}` is a built-in name"]
    assert marked(files, errors[0].span) == name


@pytest.mark.parametrize("name", ["true", "false", "null", "in", "if", "for", "var"])
def test_a_word_of_the_language_is_no_name(name: str) -> None:
    files = {"shop.yaml": a_service(f"constants: {{{name}: 1}}\n" + an_operation())}
    assert told(files) == [f"redeclared: `{name}` is a word of the language"]


@pytest.mark.parametrize(
    "declarations",
    [
        "imports: {one: lib.yaml}\nconstants: {one: 1}\n",
        'imports: {one: lib.yaml}\nconditions: {one: "true"}\n',
        'constants: {one: 1}\nconditions: {one: "true"}\n',
    ],
    ids=["import and constant", "import and condition", "constant and condition"],
)
def test_imports_constants_and_conditions_share_their_names(declarations: str) -> None:
    files = {
        "shop.yaml": a_service(declarations + an_operation()),
        "lib.yaml": a_library("constants: {A: 1}\n"),
    }
    assert "redeclared: `one` is declared twice in this file" in told(files)


def test_two_files_may_give_one_name_to_different_things() -> None:
    files = {
        "shop.yaml": a_service(
            "imports: {std: lib.yaml}\nconstants: {LIMIT: 3}\n"
            + an_operation('allow: {when: "LIMIT == 3 && std.LIMIT == 5 && std.small"}')
        ),
        "lib.yaml": a_library('constants: {LIMIT: 5}\nconditions: {small: "LIMIT == 5"}\n'),
    }
    assert told(files) == []


def test_a_condition_is_checked_with_the_names_of_the_file_that_defines_it() -> None:
    files = {
        "shop.yaml": a_service(
            "imports: {std: lib.yaml}\n" + an_operation("allow: {when: std.in_office}")
        ),
        "lib.yaml": a_library(
            "constants: {NETS: [10.0.0.0/8]}\n"
            'conditions: {in_office: "request.ip.inAny(NETS) && at_work", at_work: "true"}\n'
        ),
    }
    assert told(files) == []


def test_an_import_of_an_import_is_not_named_through_it() -> None:
    files = {
        "shop.yaml": a_service(
            "imports: {a: a.yaml}\n" + an_operation("allow: {when: a.b.is}")
        ),
        "a.yaml": a_library("imports: {b: b.yaml}\nconditions: {is: b.is}\n", id="a"),
        "b.yaml": a_library('conditions: {is: "true"}\n', id="b"),
    }  # fmt: skip
    assert told(files) == ["unknown-name: `a` has no condition, constant or attribute `b.is`"]


UNUSED = "conditions:\n  broken: \"claims.sub > 'a' && claims.nobody == 'a'\"\n"


@pytest.mark.parametrize(
    "files",
    [
        {"lib.yaml": a_library(UNUSED)},
        {"shop.yaml": a_service(UNUSED + an_operation())},
        {
            "policy.yaml": a_policy(
                UNUSED + "combiningAlgorithm: deny-overrides\nrules: [{id: a, effect: permit}]\n"
            )
        },
    ],
    ids=["library", "service", "policy"],
)
def test_a_condition_that_nobody_uses_is_checked_where_it_stands(files: dict[str, str]) -> None:
    found = told({"shop.yaml": a_service(an_operation()), **files})
    assert "unknown-name: unknown claim `nobody`" in found


def test_an_unused_condition_may_name_the_user_beside_an_external_provider() -> None:
    unused = "conditions: {finance: \"'finance' in user.groups\"}\n"
    assert told({"shop.yaml": a_service(unused + an_operation(), external=True)}) == []


def test_a_library_may_name_parameters_that_only_its_uses_know() -> None:
    files = {
        "shop.yaml": a_service(
            "imports: {std: lib.yaml, more: more.yaml}\n"
            + an_operation('allow: {when: "more.own && std.own"}', path="/{owner}")
        ),
        "lib.yaml": a_library('conditions: {own: "params.owner == claims.sub"}\n'),
        "more.yaml": a_library(
            "imports: {std: lib.yaml}\nconditions: {own: std.own, other: \"!std['own']\"}\n",
            id="more",
        ),
    }
    assert told(files) == []


def test_a_mistake_in_a_condition_is_told_once_and_where_it_stands() -> None:
    operations = an_operation("allow: {when: std.bad}") + (
        "  - id: other\n    match: {path: /other}\n    allow: {when: std.bad}\n"
    )
    files = {
        "shop.yaml": a_service("imports: {std: lib.yaml}\n" + operations),
        "lib.yaml": a_library("conditions: {bad: \"claims.sub == 3\"}\n"),
    }  # fmt: skip
    (finding,) = findings_of(files)
    assert (finding.span.file, marked(files, finding.span)) == ("lib.yaml", "3")
    assert [note for note in finding.notes if note.is_step] == []


PARAMETERS = [
    ("params.id == '1'", True),
    ("has(claims.sub) && params['id'] == '1'", True),
    ("own", True),
    ("twice", True),
    ("claims.sub == 'params.id'", False),
    ("other", False),
    ("LIMIT == 3", False),
]


@pytest.mark.parametrize(("text", "expected"), PARAMETERS, ids=[text for text, _ in PARAMETERS])
def test_what_names_a_parameter_is_known_through_conditions(text: str, expected: bool) -> None:
    lexical: LexicalScope = names_of(
        {"LIMIT": 3}, {"own": "params.id == '1'", "twice": "!own", "other": "LIMIT == 3"}
    )
    assert ParameterReads().are_read(used_names(parsed(text)), lexical) is expected


def test_conditions_that_use_each_other_do_not_keep_the_search_going() -> None:
    lexical = names_of({}, {"one": "two", "two": "one"})
    assert ParameterReads().are_read(used_names(parsed("one")), lexical) is False
