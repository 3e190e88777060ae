"""The YAML profile: positions, refusals, limits, and hostile bytes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.reading.reader import MAX_DEPTH, MAX_NODES, read_document
from tests.support.scale import scaled

PARSERS = pytest.mark.parametrize("pure_python", [False, True], ids=["libyaml", "python"])


def read(text: str | bytes, *, pure_python: bool = False) -> tuple[Node | None, DiagnosticSet]:
    content = text.encode() if isinstance(text, str) else text
    sink = DiagnosticSink()
    node = read_document(content, "p.yaml", sink, pure_python=pure_python)
    return node, sink.finish()


def codes(text: str | bytes, *, pure_python: bool = False) -> list[Code]:
    return [item.code for item in read(text, pure_python=pure_python)[1]]


def mapping(text: str) -> MappingNode:
    node, found = read(text)
    assert list(found) == []
    assert isinstance(node, MappingNode)
    return node


def scalar(text: str, key: str = "x") -> ScalarNode:
    node = mapping(text).get(key)
    assert isinstance(node, ScalarNode)
    return node


def at(text: str, scalar_node: ScalarNode, wanted: str) -> str:
    """The part of the file that the scalar says its text `wanted` stands at."""
    start = scalar_node.text.index(wanted)
    span = scalar_node.span_of(start, start + len(wanted))
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    assert span.line == span.end_line
    return lines[span.line - 1][span.column - 1 : span.end_column - 1]


# --- positions -----------------------------------------------------------------------------------


@PARSERS
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("x: abc.def", "def", id="plain"),
        pytest.param('x: "abc == def"', "def", id="double quotes"),
        pytest.param("x: 'abc == def'", "def", id="single quotes"),
        pytest.param('{"é😀": 1, x: "é😀 def"}', "def", id="after wide characters"),
        pytest.param("x: |\n  abc\n  def\n", "def", id="literal block"),
        pytest.param("x: |\n\n\n  abc\n    def\n", "def", id="leading empty lines"),
        pytest.param("x: |2\n    abc\n  def\n", "def", id="indentation indicator"),
        pytest.param("x: |2\n    abc def\n", "def", id="more indented than the indicator"),
        pytest.param("x: |-\n   abc\n\n   def\n\n", "def", id="strip"),
        pytest.param("x: |+  # a comment\n   abc\n   def\n\n", "def", id="keep and comment"),
        pytest.param("a: 1\r\nx: |\r\n  abc\r\n  def\r\n", "def", id="CRLF"),
        pytest.param('a: 1\r\nx: "abc def"\r\n', "def", id="CRLF and quotes"),
        pytest.param("x: |\n  a\tc\n  \tdef\n", "def", id="tabs in a block"),
    ],
)
def test_a_text_knows_where_each_character_stands(
    text: str, wanted: str, pure_python: bool
) -> None:
    node, found = read(text, pure_python=pure_python)
    assert list(found) == []
    assert isinstance(node, MappingNode)
    value = node.get("x")
    assert isinstance(value, ScalarNode)
    assert value.verbatim
    assert at(text, value, wanted) == wanted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('x: "a\\u0041b"', id="escape"),
        pytest.param('x: "a\\\\b"', id="escaped backslash"),
        pytest.param("x: 'it''s'", id="doubled quote"),
        pytest.param('x: "a\n  b"', id="folded double quotes"),
        pytest.param("x: a\n  b", id="folded plain"),
        pytest.param("x: >\n  a\n  b\n", id="folded block"),
    ],
)
def test_a_text_whose_characters_are_not_the_files_says_so(text: str) -> None:
    found = scalar(text)
    assert not found.verbatim
    assert found.span_of(0, 1) == found.span


def test_spans_of_collections_end_with_their_last_child() -> None:
    root = mapping("a:\n  b: 1\n  c: [x,\n    yy]\n\n# comment\nd: 2\n")
    inner = root.get("a")
    assert isinstance(inner, MappingNode)
    assert (inner.span.line, inner.span.column) == (2, 3)
    assert (inner.span.end_line, inner.span.end_column) == (4, 8)
    listed = inner.get("c")
    assert isinstance(listed, SequenceNode)
    assert (listed.span.line, listed.span.column) == (3, 6)


def test_scalars_are_not_resolved() -> None:
    root = mapping("{a: NO, b: 10:30, c: 017, d: 2026-11-22, e: ~, f: 1_000, g: .nan, h: 0x10}")
    texts = [value.text for _, value in root.entries if isinstance(value, ScalarNode)]
    assert texts == ["NO", "10:30", "017", "2026-11-22", "~", "1_000", ".nan", "0x10"]


def test_keys_are_texts_too() -> None:
    assert [key.text for key, _ in mapping("on: 1\nyes: 2\ntrue: 3\n017: 4\n").entries] == [
        "on",
        "yes",
        "true",
        "017",
    ]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("x: a", ScalarStyle.PLAIN),
        ("x: 'a'", ScalarStyle.SINGLE_QUOTED),
        ('x: "a"', ScalarStyle.DOUBLE_QUOTED),
        ("x: |\n a\n", ScalarStyle.LITERAL),
        ("x: >\n a\n", ScalarStyle.FOLDED),
        ("x:", ScalarStyle.PLAIN),
    ],
)
def test_the_style_is_kept(text: str, style: ScalarStyle) -> None:
    assert scalar(text).style is style


# --- refusals ------------------------------------------------------------------------------------

REFUSED = [
    pytest.param("a: 1\nb: 2\na: 3\n", Code.DUPLICATE_KEY, (3, 1), id="duplicate key"),
    pytest.param('{a: 1, "a": 2}', Code.DUPLICATE_KEY, (1, 8), id="duplicate in other quotes"),
    pytest.param('{a: 1, "\\x61": 2}', Code.DUPLICATE_KEY, (1, 8), id="duplicate by escape"),
    pytest.param("x: {y: {a: 1, a: 2}}", Code.DUPLICATE_KEY, (1, 15), id="duplicate inside"),
    pytest.param("x: &a 1", Code.YAML_FEATURE, (1, 4), id="anchor"),
    pytest.param("x: &a [1]", Code.YAML_FEATURE, (1, 4), id="anchored list"),
    pytest.param("x: *a", Code.YAML_FEATURE, (1, 4), id="alias"),
    pytest.param("x: *a\ny: 1", Code.YAML_FEATURE, (1, 4), id="alias, then more"),
    pytest.param("*a : 1", Code.YAML_FEATURE, (1, 1), id="alias as key"),
    pytest.param("<<: {a: 1}", Code.YAML_FEATURE, (1, 1), id="merge key"),
    pytest.param("x: !!int 3", Code.YAML_FEATURE, (1, 4), id="tag"),
    pytest.param("x: !has(y)", Code.YAML_FEATURE, (1, 4), id="exclamation mark"),
    pytest.param("x: ! a", Code.YAML_FEATURE, (1, 4), id="non-specific tag"),
    pytest.param("x: !!map {}", Code.YAML_FEATURE, (1, 4), id="tagged mapping"),
    pytest.param("%YAML 1.1\n---\na: 1\n", Code.YAML_FEATURE, (1, 1), id="directive"),
    pytest.param("? [a]\n: 1\n", Code.YAML_FEATURE, (1, 3), id="list as key"),
    pytest.param("? {a: 1}\n: 1\n", Code.YAML_FEATURE, (1, 3), id="mapping as key"),
    pytest.param("a: 1\n---\nb: 1\n", Code.SEVERAL_DOCUMENTS, (2, 1), id="two documents"),
    pytest.param("a: 1\n...\n---\n", Code.SEVERAL_DOCUMENTS, (3, 1), id="empty second document"),
    pytest.param("", Code.YAML_SYNTAX, (1, 1), id="empty"),
    pytest.param("# only\n", Code.YAML_SYNTAX, (1, 1), id="comment only"),
    pytest.param("b: 1\na: [1, 2\n", Code.YAML_SYNTAX, (2, 4), id="unclosed list"),
    pytest.param("a: b: c\n", Code.YAML_SYNTAX, (1, 5), id="second colon"),
    pytest.param("a:\n\t- b\n", Code.YAML_SYNTAX, (2, 1), id="tab"),
    pytest.param("é: 1\nb: @x\n", Code.YAML_SYNTAX, (2, 4), id="at sign"),
    pytest.param("é: 1\n\nb: \x07\n", Code.CONTROL_CHARACTER, (3, 4), id="bell"),
    pytest.param("a: \x00\n", Code.CONTROL_CHARACTER, (1, 4), id="NUL"),
    pytest.param("a: 1\rb: 2\n", Code.CONTROL_CHARACTER, (1, 5), id="lone carriage return"),
    pytest.param("a: x\x85b: y\n", Code.CONTROL_CHARACTER, (1, 5), id="NEL"),
    pytest.param("a: x\u2028b: y\n", Code.CONTROL_CHARACTER, (1, 5), id="line separator"),
    pytest.param("a: \u202ex\n", Code.CONTROL_CHARACTER, (1, 4), id="bidirectional override"),
    pytest.param("a: x\ufeffy\n", Code.CONTROL_CHARACTER, (1, 5), id="byte order mark inside"),
    pytest.param(b"\xef\xbb\xbfa: 1\n", Code.NOT_UTF8, (1, 1), id="byte order mark"),
    pytest.param(b"a: 1\nb\xc3\xa9: \xff\n", Code.NOT_UTF8, (2, 5), id="bad byte"),
    pytest.param(b"a: \xed\xa0\x80\n", Code.NOT_UTF8, (1, 4), id="surrogate in UTF-8"),
    pytest.param("a: 1\n".encode("utf-16"), Code.NOT_UTF8, (1, 1), id="UTF-16"),
]  # fmt: skip


@PARSERS
@pytest.mark.parametrize(("text", "code", "place"), REFUSED)
def test_what_the_profile_excludes_is_refused_at_its_place(
    text: str | bytes, code: Code, place: tuple[int, int], pure_python: bool
) -> None:
    node, found = read(text, pure_python=pure_python)
    assert node is None
    assert [(item.code, item.span.line, item.span.column) for item in found] == [(code, *place)]


def test_a_duplicate_key_points_at_the_first() -> None:
    _, found = read("a: 1\nb: 2\na: 3\n")
    (note,) = found.items[0].notes
    assert note.span is not None
    assert (note.span.line, note.span.column) == (1, 1)


@PARSERS
def test_half_a_character_by_escape_is_refused(pure_python: bool) -> None:
    assert codes('x: "\\uD800"', pure_python=pure_python) == [Code.YAML_SYNTAX]


def test_all_refusals_of_a_file_are_reported_together() -> None:
    text = "a: &x 1\nb: *x\na: !!int 3\n<<: {}\n"
    assert codes(text) == [
        Code.YAML_FEATURE,
        Code.YAML_FEATURE,
        Code.DUPLICATE_KEY,
        Code.YAML_FEATURE,
        Code.YAML_FEATURE,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: '\\u202e'",
        'a: "\\u202e"',
        'a: "\\0"',
        "--- {a: 1}\n",
        "a: 1\n...\n",
        "a: b%c",
        '"<<": 1',
    ],
)
def test_what_looks_alike_but_is_harmless_is_read(text: str) -> None:
    assert mapping(text).entries


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("open_", "close"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")],
    ids=["list", "mapping", "block list", "block mapping"],
)  # fmt: skip
def test_nesting_is_bounded(open_: str, close: str) -> None:
    def nested(depth: int) -> str:
        return open_ * depth + "x" + close * depth

    assert Code.TOO_DEEP not in codes(nested(MAX_DEPTH))
    assert codes(nested(MAX_DEPTH + 1)) == [Code.TOO_DEEP]
    assert codes(nested(100_000)) == [Code.TOO_DEEP]


def test_nodes_are_bounded() -> None:
    assert codes("[" + "x," * (MAX_NODES - 1) + "]") == []
    assert codes("[" + "x," * MAX_NODES + "]") == [Code.TOO_MANY_NODES]


def test_size_is_bounded() -> None:
    assert codes("#" * 1024 * 1024 + "\n") == [Code.FILE_TOO_LARGE]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- *a\n" * 200_000, id="aliases"),
        pytest.param("".join(f"%TAG !a{n}! b\n" for n in range(50_000)), id="tag directives"),
        pytest.param("a: 1\n" * 99_000, id="duplicate keys"),
        pytest.param("? " * 500_000, id="question marks"),
        pytest.param('"' + "\\\n" * 500_000, id="escaped line ends"),
    ],
)
def test_a_file_of_nothing_but_mistakes_ends_after_a_bounded_number_of_errors(text: str) -> None:
    assert 1 <= len(codes(text)) <= 100


# --- hostile bytes -------------------------------------------------------------------------------

SAMPLE = (
    b"apiVersion: deemster/v1\nkind: Library\nmetadata: {id: standard, title: \"caf\xc3\xa9\"}\n"
    b"conditions:\n  a: |\n    x == 'y'\n  b: \"time.local('Europe/Berlin').weekday < 6\"\n"
    b"  c:\n    all: [a, {not: b}]\n"
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """The sample with pieces cut out, doubled and put in."""
    content = SAMPLE
    pieces = st.one_of(
        st.binary(max_size=6),
        st.sampled_from(
            [b"&a ", b"*a", b"!t ", b"<<: ", b"\n---\n", b"- ", b"? ", b"|", b">2", b'"']
        )
        | st.sampled_from(
            [b"'", b"{", b"}", b"[", b"]", b": ", b" #", b"\t", b"\r", b"%", b"\n  "]
        ),
    )
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 20)))
        content = (
            content[:start] + draw(pieces) + content[end:] + draw(st.sampled_from([b"", b"\n"]))
        )
    return content


@settings(max_examples=scaled(5_000))
@given(st.one_of(st.binary(max_size=200), mutated()), st.booleans())
@example(b"\xff\xfe\x00", False)
@example(b'"\\ud800"', True)
def test_any_bytes_are_either_a_document_or_an_error(content: bytes, pure_python: bool) -> None:
    node, found = read(content, pure_python=pure_python)
    assert (node is None) == bool(found.errors)
    lines = content.split(b"\n")
    for item in found:
        assert 1 <= item.span.line <= len(lines) + 1


@settings(max_examples=scaled(5_000))
@given(mutated())
def test_both_yaml_parsers_read_the_same_or_refuse(content: bytes) -> None:
    ours, _ = read(content)
    theirs, _ = read(content, pure_python=True)
    if ours is not None and theirs is not None:
        assert outline(ours) == outline(theirs)


@settings(max_examples=scaled(5_000))
@given(mutated())
def test_a_verbatim_text_stands_in_the_file_where_it_says(content: bytes) -> None:
    node, _ = read(content)
    lines = content.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")
    for found in scalars(node):
        if found.verbatim and found.text:
            for offset, line in zip(offsets(found.text), found.text.split("\n"), strict=True):
                span = found.span_of(offset, offset + len(line))
                if line:
                    assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == line


def outline(node: Node) -> object:
    """Texts and styles without places: the parsers differ in where an empty value stands."""
    if isinstance(node, ScalarNode):
        return node.text, node.style
    if isinstance(node, SequenceNode):
        return [outline(item) for item in node.items]
    return {key.text: outline(value) for key, value in node.entries}


def offsets(text: str) -> list[int]:
    """Where each line of a text begins."""
    return [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]


def scalars(node: Node | None) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    if isinstance(node, SequenceNode):
        return [found for item in node.items for found in scalars(item)]
    if isinstance(node, MappingNode):
        return [found for entry in node.entries for part in entry for found in scalars(part)]
    return []
