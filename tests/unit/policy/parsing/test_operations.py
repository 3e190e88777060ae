"""`operations:`: matching, grants, and keys that belong elsewhere or come later."""

import pytest

from tests.support.policy_texts import API_SERVICE, findings, with_operation

GRANT = "allow: public\n"


def with_match(match: str) -> str:
    return f"{API_SERVICE}operations:\n  - {{id: a, match: {match}, allow: public}}\n"


@pytest.mark.parametrize(
    "match",
    ["{path: /}", "{methods: [PURGE, M-SEARCH, x], path: /}", "{paths: [/a, /b]}",
     '{path: "/a/{b}/**"}', '{path: "not checked here"}'],
)  # fmt: skip
def test_methods_are_tokens_and_templates_are_carried_as_text(match: str) -> None:
    assert findings(with_match(match)) == []


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{}", "missing-key: `match` needs `path` or `paths`"),
        ("{methods: [GET]}", "missing-key: `match` needs `path` or `paths`"),
        ("{path: /a, paths: [/b]}", "bad-value: `match` has `path` or `paths`, not both"),
        ("{paths: []}", "empty-list: `paths` is empty"),
        ("{paths: [/a, /a]}", "duplicate-item: `/a` is in `paths` twice"),
        ("{paths: [/1, /2, /3, /4, /5, /6, /7, /8, /9, /10, /11]}",
         "bad-value: `paths` has 11 templates, more than 10"),
        ("{methods: [], path: /}", "empty-list: `methods` is empty"),
        ("{methods: GET, path: /}", "wrong-type: `methods` must be a list, found `GET`"),
        ("{methods: [GET, GET], path: /}", "duplicate-item: `GET` is in `methods` twice"),
        ('{methods: ["G T"], path: /}', "bad-value: `G T` is not an HTTP method"),
        ('{methods: ["GÉT"], path: /}', "bad-value: `GÉT` is not an HTTP method"),
        ("{methods: [Get], path: /}",
         "bad-value: `Get` would never match, because methods are case-sensitive"),
        ('{methods: ["*"], path: /}', "bad-value: `*` is a method of its own, not every method"),
        ("{method: GET, path: /}", "unknown-key: `method` is not a key of `match`"),
        ("{resourceType: todo}", "missing-key: `match` needs `actions`"),
        ("{actions: [read]}", "missing-key: `match` needs `resourceType`"),
        ("{resourceType: todo, actions: []}", "empty-list: `actions` is empty"),
        ("{resourceType: todo, actions: [a, a]}", "duplicate-item: `a` is in `actions` twice"),
        ("{resourceType: uri, actions: [GET]}",
         "bad-value: questions about a `uri` are answered by operations of HTTP calls"),
        ("{resourceType: todo, actions: [a], methods: [GET]}",
         "bad-value: `match` is about AuthZEN questions by `resourceType` and about HTTP calls by "
         "`methods`"),
    ],
)  # fmt: skip
def test_what_could_not_be_matched_is_refused(match: str, expected: str) -> None:
    assert findings(with_match(match)) == [expected]


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        (GRANT + "params: {id: {}}", "bad-value: parameter `id` needs one of `pattern` and `type`"),
        (GRANT + "params: {id: {type: int, pattern: a}}",
         "bad-value: parameter `id` needs one of `pattern` and `type`"),
        (GRANT + "params: {id: {type: float}}", "bad-value: `float` is not a value of `type`"),
        (GRANT + "params: {my-id: {type: int}}", "bad-id: `my-id` cannot be a name in expressions"),
        (GRANT + "params: [id]", "wrong-type: `params` must be a mapping, found a list"),
        (GRANT + "alsoCovers: []", "empty-list: `alsoCovers` is empty"),
        (GRANT + "alsoCovers: [A]", "bad-id: `A` cannot be an id"),
        (GRANT + "enabled: false", "unknown-key: `enabled` is not a key of an operation"),
        (GRANT + "enabled: true", "unknown-key: `enabled` is not a key of an operation"),
        (GRANT + "guards: []", "empty-list: `guards` is empty"),
        ("policies: []", "empty-list: `policies` is empty"),
        ("guards: [{$ref: a.yaml}]",
         "no-grant: this operation has neither `allow` nor `policies`, so nobody could call it"),
        ("alow: public", "unknown-key: `alow` is not a key of an operation"),
        (GRANT + "response: {policies: []}", "empty-list: `policies` is empty"),
        (GRANT + "response: {}", "missing-key: `response` needs `policies`"),
        (GRANT + "attach: [a b]", "bad-id: `a b` cannot name a statement"),
        (GRANT + "statements: {}", "unknown-key: `statements` is not a key of an operation"),
        (GRANT + "paths: [/a]",
         "wrong-type: `paths` of an operation says what counts as data in its paths, and lists "
         "none"),
        (GRANT + "paths: {encodedSlash: keep}",
         "bad-value: `keep` is not a value of `encodedSlash`"),
        (GRANT + "paths: {case: insensitive}",
         "unknown-key: `case` is not a key of `paths` of an operation"),
        (GRANT + "paths: {backslash: data}",
         "unknown-key: `backslash` is not a key of `paths` of an operation"),
    ],
)  # fmt: skip
def test_what_an_operation_may_not_say_is_refused(snippet: str, expected: str) -> None:
    assert findings(with_operation(snippet)) == [expected]


@pytest.mark.parametrize(
    "operations",
    [
        "operations:\n"
        "  - {id: a, match: {path: /a}, allow: public}\n"
        "  - {id: a, match: {path: /b}, allow: public}\n",
        "guards: [{id: a, combiningAlgorithm: deny-overrides, rules: [{id: r, effect: deny}]}]\n"
        "operations: [{id: a, match: {path: /a}, allow: public}]\n",
    ],
    ids=["two operations", "a guard and an operation"],
)
def test_one_id_path_names_one_node(operations: str) -> None:
    assert findings(API_SERVICE + operations) == [
        "duplicate-id: the id `a` is used twice among siblings"
    ]


def test_a_policy_cannot_be_called_allow_beside_allow() -> None:
    policy = "{id: allow, combiningAlgorithm: deny-overrides, rules: [{id: r, effect: deny}]}"
    assert findings(with_operation(f"{GRANT}policies: [{policy}]")) == [
        "duplicate-id: the id `allow` is used twice among siblings"
    ]
    assert findings(with_operation(f"policies: [{policy}]")) == []
