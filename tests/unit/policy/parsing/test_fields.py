"""Shapes: which keys a mapping may have, and what is said about the others."""

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.parsing.fields import Fields, Shape
from deemster.policy.reading.nodes import MappingNode
from deemster.policy.reading.reader import read_document

THING = Shape(
    "a thing",
    frozenset({"name", "size"}),
    required={"name": "write `name: ...`"},
    later={"colour": "colours of things"},
    elsewhere={"price": "prices stand in the settings"},
)


def fields(text: str, shape: Shape = THING) -> tuple[Fields, list[Diagnostic]]:
    sink = DiagnosticSink()
    node = read_document(text.encode(), "a.yaml", sink)
    assert isinstance(node, MappingNode)
    return Fields(node, shape, sink), list(sink.finish())


def test_a_mapping_of_the_right_shape_has_no_findings() -> None:
    found, findings = fields("{name: x, size: 3}")
    assert findings == []
    assert found.string("name") == "x"
    assert found.integer("size") == 3
    assert found.text("absent") is None


def test_a_missing_key_is_reported_at_the_first_key_with_how_to_write_it() -> None:
    (finding,) = fields("size: 3\n")[1]
    assert (finding.code, finding.message) == (Code.MISSING_KEY, "a thing needs `name`")
    assert (finding.span.line, finding.span.column) == (1, 1)
    assert finding.help == "write `name: ...`"


def test_an_unknown_key_is_reported_with_a_guess_and_the_known_ones() -> None:
    (finding,) = fields("{name: x, siez: 3}")[1]
    assert (finding.code, finding.message) == (Code.UNKNOWN_KEY, "`siez` is not a key of a thing")
    assert finding.help == "did you mean `size`? known keys: `name` and `size`"


def test_a_misplaced_key_is_told_where_it_belongs() -> None:
    (finding,) = fields("{name: x, price: 3}")[1]
    assert finding.help == "prices stand in the settings"


def test_a_key_of_a_later_version_is_refused_by_name() -> None:
    (finding,) = fields("{name: x, colour: red}")[1]
    assert finding.code is Code.UNSUPPORTED_YET
    assert finding.message == "`colour` is not supported yet: colours of things"


def test_every_wrong_key_is_reported() -> None:
    assert len(fields("{a: 1, b: 2, colour: 3}")[1]) == 4


def test_a_duplicate_item_points_at_the_first() -> None:
    sink = DiagnosticSink()
    node = read_document(b"name: [x, y, x]", "a.yaml", sink)
    assert isinstance(node, MappingNode)
    texts = Fields(node, THING, sink).texts("name")
    assert [text.value for text in texts] == ["x", "y"]
    (finding,) = sink.finish()
    assert finding.code is Code.DUPLICATE_ITEM
    assert finding.notes[0].span is not None
    assert finding.notes[0].span.column == 8
