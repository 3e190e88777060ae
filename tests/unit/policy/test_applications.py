"""Applications: keys unique across the tree, roles of their own, bare names while unambiguous."""

import pytest

from deemster.policy.diagnostics import Severity
from tests.support.policy_trees import (
    a_service,
    an_application,
    an_operation,
    findings_of,
    loaded,
    marked,
    told,
)

SHOP = a_service(an_operation())


def with_applications(**applications: str) -> dict[str, str]:
    return {"shop.yaml": SHOP} | {
        f"{id}.yaml": an_application(body, id=id) for id, body in applications.items()
    }


def an_app(resource: str, *actions: str, **roles: str) -> str:
    listed = ", ".join(actions)
    body = f"resources:\n  {resource}: {{permissions: [{listed}]}}\n"
    if roles:
        body += "roles:\n"
    return body + "".join(f"  {name}: {{permissions: [{keys}]}}\n" for name, keys in roles.items())


def test_a_role_grants_the_permissions_it_lists_by_its_key_and_its_bare_name() -> None:
    tree = loaded(with_applications(crm=an_app("item", "view", "pay", clerk='"item:view"')))
    granted = {"item:view"}
    assert tree.snapshot.services["shop"].role_permissions == {
        "crm/clerk": granted,
        "clerk": granted,
    }


def test_a_bare_name_that_two_applications_have_grants_nothing() -> None:
    files = with_applications(
        crm=an_app("item", "view", clerk='"item:view"'),
        erp=an_app("ledger", "close", clerk='"ledger:close"', chief='"ledger:close"'),
    )
    assert loaded(files).resolved.catalogue.role_permissions() == {
        "crm/clerk": {"item:view"},
        "erp/clerk": {"ledger:close"},
        "erp/chief": {"ledger:close"},
        "chief": {"ledger:close"},
    }
    (finding,) = findings_of(files)
    assert finding.severity is Severity.HINT
    assert finding.message == (
        "applications `crm` and `erp` both have a role `clerk`, so that the bare name grants "
        "nothing"
    )
    assert finding.help == "directories and tests must write `erp/clerk` or `crm/clerk`"


def test_a_role_may_grant_nothing() -> None:
    tree = loaded(with_applications(crm=an_app("item", "view", guest="")))
    assert tree.resolved.catalogue.role_permissions()["guest"] == frozenset()


def test_a_key_is_split_at_its_first_colon() -> None:
    body = 'resources:\n  item: {permissions: ["view:all"]}\n'
    tree = loaded(with_applications(crm=body))
    assert tree.resolved.catalogue.permissions == {"crm": {"item:view:all"}}


def test_a_permission_is_declared_once_in_the_tree() -> None:
    files = with_applications(crm=an_app("item", "view"), erp=an_app("item", "view", "pay"))
    (finding,) = findings_of(files)
    assert finding.message == "permission `item:view` is declared twice"
    assert (finding.span.file, marked(files, finding.span)) == ("erp.yaml", "view")
    assert [note.message for note in finding.notes] == ["application `crm` declares it"]


@pytest.mark.parametrize(
    ("key", "help"),
    [
        ("item:veiw", "did you mean `item:view`?"),
        ("ledger:close", "a permission is written `resource:action`, as `resources` declares it"),
    ],
    ids=["misspelt", "of another application"],
)
def test_a_role_grants_only_permissions_of_its_own_application(key: str, help: str) -> None:
    files = with_applications(
        crm=an_app("item", "view", clerk=f'"{key}"'), erp=an_app("ledger", "close")
    )
    (finding,) = findings_of(files)
    assert finding.message == f"application `crm` has no permission `{key}`"
    assert finding.help == help


def test_a_service_lists_applications_that_are_there() -> None:
    files = {
        "shop.yaml": a_service(an_operation(), block="applications: [crn, hr]"),
        "crm.yaml": an_application(an_app("item", "view")),
    }
    found = {item.message: item.help for item in findings_of(files)}
    assert found == {
        "there is no application `crn`": "did you mean `crm`?",
        "there is no application `hr`": "declare it in a document with `kind: Application`",
    }


def test_two_applications_of_one_id_are_an_error() -> None:
    files = {
        "shop.yaml": SHOP,
        "a.yaml": an_application(an_app("item", "view")),
        "b.yaml": an_application(an_app("ledger", "close")),
    }
    assert told(files) == ["duplicate-id: the id `crm` belongs to another document of this kind"]
