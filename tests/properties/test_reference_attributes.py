"""The reference's own attributes and bodies do what section 7 of the language page says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.reference.attributes import attribute_value, has_attribute
from tests.reference.bodies import FAILED_BODY, NO_BODY, body_of_call, body_of_response
from tests.reference.declared import Attribute, Declared, Scope, Source
from tests.reference.jsonpaths import path_text, selected
from tests.reference.shape import Call, Token, Tree, Value, World
from tests.reference.situation import Error, Situation

ABSENT, FAILED = Error("attribute-missing"), Error("dependency-unavailable")
WRONG, NO_DOCUMENT = Error("indeterminate"), Error("body-unavailable")
NAME = (("name", "x"),)


def situation(document: Value = None, **changes: Value) -> Situation:
    call = Call(
        "POST",
        "https://api.example.com/",
        0.0,
        headers=(("x-one", "7"), ("x-two", "a"), ("x-two", "b")),
        token=Token({"sub": "a/../b", "dots": "..", "slashes": "a//b", "name": "o'brien"}),
        world=World({"risk": (document,), "limits": (document,)}),
    )
    return Situation(
        tree=Tree({}), call=replace(call, **changes), path="/", relative_path="/", query="a=1&a=2",
        params={}, token=call.token, user=None,
    )  # fmt: skip


def read(attribute: Attribute, at: Situation, **others: Attribute) -> tuple[Value, Value]:
    """The value, and what `has()` says of it."""
    schema = tuple(
        Declared("claims", name, "string") for name in ("dots", "name", "slashes", "missing")
    )
    scope = Scope(schema=schema, attributes={"it": attribute, **others})
    return (attribute_value(scope, at, None, "it"), has_attribute(scope, at, None, "it"))


def declared(type_: str = "int", **words: Value) -> Declared:
    return Declared("attr", "it", type_, **words)


SERVICE = Source("http", "risk", ("/score",), select=NAME)
ROWS: dict[str, dict[str, Value]] = {
    "plain": {},
    "optional": {"optional": True},
    "default": {"default": 4},
}


@pytest.mark.parametrize(
    ("row", "document", "value", "has"),
    [
        ("plain", {}, ABSENT, False),
        ("plain", {"x": None}, ABSENT, False),
        ("plain", {"x": "7"}, WRONG, WRONG),
        ("plain", {"x": 1.0}, WRONG, WRONG),
        ("plain", {"x": 11}, WRONG, WRONG),
        ("plain", {"x": 7}, 7, True),
        ("optional", {}, ABSENT, False),
        ("optional", {"x": True}, WRONG, WRONG),
        ("default", {}, 4, True),
        ("default", {"x": None}, 4, True),
        ("default", {"x": -1}, WRONG, WRONG),
    ],
)
def test_the_table_of_section_9(row: str, document: Value, value: Value, has: Value) -> None:
    attribute = Attribute(declared(minimum=0, maximum=10, **ROWS[row]), SERVICE)
    assert read(attribute, situation(document)) == (value, has)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("source", [SERVICE, Source("sql", "limits", column="x")])
def test_a_failed_fetch_is_an_error_whatever_is_declared(row: str, source: Source) -> None:
    at = situation(world=World({"risk": ({},), "limits": ([],)}, {"risk": "500", "limits": "out"}))
    assert read(Attribute(declared(**ROWS[row]), source), at) == (FAILED, FAILED)
    assert read(Attribute(declared(**ROWS[row]), source, 9), at) == (9, True)


def test_on_error_stands_in_for_a_failure_and_for_nothing_else() -> None:
    for document, value in (({}, ABSENT), ({"x": "text"}, WRONG), ({"x": 7}, 7)):
        assert read(Attribute(declared(), SERVICE, 9), situation(document))[0] == value


def test_on_error_stands_in_for_the_failure_of_what_the_value_is_made_of() -> None:
    at = situation(world=World({"risk": ({},)}, {"risk": "timeout"}))
    whole = Attribute(declared("json"), Source("http", "risk", ("/all",)))
    part = Attribute(declared(), Source("attribute", of=(None, "whole"), select=NAME), 9)
    assert read(part, at, whole=whole)[0] == 9
    assert read(replace(part, on_error=whole.on_error), at, whole=whole)[0] == FAILED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("/v1/", ("claim", "sub")), WRONG),
        (("/v1/", ("claim", "dots")), WRONG),
        (("/v1/x", ("claim", "dots")), WRONG),
        (("/v1/", ("claim", "slashes")), 7),
        (("/v1/", ("claim", "name"), "?q=", ("claim", "dots")), 7),
        (("/v1/", ("claim", "missing")), replace(ABSENT, inherited=True)),
    ],
)
def test_no_value_leads_out_of_its_segment(path: tuple[Value, ...], value: Value) -> None:
    at = situation({"x": 7})
    assert read(Attribute(declared(), replace(SERVICE, path=path)), at)[0] == value
    assert bool(at.fetched) == (value == 7)


def test_a_request_is_made_once_and_values_make_another_one() -> None:
    at = situation({"x": 7})
    for path in (("/a",), ("/a",), ("/", ("claim", "name"))):
        read(Attribute(declared(), replace(SERVICE, path=path)), at)
    assert list(at.fetched) == ['risk ["/a", []]', 'risk ["/o%27brien", []]']


@pytest.mark.parametrize(
    ("source", "type_", "value"),
    [
        (Source("header", "x-one"), "int", 7),
        (Source("header", "x-one"), "string", "7"),
        (Source("header", "x-two"), "string", WRONG),
        (Source("header", "x-two"), "list<string>", ("a", "b")),
        (Source("header", "x-none"), "list<string>", ABSENT),
        (Source("query", "a"), "list<int>", (1, 2)),
        (Source("query", "b"), "int", ABSENT),
        (Source("constant", value=("a",)), "list<string>", ("a",)),
    ],
)
def test_other_sources(source: Source, type_: str, value: Value) -> None:
    assert read(Attribute(declared(type_), source), situation())[0] == value


@pytest.mark.parametrize(
    ("rows", "type_", "value"),
    [
        ([], "int", ABSENT),
        ([{"x": None}], "int", ABSENT),
        ([{"x": 7}], "int", 7),
        ([{"x": 7}, {"x": 8}], "int", WRONG),
        ([{"x": 7}, {"x": 8}], "list<int>", (7, 8)),
        ([{"x": 7}, {"x": None}], "list<int>", WRONG),
        ([{"x": 1}], "bool", True),
        ([{"x": 2}], "bool", WRONG),
    ],
)
def test_rows(rows: Value, type_: str, value: Value) -> None:
    source = Source("sql", "limits", column="x")
    assert read(Attribute(declared(type_), source), situation(rows))[0] == value


JSON = (("content-type", "application/json"),)


@pytest.mark.parametrize(
    ("method", "headers", "body", "found"),
    [
        ("GET", (), None, NO_BODY),
        ("GET", (), "", NO_BODY),
        ("POST", (), "", NO_BODY),
        ("POST", (), None, FAILED_BODY),
        ("POST", (("content-length", "0"),), None, NO_BODY),
        ("POST", (("content-length", "0"),), "{}", FAILED_BODY),
        ("GET", (("content-length", "2"),), None, FAILED_BODY),
        ("GET", (("transfer-encoding", "chunked"),), "", FAILED_BODY),
        ("POST", JSON, "{}", {}),
        ("POST", (*JSON, ("content-length", "2")), "{}", {}),
        ("POST", (*JSON, ("content-length", "3")), "{}", FAILED_BODY),
        ("POST", (*JSON, ("content-length", "4")), '"é"', "é"),
        ("POST", (*JSON, ("content-length", "2"), ("content-length", "3")), "{}", FAILED_BODY),
        ("POST", (*JSON, ("content-length", "2"), ("content-length", "2")), "{}", FAILED_BODY),
        ("POST", (("content-type", "text/plain"),), "{}", FAILED_BODY),
        ("POST", (), "{}", FAILED_BODY),
        ("POST", JSON, '{"a": 1, "a": 1}', FAILED_BODY),
        ("POST", JSON, '{"a": Infinity}', FAILED_BODY),
        ("POST", JSON, '{"a": 1', FAILED_BODY),
        ("POST", JSON, "[" * 64 + "]" * 64, json.loads("[" * 64 + "]" * 64)),
        ("POST", JSON, "[" * 65 + "]" * 65, FAILED_BODY),
    ],
)
def test_a_body(
    method: str, headers: tuple[tuple[str, str], ...], body: str | None, found: object
) -> None:
    assert body_of_call(method, headers, body) == found


@pytest.mark.parametrize(
    ("method", "status", "body", "found"),
    [
        ("HEAD", 200, None, NO_BODY),
        ("GET", 204, None, NO_BODY),
        ("GET", 304, "", NO_BODY),
        ("GET", 200, None, FAILED_BODY),
        ("GET", 200, "", NO_BODY),
        ("GET", 200, "{}", {}),
        ("GET", 500, "{", FAILED_BODY),
    ],
)
def test_the_body_of_an_answer(method: str, status: int, body: str | None, found: object) -> None:
    assert body_of_response(method, status, JSON, body) == found


DOCUMENT = {"a": [{"b": 1}, {"b": 2, "a": 3}], "it's": {"b": 4}}


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ((), "$", [DOCUMENT]),
        ((("name", "a"), ("index", -1), ("name", "b")), "$.a[-1].b", [2]),
        ((("name", "a"), ("index", 2)), "$.a[2]", []),
        ((("name", "a"), ("every",), ("name", "b")), "$.a.*.b", [1, 2]),
        ((("name", "a"), ("slice", 0, 1)), "$.a[0:1]", [{"b": 1}]),
        ((("below", ("name", "b")),), "$..b", [1, 2, 4]),
        ((("below", ("name", "a")),), "$..a", [DOCUMENT["a"], 3]),
        ((("name", "it's"), ("name", "b")), "$['it\\'s'].b", [4]),
    ],
)
def test_json_paths(path: tuple[Value, ...], text: str, found: list[Value]) -> None:
    assert path_text(path) == text
    assert selected(path, DOCUMENT) == found
