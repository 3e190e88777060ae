"""Members of a case that are read here and get their meaning elsewhere."""

from textwrap import dedent

import pytest

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.nodes import Node
from deemster.policy.reading.reader import read_document
from deemster.policytest import exchanges
from deemster.policytest.attribute_answers import read_attribute_answers
from deemster.policytest.cases import (
    AccessRecipe,
    AttributeFault,
    ExpectedStatement,
    UpstreamAnswer,
)
from deemster.policytest.comparison import covers
from deemster.policytest.exchanges import ExchangeReader
from deemster.policytest.expected_statements import read_expected_statements
from deemster.policytest.fields import FieldReader


def node_of(text: str) -> Node:
    node = read_document(dedent(text).strip("\n").encode(), "suite.yaml", DiagnosticSink())
    assert node is not None
    return node


def told_by(fields: FieldReader) -> list[str]:
    return [
        f"{item.span.line}:{item.span.column}: {item.code}: {item.message}"
        + (f" ({item.help})" if item.help else "")
        for item in fields.sink.finish()
    ]


@pytest.fixture
def fields() -> FieldReader:
    return FieldReader(DiagnosticSink())


def test_sources_of_attributes_answer_with_a_value_or_a_fault(fields: FieldReader) -> None:
    found = read_attribute_answers(
        node_of(
            """
            risk_score: 80
            limits: {daily: 5}
            country: null
            score: {fault: timeout}
            """
        ),
        fields,
    )
    assert [(item.name, item.value, item.fault) for item in found] == [
        ("risk_score", 80, None),
        ("limits", {"daily": 5}, None),
        ("country", None, None),
        ("score", None, AttributeFault.TIMEOUT),
    ]
    assert told_by(fields) == []


def test_fault_of_a_source_that_nobody_knows_is_refused_with_the_known_ones(
    fields: FieldReader,
) -> None:
    assert read_attribute_answers(node_of("score: {fault: timout, value: 1}"), fields) == ()
    assert told_by(fields) == [
        "1:16: bad-value: a fault cannot be `timout` (did you mean `timeout`?)",
        "1:24: unknown-key: attribute `score` with a fault has no key `value` "
        "(known keys: `fault`)",
    ]


def test_an_upstream_answer_has_a_status_headers_and_a_body(fields: FieldReader) -> None:
    written = node_of("{status: 200, headers: {X-Owner: north}, body: {iban: DE1}}")
    assert ExchangeReader(fields).response(written) == UpstreamAnswer(
        status=200,
        headers=(("x-owner", "north"), ("content-type", "application/json")),
        body='{"iban": "DE1"}',
    )


def test_an_upstream_answer_without_a_status_is_none(fields: FieldReader) -> None:
    assert ExchangeReader(fields).response(node_of("{staus: 200}")) is None
    assert told_by(fields) == [
        "1:1: missing-key: `response` needs `status`",
        "1:2: unknown-key: `response` has no key `staus` (did you mean `status`?)",
    ]


def test_a_question_of_authzen_is_read_whole(
    fields: FieldReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "_LATER", ())
    found = ExchangeReader(fields).request(
        node_of(
            """
            subject: {type: user, id: alice, properties: {level: 3}}
            action: {name: can_read_todos}
            resource: {type: todo, id: "1"}
            context: {channel: web}
            """
        )
    )
    assert told_by(fields) == []
    assert isinstance(found, AccessRecipe)
    assert str(found) == "user alice: can_read_todos todo 1"
    assert found.subject.properties == {"level": 3}
    assert found.surroundings == {"channel": "web"}


def test_a_question_of_authzen_says_what_it_lacks(
    fields: FieldReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "_LATER", ())
    written = node_of("{subject: {type: user}, action: read, method: GET}")
    assert ExchangeReader(fields).request(written) is None
    assert told_by(fields) == [
        "1:1: missing-key: `request` needs `resource`",
        "1:11: missing-key: `subject` needs `id`",
        "1:33: wrong-type: `action` must be a mapping, found `read`",
        "1:39: unknown-key: `request` with a `subject` has no key `method` "
        "(known keys: `subject`, `action`, `resource` and `context`)",
    ]


def test_expected_statements_are_codes_or_members_of_them(fields: FieldReader) -> None:
    written = node_of("[mask, {code: exclude-attributes, obligatory: true, payload: [$.iban]}]")
    assert read_expected_statements(written, fields) == (
        ExpectedStatement(code="mask"),
        ExpectedStatement(
            code="exclude-attributes", obligatory=True, has_payload=True, payload=["$.iban"]
        ),
    )
    assert read_expected_statements(node_of("none"), fields) == ()


def test_an_empty_list_of_statements_would_expect_nothing(fields: FieldReader) -> None:
    read_expected_statements(node_of("[]"), fields)
    assert told_by(fields) == [
        "1:1: test-suite: an empty list of statements expects nothing "
        "(write `none` if the decision must carry no statement)"
    ]


@pytest.mark.parametrize(
    ("got", "wanted", "covered"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2]}}, True),
        (["x", "y"], ["y", "x"], True),
        (["x"], ["x", "z"], False),
        (1, True, False),
        (None, None, True),
        ("x", ["x"], False),
    ],
)
def test_a_payload_covers_what_is_written_of_it(got: object, wanted: object, covered: bool) -> None:
    assert covers(got, wanted) is covered
