"""docs/policy/reference.md: current, complete, and every example of an expression compiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deemster.cli.schema import reference_page
from deemster.model.decision import Reason
from deemster.policy.expressions.calls import FUNCTION_NAMES, METHOD_NAMES
from deemster.policy.expressions.scope import RESERVED_NAMES
from deemster.policy.expressions.terms import LocalTimeField, RequestField
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policytools.reference.decisions import REASONS
from deemster.policytools.reference.expressions import FUNCTIONS, NAMES, OPERATORS, Place, Row
from deemster.policytools.walking import shapes_below
from tests.support.policy_trees import a_service, an_operation, told

PAGE = Path(__file__).parents[2] / "docs" / "policy" / "reference.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = (*NAMES, *OPERATORS, *FUNCTIONS)
DECLARED = """\
schema:
  claims:
    tenant: {type: string, optional: true}
  context:
    channel: {type: string}
constants:
  NETS: [10.0.0.0/8]
  LIMIT: 100
attributes:
  amount: {type: int, source: {body: "$.amount"}}
conditions:
  in_office: "request.ip.inAny(NETS)"
"""


ALLOW = "allow:\n  when: |\n    {}\n"
RESPONSE = """\
allow: authenticated
response:
  policies:
    - id: answer
      combiningAlgorithm: permit-overrides
      rules:
        - id: shown
          effect: permit
          when: |
            {}
        - id: rest
          effect: deny
"""
SNIPPETS = {Place.CALL: ALLOW, Place.QUESTION: ALLOW, Place.RESPONSE: RESPONSE}


def test_the_page_is_current() -> None:
    stale = (
        f"{PAGE.name} is not current: run `deemster schema --reference > docs/policy/{PAGE.name}`"
    )
    assert reference_page() == TEXT, stale


def test_every_key_of_every_shape_has_a_row() -> None:
    rows = set(re.findall(r"^\| \**`([^`]+)`\** \|", TEXT, re.M))
    for kind, document in DOCUMENTS.items():
        assert f"## Kind `{kind}`" in TEXT
        for shape in shapes_below(document):
            assert shape.names <= rows, shape.name


def test_no_row_is_empty() -> None:
    tables = [line for line in TEXT.splitlines() if line.startswith("| `") or "| **`" in line]
    assert tables
    assert [line for line in tables if re.search(r"\|\s*\|\s*\|$", line)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.written)
def test_the_example_of_an_expression_compiles(row: Row) -> None:
    operations = an_operation(SNIPPETS[row.place].format(row.example), path="/items/{number}")
    if row.place is Place.QUESTION:
        operations = operations.replace(
            'methods: [GET], path: "/items/{number}"', "resourceType: todo, actions: [can_read]"
        )
    tree = {"shop.yaml": a_service(DECLARED + operations)}
    errors = [finding for finding in told(tree) if not finding.startswith("unused")]
    assert errors == []


def test_every_function_and_method_is_told() -> None:
    written = " ".join(row.written for row in FUNCTIONS)
    called = set(re.findall(r"(?:^|[ .])(\w+)\(", written))
    assert called == {*FUNCTION_NAMES, *METHOD_NAMES, "has", "exists", "all", "local"}
    for field in LocalTimeField:
        assert f"time.local('zone').{field.value}" in written


def test_every_name_is_told() -> None:
    written = {row.written for row in NAMES}
    assert {f"request.{field.value}" for field in RequestField} <= written
    roots = {re.split(r"[.\[]", name)[0] for name in written} | {"time"}
    told_within = {"action", "resource"}
    assert RESERVED_NAMES - roots - told_within == frozenset()


def test_every_reason_is_told() -> None:
    assert set(REASONS) == set(Reason)
    assert all(sentence.endswith(".") for sentence in REASONS.values())
