"""Members of a case that are read here and get their meaning elsewhere."""

from textwrap import dedent

import pytest

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.shapes import Keys, Shape
from deemster.policy.reading.nodes import MappingNode
from deemster.policy.reading.reader import read_document
from deemster.policytest.attribute_answers import read_attribute_answers
from deemster.policytest.attribute_names import AttributeNames
from deemster.policytest.cases import (
    AccessRecipe,
    AttributeFault,
    ExpectedStatement,
    UpstreamAnswer,
)
from deemster.policytest.comparison import covers
from deemster.policytest.exchanges import read_request, read_response
from deemster.policytest.expected_statements import read_expected_statements

NAMES = AttributeNames(
    {
        **{
            name: frozenset({f"risk.yaml#{name}"})
            for name in ("risk_score", "limits", "country", "score")
        },
        "std.score": frozenset({"risk.yaml#score"}),
        "twice": frozenset({"a.yaml#twice", "b.yaml#twice"}),
        "a.twice": frozenset({"a.yaml#twice"}),
        "b.twice": frozenset({"b.yaml#twice"}),
    },
    frozenset({"amount"}),
)
_ANYTHING = Shape("a test", Keys.of({"attributes", "request", "response", "statements"}))


def fields_of(text: str) -> Fields:
    sink = DiagnosticSink()
    node = read_document(dedent(text).strip("\n").encode(), "suite.yaml", sink)
    assert isinstance(node, MappingNode)
    return Fields(node, _ANYTHING, sink)


def told_by(fields: Fields) -> list[str]:
    return [
        f"{item.span.line}:{item.span.column}: {item.code}: {item.message}"
        + (f" ({item.help})" if item.help else "")
        for item in fields.sink.finish()
    ]


def test_sources_of_attributes_answer_with_a_value_or_a_fault() -> None:
    fields = fields_of(
        """
        attributes:
          risk_score: 80
          limits: {daily: 5}
          country: null
          score: {fault: timeout}
        """
    )
    answers = read_attribute_answers(fields, NAMES)
    assert [(item.attributes, item.value, item.fault) for item in answers] == [
        (frozenset({"risk.yaml#risk_score"}), 80, None),
        (frozenset({"risk.yaml#limits"}), {"daily": 5}, None),
        (frozenset({"risk.yaml#country"}), None, None),
        (frozenset({"risk.yaml#score"}), None, AttributeFault.TIMEOUT),
    ]
    assert told_by(fields) == []


def test_an_attribute_that_nobody_is_asked_for_has_no_answer() -> None:
    fields = fields_of(
        """
        attributes:
          skore: 1
          amount: 20
          twice: 1
          score: 1
          std.score: 2
        """
    )
    read_attribute_answers(fields, NAMES)
    assert told_by(fields) == [
        "2:3: test-suite: no attribute of this API service that has a source is called `skore` "
        "(did you mean `score`?)",
        "3:3: test-suite: nobody is asked for `amount`: it is read from the request or constant "
        "(write what it is read from into `request`)",
        "4:3: test-suite: `twice` is an attribute of `a.yaml` and `b.yaml` "
        "(write `a.twice` or `b.twice`)",
        "6:3: duplicate-item: `std.score` and `score` are one attribute (remove one of them)",
    ]


def test_fault_of_a_source_that_nobody_knows_is_refused_with_the_known_ones() -> None:
    fields = fields_of("attributes: {score: {fault: timout, value: 1}}")
    assert read_attribute_answers(fields, NAMES) == ()
    assert told_by(fields) == [
        "1:29: bad-value: `timout` is not a value of `fault` "
        "(did you mean `timeout`? expected `timeout`, `unavailable` or `garbage`)",
        "1:37: unknown-key: `value` is not a key of an attribute with a fault "
        "(known keys: `fault`)",
    ]


def test_an_upstream_answer_has_a_status_headers_and_a_body() -> None:
    fields = fields_of("response: {status: 200, headers: {X-Owner: north}, body: {iban: DE1}}")
    assert read_response(fields) == UpstreamAnswer(
        status=200,
        headers=(("x-owner", "north"), ("content-type", "application/json")),
        body='{"iban": "DE1"}',
    )


def test_an_upstream_answer_without_a_status_is_none() -> None:
    fields = fields_of("response: {staus: 200}")
    assert read_response(fields) is None
    assert told_by(fields) == [
        "1:12: missing-key: `response` needs `status` (for example `status: 200`)",
        "1:12: unknown-key: `staus` is not a key of `response` "
        "(did you mean `status`? known keys: `body`, `headers` and `status`)",
    ]


def test_a_question_of_authzen_is_read_whole() -> None:
    fields = fields_of(
        """
        request:
          subject: {type: user, id: alice, properties: {level: 3}}
          action: {name: can_read_todos}
          resource: {type: todo, id: "1"}
          context: {channel: web}
        """
    )
    found = read_request(fields)
    assert told_by(fields) == []
    assert isinstance(found, AccessRecipe)
    assert str(found) == "user alice: can_read_todos todo 1"
    assert found.subject.properties == {"level": 3}
    assert found.surroundings == {"channel": "web"}


def test_a_question_of_authzen_says_what_it_lacks() -> None:
    fields = fields_of("request: {subject: {type: user}, action: read, method: GET}")
    assert read_request(fields) is None
    assert told_by(fields) == [
        "1:11: missing-key: a `request` with a subject needs `resource` "
        '(for example `resource: {type: todo, id: "1"}`)',
        "1:21: missing-key: a subject or a resource needs `id` (for example `id: alice`)",
        "1:42: wrong-type: `action` must be a mapping, found `read` "
        "(for example `{name: can_read}`)",
        "1:48: unknown-key: `method` is not a key of a `request` with a subject "
        "(known keys: `action`, `context`, `resource` and `subject`)",
    ]


def test_expected_statements_are_codes_or_members_of_them() -> None:
    fields = fields_of(
        "statements: [mask, {code: exclude-attributes, obligatory: true, payload: [$.iban]}]"
    )
    assert read_expected_statements(fields) == (
        ExpectedStatement(code="mask"),
        ExpectedStatement(
            code="exclude-attributes", obligatory=True, has_payload=True, payload=["$.iban"]
        ),
    )
    assert read_expected_statements(fields_of("statements: none")) == ()


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
