"""Attributes in operations of AuthZEN: there is no HTTP call to read a body or a header of."""

from __future__ import annotations

import pytest

from tests.support.policy_trees import a_library, a_service, told

OPERATIONS = """operations:
  - id: ask
    match: {resourceType: todo, actions: [can_read]}
    allow: {when: "WHEN"}
"""


def findings(source: str, when: str = "lib.x == 'a'") -> list[str]:
    library = a_library(f"attributes:\n  x: {{type: string, source: {{{source}}}}}\n")
    body = "imports: {lib: lib.yaml}\n" + OPERATIONS.replace("WHEN", when)
    return told({"shop.yaml": a_service(body), "lib.yaml": library})


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ('body: "$.a"', "request.body"),
        ("header: x-a", "request.headers.x-a"),
        ("query: a", "request.query.a"),
        ('http: {service: s, path: "/{request.method}"}', "request.method"),
        ('http: {service: s, path: "/{params.id}"}', "params.id"),
    ],
)
def test_what_only_a_call_has_is_refused(source: str, name: str) -> None:
    assert findings(source) == [
        f"name-elsewhere: `{name}` is known of HTTP calls only, and not of AuthZEN questions"
    ]


def test_claims_are_refused_through_an_attribute_too() -> None:
    [found] = findings('http: {service: s, path: "/{claims.sub}"}')
    assert "`claims.sub` is read from a token" in found


@pytest.mark.parametrize(
    "source",
    ["constant: a", 'http: {service: s, path: "/{subject.id}/{user.id}"}', "sql: {query: q}"],
)
def test_what_a_question_has_is_fine(source: str) -> None:
    assert findings(source) == []
