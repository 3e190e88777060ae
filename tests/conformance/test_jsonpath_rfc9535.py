"""RFC 9535: its tables of examples (2.1 to 2.7), and the cases between them, as data.

Filters (2.3.5) and functions (2.4) are not supported, and a test says so. An object whose members
a path selects is compared in the order written, which RFC 9535 allows and does not require.
"""

from __future__ import annotations

from typing import Any

import pytest

from deemster.policy.jsonpath import (
    JsonPathSyntaxError,
    find,
    locate,
    normalised,
    parse_json_path,
)

STORE = {
    "store": {
        "book": [
            {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99},
            {"category": "fiction", "author": "Melville", "title": "Moby", "isbn": "0-553-21311-3"},
            {"category": "fiction", "author": "Tolkien", "title": "Lord", "isbn": "0-395-19395-8"},
        ],
        "bicycle": {"color": "red", "price": 399},
    }
}
LETTERS = ["a", "b", "c", "d", "e", "f", "g"]
NESTED = {"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]}

# Path, document, values.
SELECTED: list[tuple[str, object, list[Any]]] = [
    # 1.5 and 2.2: the root
    ("$", {"k": "v"}, [{"k": "v"}]),
    ("$", 7, [7]),
    ("$", None, [None]),
    ("$.store.book[0].title", STORE, ["Sayings"]),
    ("$['store']['book'][0]['title']", STORE, ["Sayings"]),
    ("$.store.book[*].author", STORE, ["Rees", "Waugh", "Melville", "Tolkien"]),
    ("$..author", STORE, ["Rees", "Waugh", "Melville", "Tolkien"]),
    ("$.store..price", STORE, [8.95, 12.99, 399]),
    ("$..book[2].author", STORE, ["Melville"]),
    ("$..book[2].publisher", STORE, []),
    ("$..book[-1].title", STORE, ["Lord"]),
    ("$..book[0,1].title", STORE, ["Sayings", "Sword"]),
    ("$..book[:2].title", STORE, ["Sayings", "Sword"]),
    # 2.3.1: names
    ("$.o['j j']", {"o": {"j j": {"k.k": 3}}}, [{"k.k": 3}]),
    ("$.o['j j']['k.k']", {"o": {"j j": {"k.k": 3}}}, [3]),
    ('$.o["j j"]["k.k"]', {"o": {"j j": {"k.k": 3}}}, [3]),
    ("$[\"'\"]['@']", {"'": {"@": 2}}, [2]),
    ("$.a", {"a": "A", "b": "B"}, ["A"]),
    ("$.a", {"b": "B"}, []),
    ("$.a", [{"a": 1}], []),
    ("$.a", "a", []),
    ("$.a", {"a": None}, [None]),
    ("$['']", {"": 1}, [1]),
    ("$.true", {"true": 1}, [1]),
    ("$.null", {"null": None}, [None]),
    ("$._x1", {"_x1": 1}, [1]),
    ("$.\u00fc", {"\u00fc": 1}, [1]),
    ("$.\U0001f600", {"\U0001f600": 1}, [1]),
    ("$['1']", ["first", "second"], []),
    ("$[1]", {"1": "x"}, []),
    ("$['\\'']", {"'": 1}, [1]),
    ('$["\\""]', {'"': 1}, [1]),
    ("$['\"']", {'"': 1}, [1]),
    ('$["\'"]', {"'": 1}, [1]),
    ("$['\\\\']", {"\\": 1}, [1]),
    ("$['\\/']", {"/": 1}, [1]),
    ("$['\\b\\f\\n\\r\\t']", {"\b\f\n\r\t": 1}, [1]),
    ("$['\\u263a']", {"\u263a": 1}, [1]),
    ("$['\\u263A']", {"\u263a": 1}, [1]),
    ("$['\\uD834\\uDD1E']", {"\U0001d11e": 1}, [1]),
    ("$['\\u0000']", {"\0": 1}, [1]),
    # 2.3.2: wildcards
    ("$[*]", NESTED, [{"j": 1, "k": 2}, [5, 3, [{"j": 4}, {"k": 6}]]]),
    ("$.o[*]", NESTED, [1, 2]),
    ("$.o[*, *]", NESTED, [1, 2, 1, 2]),
    ("$.a[*]", NESTED, [5, 3, [{"j": 4}, {"k": 6}]]),
    ("$.*", [1, 2], [1, 2]),
    ("$.*", {}, []),
    ("$.*", 5, []),
    ("$.*.*", {"a": [1], "b": {"c": 2}}, [1, 2]),
    # 2.3.3: indices
    ("$[1]", ["a", "b"], ["b"]),
    ("$[-2]", ["a", "b"], ["a"]),
    ("$[0]", [], []),
    ("$[2]", ["a", "b"], []),
    ("$[-3]", ["a", "b"], []),
    ("$[0]", "ab", []),
    ("$[0][1]", [["a", "b"]], ["b"]),
    # 2.3.4: slices
    ("$[1:3]", LETTERS, ["b", "c"]),
    ("$[5:]", LETTERS, ["f", "g"]),
    ("$[1:5:2]", LETTERS, ["b", "d"]),
    ("$[5:1:-2]", LETTERS, ["f", "d"]),
    ("$[::-1]", LETTERS, ["g", "f", "e", "d", "c", "b", "a"]),
    ("$[:]", LETTERS, LETTERS),
    ("$[::]", LETTERS, LETTERS),
    ("$[::0]", LETTERS, []),
    ("$[1:5:0]", LETTERS, []),
    ("$[-2:]", LETTERS, ["f", "g"]),
    ("$[:-5]", LETTERS, ["a", "b"]),
    ("$[3:3]", LETTERS, []),
    ("$[4:2]", LETTERS, []),
    ("$[0:100]", LETTERS, LETTERS),
    ("$[-100:2]", LETTERS, ["a", "b"]),
    ("$[100:0:-3]", LETTERS, ["g", "d"]),
    ("$[2::-1]", LETTERS, ["c", "b", "a"]),
    ("$[:2:-2]", LETTERS, ["g", "e"]),
    ("$[1:3]", {"1": 1}, []),
    ("$[-9007199254740991:9007199254740991]", LETTERS, LETTERS),
    # 2.5.1: child segments
    ("$[0, 3]", LETTERS, ["a", "d"]),
    ("$[0:2, 5]", LETTERS, ["a", "b", "f"]),
    ("$[0, 0]", LETTERS, ["a", "a"]),
    ("$['a', 'c']", {"a": 1, "b": 2, "c": 3}, [1, 3]),
    ("$['c', 'a']", {"a": 1, "b": 2, "c": 3}, [3, 1]),
    ("$['a', 0]", {"a": 1}, [1]),
    ("$['a', 0]", ["x"], ["x"]),
    # 2.5.2: descendants
    ("$..j", NESTED, [1, 4]),
    ("$..[0]", NESTED, [5, {"j": 4}]),
    ("$..o", NESTED, [{"j": 1, "k": 2}]),
    ("$.o..[*, *]", NESTED, [1, 2, 1, 2]),
    ("$.a..[0, 1]", NESTED, [5, 3, {"j": 4}, {"k": 6}]),
    ("$..*", {"a": [1, {"b": 2}]}, [[1, {"b": 2}], 1, {"b": 2}, 2]),
    ("$..[*]", [[1]], [[1], 1]),
    ("$..['j', 'k']", NESTED, [1, 2, 4, 6]),
    ("$..a..b", {"a": {"a": {"b": 1}}}, [1, 1]),
    ("$..x", 1, []),
    # 2.1.1: blanks
    ("$ .a", {"a": 1}, [1]),
    ("$\n['a']", {"a": 1}, [1]),
    ("$[ 'a' , 'b' ]", {"a": 1, "b": 2}, [1, 2]),
    ("$[\t1\r:\n3 : 1 ]", LETTERS, ["b", "c"]),
    ("$.a [0]", {"a": [1]}, [1]),
    # 2.6: null is a value
    ("$.a", {"a": None, "b": [None]}, [None]),
    ("$.a[0]", {"a": None}, []),
    ("$.a.d", {"a": None}, []),
    ("$.b[0]", {"b": [None]}, [None]),
    ("$.b[*]", {"b": [None]}, [None]),
]

REFUSED = [
    "",
    "a",
    " $",
    "$ ",
    "$\n",
    "$.",
    "$..",
    "$...a",
    "$a",
    "$.a.",
    "$. a",
    "$..\na",
    "$.1",
    "$.1a",
    "$.a-b",
    "$.'a'",
    '$."a"',
    "$.[0]",
    "$.a$",
    "$.a b",
    "$&",
    "$[]",
    "$[ ]",
    "$[",
    "$[0",
    "$[0,",
    "$[0,]",
    "$[,0]",
    "$[0 1]",
    "$[a]",
    "$['a]",
    "$[\"a']",
    "$['a'",
    "$['a']]",
    "$['\\\"']",
    '$["\\\'"]',
    "$['\\x41']",
    "$['\\u12']",
    "$['\\uD800']",
    "$['\\uDC00']",
    "$['\\uD800\\u0041']",
    "$['\\uDC00\\uD800']",
    "$['\\']",
    "$['a\tb']",
    "$['a\nb']",
    "$[01]",
    "$[-0]",
    "$[-01]",
    "$[+1]",
    "$[1.0]",
    "$[1e1]",
    "$[-]",
    "$[- 1]",
    "$[0x1]",
    "$[9007199254740992]",
    "$[-9007199254740992]",
    "$[:9007199254740992]",
    "$[99999999999999999999999999999999]",
    "$[1:2:3:4]",
    "$[1:a]",
    "$[01:2]",
    "$[1:-0]",
    "$[::01]",
    "$[1::-0]",
    "$[\u0663]",
    "$.*a",
    "$**",
    "$.a*",
    "$[**]",
    "$\u00a0.a",
    "$[0]\u2028",
    "$.\x00",
    "$.a;",
    "@.a",
    "$[?@.a]",
    "$[?@.a == 1]",
    "$[?(@.a)]",
    "$..[?@.a]",
    "$[(@.length-1)]",
    "$.length()",
]

# RFC 9535 2.7: path, document, normalised paths.
NORMALISED = [
    ("$.a", {"a": 1}, ["$['a']"]),
    ("$[1]", [0, 1], ["$[1]"]),
    ("$[-3]", [0, 1, 2, 3, 4], ["$[2]"]),
    ("$.a.b[1:2]", {"a": {"b": [0, 1]}}, ["$['a']['b'][1]"]),
    ('$["\\u000B"]', {"\x0b": 1}, ["$['\\u000b']"]),
    ('$["\\u0061"]', {"a": 1}, ["$['a']"]),
    ('$["\'\\n\\\\\\b\\t\\f\\r"]', {"'\n\\\b\t\f\r": 1}, ["$['\\'\\n\\\\\\b\\t\\f\\r']"]),
    ("$", [1], ["$"]),
    ("$..j", NESTED, ["$['o']['j']", "$['a'][2][0]['j']"]),
    ("$[::-2]", [0, 1, 2], ["$[2]", "$[0]"]),
    ("$['\u00e9\"']", {'\u00e9"': 1}, ["$['\u00e9\"']"]),
]


@pytest.mark.parametrize(("path", "document", "values"), SELECTED)
def test_a_path_selects_these_values(path: str, document: object, values: list[Any]) -> None:
    assert find(parse_json_path(path), document) == values


@pytest.mark.parametrize("path", REFUSED)
def test_what_the_grammar_has_not_is_refused(path: str) -> None:
    with pytest.raises(JsonPathSyntaxError) as refused:
        parse_json_path(path)
    assert 0 <= refused.value.start < max(refused.value.end, 1)
    assert refused.value.end <= len(path) + 1


@pytest.mark.parametrize(("path", "document", "paths"), NORMALISED)
def test_places_are_written_as_normalised_paths(
    path: str, document: object, paths: list[str]
) -> None:
    assert [normalised(place) for place in locate(parse_json_path(path), document)] == paths


@pytest.mark.parametrize(("path", "document", "values"), SELECTED)
def test_a_normalised_path_selects_the_very_node(
    path: str, document: object, values: list[Any]
) -> None:
    found = [
        find(parse_json_path(normalised(place)), document)
        for place in locate(parse_json_path(path), document)
    ]
    assert found == [[value] for value in values]
