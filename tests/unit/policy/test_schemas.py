"""The schema a document sees: merged, with every name declared once."""

import pytest

from tests.support.policy_trees import (
    a_library,
    a_service,
    an_operation,
    findings_of,
    loaded,
    marked,
    resolved_operation,
    told,
)

TENANT = "schema: {claims: {tenant: {type: string, optional: true}}}\n"
OWN_TENANT = an_operation("allow: {when: \"has(claims.tenant) && claims.tenant == 'a'\"}")


def test_an_importer_sees_what_its_libraries_declare_at_any_distance() -> None:
    files = {
        "shop.yaml": a_service("imports: {a: a.yaml}\n" + OWN_TENANT),
        "a.yaml": a_library("imports: {b: b.yaml}\n", id="a"),
        "b.yaml": a_library(TENANT, id="b"),
    }
    assert told(files) == []


def test_one_declaration_reached_by_several_ways_is_one() -> None:
    files = {
        "shop.yaml": a_service("imports: {a: a.yaml, b: b.yaml, again: b.yaml}\n" + OWN_TENANT),
        "a.yaml": a_library("imports: {b: b.yaml}\n", id="a"),
        "b.yaml": a_library(TENANT, id="b"),
    }
    assert told(files) == []


@pytest.mark.parametrize(
    "second",
    ["{type: string, optional: true}", "{type: string}", "{type: int}", "{type: list<string>}"],
    ids=["alike", "stricter", "another type", "a list"],
)
def test_declaring_a_name_again_is_an_error_even_where_both_are_alike(second: str) -> None:
    files = {
        "shop.yaml": a_service(
            f"imports: {{std: a.yaml}}\nschema: {{claims: {{tenant: {second}}}}}\n" + an_operation()
        ),
        "a.yaml": a_library(TENANT),
    }
    (finding,) = findings_of(files)
    assert finding.message == "`claims.tenant` is declared twice"
    assert (finding.span.file, marked(files, finding.span)) == ("shop.yaml", "tenant")
    assert [str(note.span) for note in finding.notes] == ["a.yaml:4:19"]


def test_two_libraries_that_declare_one_name_clash_where_both_are_imported() -> None:
    files = {
        "shop.yaml": a_service("imports: {a: a.yaml, b: b.yaml}\n" + an_operation()),
        "other.yaml": a_service(
            "imports: {a: a.yaml}\n" + OWN_TENANT, id="other", url="https://b.example.com"
        ),
        "a.yaml": a_library(TENANT, id="a"),
        "b.yaml": a_library(TENANT, id="b"),
    }
    assert told(files) == ["redeclared: `claims.tenant` is declared twice"]


def test_a_claim_and_a_user_attribute_may_have_one_name() -> None:
    schema = "schema: {claims: {level: {type: int}}, user: {level: {type: int}}}\n"
    operation = an_operation('allow: {when: "claims.level == user.level"}')
    tree = loaded({"shop.yaml": a_service(schema + operation)})
    when = resolved_operation(tree).when
    assert when is not None
    assert when.reads == {"claims.level", "user.level"}


@pytest.mark.parametrize(
    ("section", "name"),
    [("claims", "iss"), ("claims", "scope"), ("claims", "auth_time"), ("claims", "aud"),
     ("user", "id"), ("user", "groups"), ("user", "roles"), ("user", "permissions")],
)  # fmt: skip
def test_what_is_declared_from_the_start_cannot_be_declared(section: str, name: str) -> None:
    schema = f"schema: {{{section}: {{{name}: {{type: string}}}}}}\n"
    (finding,) = findings_of({"shop.yaml": a_service(schema + an_operation())})
    assert finding.message.startswith(f"`{section}.{name}` is declared from the start, as ")


def test_a_registered_claim_may_be_read_under_another_name() -> None:
    schema = "schema: {claims: {level: {type: string, enum: [mfa, pwd], claim: acr}}}\n"
    operation = an_operation("allow: {when: \"claims.level == 'mfa'\"}")
    assert told({"shop.yaml": a_service(schema + operation)}) == []
