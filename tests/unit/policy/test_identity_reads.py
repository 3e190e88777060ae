"""Where a policy reads the caller's identity first."""

import pytest

from deemster.policy.checking.identity_reads import first_identity_read
from tests.support.policy_texts import indented
from tests.support.policy_trees import (
    a_library,
    a_service,
    an_operation,
    loaded,
    marked,
    resolved_operation,
)

LIBRARY = a_library("conditions: {own: \"request.method == 'GET' && claims.sub == 'x'\"}\n")


@pytest.mark.parametrize(
    ("policy", "name", "place"),
    [
        ("rules: [{id: a, effect: permit}]", None, None),
        ("rules: [{id: a, effect: permit, when: \"params.id == '1'\"}]", None, None),
        (
            'target: "\'a\' in user.groups"\nrules: [{id: a, effect: permit, when: "has(user)"}]',
            "user.groups",
            "user.groups",
        ),
        (
            'rules:\n  - {id: a, effect: deny, when: "has(claims.sub)", enabled: false}\n'
            "  - {id: b, effect: deny, when: \"claims.acr == 'a' || claims.sub == 'b'\"}",
            "claims.acr",
            "claims.acr",
        ),
        ('rules: [{id: a, effect: deny, when: "!has(user)"}]', "user", "has(user)"),
        ("rules: [{id: a, effect: deny, when: {not: std.own}}]", "claims.sub", "claims.sub"),
        (
            "children:\n  - policy:\n      id: q\n      combiningAlgorithm: deny-overrides\n"
            "      rules: [{id: a, effect: deny, when: \"true ? claims.sub == 'x' : false\"}]",
            "claims.sub",
            "claims.sub",
        ),
    ],
    ids=["none", "others", "target", "disabled rule", "user", "library", "nested"],
)
def test_the_first_name_in_tree_order_is_found_where_it_stands(
    policy: str, name: str | None, place: str | None
) -> None:
    body = indented("id: p\ncombiningAlgorithm: deny-overrides\n" + policy, 4)
    operation = an_operation("policies:\n  - " + body.lstrip(), path="/{id}")
    files = {
        "a.yaml": a_service("imports: {std: lib.yaml}\n" + operation),
        "lib.yaml": LIBRARY,
    }
    found = first_identity_read(resolved_operation(loaded(files)).policies[0])
    if found is None:
        assert name is None
    else:
        assert (found[0], marked(files, found[1])) == (name, place)
