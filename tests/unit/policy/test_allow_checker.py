"""The lines of `allow`: names that exist, and no basic rule where nothing backs it."""

import pytest

from tests.support.policy_trees import (
    a_service,
    an_application,
    an_operation,
    findings_of,
    marked,
    told,
)

CRM = an_application("resources:\n  item: {permissions: [view, pay]}\n")
ERP = an_application("resources:\n  ledger: {permissions: [close]}\n", id="erp")


def asking(line: str, *, applications: str = "[crm]", external: bool = False) -> dict[str, str]:
    return {
        "a.yaml": a_service(
            an_operation(f"allow: {{{line}}}"),
            block="" if external else f"applications: {applications}",
            external=external,
        ),
        "crm.yaml": CRM,
        "erp.yaml": ERP,
    }


@pytest.mark.parametrize(
    "line",
    [
        "scopes: {any: [a]}",
        "groups: {any: [a]}",
        "permissions: {any: ['item:view']}",
        "authentication: {acr: [mfa]}",
        "authentication: {maxAge: 60s}",
    ],
)
def test_a_basic_rule_needs_an_internal_provider(line: str) -> None:
    assert told(asking(line)) == []
    files = asking(line, external=True)
    (finding,) = findings_of(files)
    name = line.partition(":")[0]
    assert finding.code == "basic-rule-on-external"
    assert finding.message == (
        f"the basic rule `{name}` cannot be used with the external provider `idp`"
    )
    assert marked(files, finding.span) == name
    assert finding.help is not None
    assert "when: " in finding.help


@pytest.mark.parametrize("grant", ["authenticated", "public", '{when: "has(claims.sub)"}'])
def test_other_grants_stand_beside_an_external_provider(grant: str) -> None:
    assert told({"a.yaml": a_service(an_operation(f"allow: {grant}"), external=True)}) == []


def test_a_line_to_be_removed_is_not_criticised_further() -> None:
    line = "permissions: {any: ['no:such']}, groups: {match: dn, any: [nonsense]}"
    found = told(asking(line, external=True))
    assert [item.partition(":")[0] for item in found] == ["basic-rule-on-external"] * 2


def test_a_permission_line_names_permissions_of_listed_applications() -> None:
    assert told(asking("permissions: {any: ['item:view'], all: ['item:pay']}")) == []
    assert told(asking("permissions: {any: ['ledger:close']}", applications="[crm, erp]")) == []
    (finding,) = findings_of(asking("permissions: {all: ['ledger:close']}"))
    assert finding.message == (
        "permission `ledger:close` belongs to application `erp`, which service `shop` does not list"
    )
    assert finding.help == "add `erp` to `service.applications`"


@pytest.mark.parametrize(
    ("key", "help"),
    [
        ("item:veiw", "did you mean `item:view`?"),
        ("void", "a permission is written `resource:action`, as an Application declares it"),
        ("ITEM:VIEW", "did you mean `item:view`?"),
        ("crm:item:view", "did you mean `item:view`?"),
    ],
)
def test_an_unknown_permission_is_told_with_what_was_meant(key: str, help: str) -> None:
    files = asking(f"permissions: {{any: ['item:view', '{key}']}}")
    (finding,) = findings_of(files)
    assert finding.message == f"no application of service `shop` has a permission `{key}`"
    assert finding.help == help
    assert marked(files, finding.span).strip("'") == key


def test_a_distinguished_name_that_is_none_is_refused_at_load() -> None:
    files = asking("groups: {match: dn, any: ['cn=a,ou=b', finance]}")
    (finding,) = findings_of(files)
    assert finding.message.startswith("`finance` is no distinguished name: ")
    assert marked(files, finding.span) == "finance"
    assert told(asking("groups: {match: ignore-case, any: [finance]}")) == []


def test_mistakes_of_allow_are_told_beside_those_of_the_path() -> None:
    files = asking("permissions: {any: ['no:such']}")
    files["a.yaml"] = files["a.yaml"].replace("/items", "items")
    codes = {item.partition(":")[0] for item in told(files)}
    assert codes == {"bad-template", "unknown-permission"}
