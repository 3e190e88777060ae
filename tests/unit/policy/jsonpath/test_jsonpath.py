"""JSONPath: where mistakes are, which paths are singular, bounds, and editing at places."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.jsonpath import (
    JsonPathLimitError,
    JsonPathSyntaxError,
    Location,
    find,
    locate,
    parse_json_path,
)
from deemster.policy.jsonpath.editing import removed, replaced
from deemster.policy.jsonpath.reading import read_json_path
from deemster.policy.reading.reader import read_document

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab'\\", max_size=2)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)
PATHS = st.lists(
    st.sampled_from([".a", ".b", "[0]", "[-1]", ".*", "..a", "..*", "[0, 'a']", "[::2]", "[1:]"]),
    max_size=4,
).map(lambda steps: "$" + "".join(steps))


@pytest.mark.parametrize(
    ("path", "start", "message"),
    [
        ("x.a", 0, "a JSONPath begins with `$`"),
        ("$.a-b", 3, "`-b` cannot stand here"),
        ("$.a[?@.b]", 4, "filters are not supported"),
        ("$.a[b]", 4, "expected a quoted name, an index or `*`, found `b`"),
        ("$.a[0", 3, "this `[` is never closed"),
        ("$.a['b", 4, "the quoted name has no end"),
        ("$.a[007]", 4, "`007` is no index"),
        ("$.", 2, "expected a name or `*` after `.`, found the end"),
        ("$..", 3, "expected a name or `*` after `..`, found the end"),
        ("$.a ", 3, "a JSONPath does not end with a blank"),
        ("$[0;1]", 3, "expected `,` or `]`, found `;`"),
    ],
)
def test_a_mistake_has_its_place(path: str, start: int, message: str) -> None:
    with pytest.raises(JsonPathSyntaxError) as refused:
        parse_json_path(path)
    assert (refused.value.start, refused.value.message) == (start, message)


@pytest.mark.parametrize("path", ["$", "$.a", "$['a'][0]", "$[-1].b"])
def test_names_and_indices_select_one_node_at_most(path: str) -> None:
    assert parse_json_path(path).is_singular


@pytest.mark.parametrize("path", ["$.*", "$..a", "$[0, 1]", "$[0:1]", "$['a', 'b']"])
def test_anything_else_may_select_several(path: str) -> None:
    assert not parse_json_path(path).is_singular


def test_a_path_in_a_file_is_refused_at_its_column() -> None:
    sink = DiagnosticSink()
    root = read_document(b'select: "$.order[x]"\n', "risk.yaml", sink)
    node = root.get("select")  # type: ignore[union-attr]
    assert node is not None
    assert read_json_path(node, sink, "`select`") is None
    [finding] = sink.finish()
    assert (finding.code, str(finding.span)) == (Code.BAD_JSONPATH, "risk.yaml:1:18")
    assert finding.help == "write `['x']`"


def test_a_long_path_is_refused_before_it_is_read() -> None:
    with pytest.raises(JsonPathSyntaxError, match="at most 1024 characters"):
        parse_json_path("$" + ".a" * 100_000)


def test_a_path_with_many_selectors_is_refused() -> None:
    with pytest.raises(JsonPathSyntaxError, match="at most 64 selectors"):
        parse_json_path("$[" + ",".join("*" * 65) + "]")


def test_descent_in_a_deep_document_has_an_end() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(JsonPathLimitError):
        find(parse_json_path("$..*..*..*..*"), deep, most=10_000)


def test_a_document_deeper_than_the_interpreters_stack_is_walked() -> None:
    deep: Any = {"x": 1}
    for _ in range(5_000):
        deep = [deep]
    assert find(parse_json_path("$..x"), deep, most=20_000) == [1]


def test_selectors_that_select_nothing_are_counted_too() -> None:
    path = parse_json_path("$..['" + "','".join("x" * 60) + "']")
    with pytest.raises(JsonPathLimitError):
        find(path, [[0]] * 1000, most=10_000)


@given(PATHS, DOCUMENTS)
def test_values_are_those_at_the_places(path: str, document: object) -> None:
    parsed = parse_json_path(path)
    found = []
    for place in locate(parsed, document):
        value: Any = document
        for step in place:
            value = value[step]
        found.append(value)
    assert find(parsed, document) == found


@given(PATHS, DOCUMENTS)
def test_what_is_removed_is_gone_and_all_else_stays(path: str, document: object) -> None:
    before = json.dumps(document)
    places = locate(parse_json_path(path), document)
    result = removed(document, places)
    assert json.dumps(document) == before
    assert result == (None if () in places else _without(document, (), set(places)))


@given(PATHS, DOCUMENTS)
def test_what_is_replaced_holds_the_new_value_and_all_else_stays(
    path: str, document: object
) -> None:
    before = json.dumps(document)
    places = set(locate(parse_json_path(path), document))
    result = replaced(document, dict.fromkeys(places, "new"))
    assert json.dumps(document) == before
    assert result == _with_new(document, (), places)


def _without(value: object, place: Location, gone: set[Location]) -> object:
    if isinstance(value, dict):
        kept = [(name, child) for name, child in value.items() if (*place, name) not in gone]
        return {name: _without(child, (*place, name), gone) for name, child in kept}
    if isinstance(value, list):
        items = [(i, child) for i, child in enumerate(value) if (*place, i) not in gone]
        return [_without(child, (*place, i), gone) for i, child in items]
    return value


def _with_new(value: object, place: Location, places: set[Location]) -> object:
    if place in places:
        return "new"
    if isinstance(value, dict):
        return {name: _with_new(child, (*place, name), places) for name, child in value.items()}
    if isinstance(value, list):
        return [_with_new(child, (*place, i), places) for i, child in enumerate(value)]
    return value
