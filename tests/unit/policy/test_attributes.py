"""Attributes in a compiled tree: what is needed, what a value is, and every way to have none."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from deemster.model.attributes import (
    AttributeAnswer,
    AttributeFetch,
    Fetched,
    FetchFailed,
    HttpCall,
    Origin,
    SqlCall,
)
from deemster.model.decision import Reason
from deemster.model.http import ApiCall, Headers
from deemster.model.identity import UserContext
from deemster.model.urls import canonical_url
from deemster.policy.combining import Outcome
from deemster.policy.snapshot import CompiledOperation, Evaluation
from deemster.policy.values import NeedsValues, Values
from tests.support.points import some_claims
from tests.support.policy_trees import a_library, a_policy, a_service, an_operation, loaded

HTTP = 'http: {service: risk, path: "/score/{claims.sub}", select: "$.v"}'


def an_operation_with(attributes: str, when: str, *, schema: str = "") -> CompiledOperation:
    body = f"{schema}attributes:\n{attributes}" + an_operation(
        f'allow: {{when: "{when}"}}', path="/items/{id}"
    )
    [service] = loaded({"shop.yaml": a_service(body)}).snapshot.services.values()
    return service.by_id["read"]


def values(
    *,
    answers: Mapping[AttributeFetch, AttributeAnswer] | None = None,
    body: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    query: str = "",
    sub: str | None = "alice",
    item: str = "7",
) -> Values:
    url = f"https://api.example.com/shop/items/{item}{query}"
    pairs = (*headers, ("content-type", "application/json"))
    canonical = canonical_url(url)
    made = Values(
        ApiCall("POST", url, Headers(pairs), body),
        canonical,
        f"/items/{item}",
        {"id": item},
        some_claims(sub),
        UserContext(id="alice"),
        0.0,
    )
    made.attributes = answers or {}
    return made


def needed(operation: CompiledOperation, given: Values) -> AttributeFetch:
    evaluation = operation.evaluate(given)
    assert isinstance(evaluation, NeedsValues)
    [fetch] = evaluation.fetches
    return fetch


def judged(
    operation: CompiledOperation, answer: AttributeAnswer, **more: object
) -> tuple[Outcome, Reason]:
    """The outcome where every fetch is answered alike."""
    answers: dict[AttributeFetch, AttributeAnswer] = {}
    while True:
        evaluation = operation.evaluate(values(answers=answers, **more))  # type: ignore[arg-type]
        if isinstance(evaluation, Evaluation):
            return evaluation.outcome, evaluation.reason
        assert not evaluation.fetches <= answers.keys()
        answers.update(dict.fromkeys(evaluation.fetches, answer))


PERMIT = (Outcome.PERMIT, Reason.PERMITTED)
DENY = (Outcome.DENY, Reason.POLICY_DENIED)


def error(reason: Reason) -> tuple[Outcome, Reason]:
    return Outcome.INDETERMINATE_P, reason


MISSING = error(Reason.ATTRIBUTE_MISSING)
WRONG = error(Reason.INDETERMINATE)
FAILED = error(Reason.DEPENDENCY_UNAVAILABLE)
NO_BODY = error(Reason.BODY_UNAVAILABLE)

# --- the table of policy-language section 9 -----------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "absent", "has_absent", "failed"),
    [
        ("", MISSING, DENY, FAILED),
        ("optional: true, ", MISSING, DENY, FAILED),
        ("default: 7, ", PERMIT, PERMIT, FAILED),
        ("onError: {value: 7}, ", MISSING, DENY, PERMIT),
        ("default: 8, onError: {value: 7}, ", DENY, PERMIT, PERMIT),
    ],
)
def test_absent_null_wrong_and_failed_by_declaration(
    declared: str,
    absent: tuple[Outcome, Reason],
    has_absent: tuple[Outcome, Reason],
    failed: tuple[Outcome, Reason],
) -> None:
    attribute = f"  x: {{type: int, {declared}min: 0, max: 9, source: {{{HTTP}}}}}\n"
    equals = an_operation_with(attribute, "attr.x == 7")
    presence = an_operation_with(attribute, "has(attr.x)")
    assert judged(equals, Fetched({"v": 7})) == PERMIT
    assert judged(presence, Fetched({"v": 7})) == PERMIT
    nothing: list[object] = [{}, {"v": None}, [], None, {"w": 7}]
    for document in nothing:
        assert judged(equals, Fetched(document)) == absent
        assert judged(presence, Fetched(document)) == has_absent
    for value in ("7", 7.0, True, 10, -1, 2**63, [7], {"v": 7}):
        assert judged(equals, Fetched({"v": value})) == WRONG
        assert judged(presence, Fetched({"v": value})) == WRONG
    assert judged(equals, FetchFailed("timed out")) == failed
    assert judged(presence, FetchFailed("timed out")) == (
        PERMIT if "onError" in declared else failed
    )


def test_a_failed_fetch_is_never_an_empty_list() -> None:
    attribute = f"  x: {{type: list<string>, default: [], source: {{{HTTP}}}}}\n"
    operation = an_operation_with(attribute, "!('blocked' in attr.x)")
    assert judged(operation, Fetched({"v": []})) == PERMIT
    assert judged(operation, Fetched({})) == PERMIT
    assert judged(operation, FetchFailed("timed out")) == FAILED


# --- bodies, headers, queries, constants --------------------------------------------------------


def body_of(document: object) -> str:
    return json.dumps(document)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('{"order": {"amount": 7}}', PERMIT),
        ('{"order": {"amount": 8}}', DENY),
        ('{"order": {}}', MISSING),
        ('{"order": {"amount": null}}', MISSING),
        ("[]", MISSING),
        ("", MISSING),
        (None, NO_BODY),
        ('{"order": {"amount": 7}', NO_BODY),
        ('{"order": {"amount": 7}, "order": {"amount": 7}}', NO_BODY),
        ('{"order": {"amount": 7.0}}', WRONG),
        ('{"order": {"amount": 7e0}}', WRONG),
        ('{"order": {"amount": "7"}}', WRONG),
        ('{"order": {"amount": 9223372036854775808}}', WRONG),
    ],
)
def test_a_body_attribute(body: str | None, outcome: tuple[Outcome, Reason]) -> None:
    attribute = '  x: {type: int, source: {body: "$.order.amount"}}\n'
    operation = an_operation_with(attribute, "attr.x == 7")
    assert judged(operation, FetchFailed("never asked"), body=body) == outcome


def test_on_error_stands_in_for_a_failed_body_and_for_nothing_else() -> None:
    attribute = '  x: {type: int, source: {body: "$.amount"}, onError: {value: 7}}\n'
    operation = an_operation_with(attribute, "attr.x == 7")
    assert judged(operation, FetchFailed(""), body=None) == PERMIT
    assert judged(operation, FetchFailed(""), body='{"amount": "x"}') == WRONG
    assert judged(operation, FetchFailed(""), body="{}") == MISSING


def test_a_list_is_selected_whole_or_member_by_member() -> None:
    for path in ("$.tags", "$.items[*].tag", "$..tag"):
        attribute = f'  x: {{type: list<string>, source: {{body: "{path}"}}}}\n'
        operation = an_operation_with(attribute, "'b' in attr.x && size(attr.x) == 2")
        document = {"tags": ["a", "b"], "items": [{"tag": "a"}, {"tag": "b"}]}
        assert judged(operation, FetchFailed(""), body=body_of(document)) == PERMIT
        assert judged(operation, FetchFailed(""), body="{}") == MISSING
        wrong = {"tags": ["a", 1], "items": [{"tag": "a"}, {"tag": 1}]}
        assert judged(operation, FetchFailed(""), body=body_of(wrong)) == WRONG


def test_a_body_too_large_for_its_path_has_failed() -> None:
    attribute = '  x: {type: list<int>, source: {body: "$..*..*..*"}}\n'
    operation = an_operation_with(attribute, "1 in attr.x")
    deep = "[" * 60 + ",".join(["1"] * 300) + "]" * 60
    assert judged(operation, FetchFailed(""), body=deep) == NO_BODY


@pytest.mark.parametrize(
    ("kind", "texts", "outcome"),
    [
        ("int", ["7"], PERMIT),
        ("int", ["8"], DENY),
        ("int", [], MISSING),
        ("int", ["7", "7"], WRONG),
        ("int", ["07"], WRONG),
        ("int", ["+7"], WRONG),
        ("int", ["7.0"], WRONG),
        ("int", ["\u0667"], WRONG),
        ("int", ["99999999999999999999"], WRONG),
        ("int", [""], WRONG),
    ],
)
def test_a_number_in_a_header_or_in_the_query(
    kind: str, texts: list[str], outcome: tuple[Outcome, Reason]
) -> None:
    in_header, in_query = (
        an_operation_with(f"  x: {{type: {kind}, source: {{{source}}}}}\n", "attr.x == 7")
        for source in ("header: x-n", "query: n")
    )
    headers = tuple([("x-n", text) for text in texts])
    query = "?" + "&".join([f"n={text.replace('+', '%2B')}" for text in texts])
    assert judged(in_header, FetchFailed(""), headers=headers) == outcome
    if all(text.isascii() for text in texts):
        assert judged(in_query, FetchFailed(""), query=query) == outcome


@pytest.mark.parametrize(
    ("kind", "text", "when"),
    [
        ("string", "a b", "attr.x == 'a b'"),
        ("bool", "true", "attr.x"),
        ("bool", "false", "!attr.x"),
        ("timestamp", "1970-01-01T00:00:00Z", "attr.x == request.time"),
        ("list<string>", "a", "'a' in attr.x"),
        ("list<int>", "7", "7 in attr.x"),
    ],
)
def test_texts_of_other_types(kind: str, text: str, when: str) -> None:
    operation = an_operation_with(f"  x: {{type: {kind}, source: {{header: x-n}}}}\n", when)
    assert judged(operation, FetchFailed(""), headers=(("x-n", text),)) == PERMIT
    wrong = judged(operation, FetchFailed(""), headers=(("x-n", "?"), ("x-n", "?")))
    assert wrong == (WRONG if kind != "list<string>" else DENY)


def test_a_query_that_cannot_be_read_is_an_error_for_every_parameter() -> None:
    attribute = "  x: {type: int, default: 7, source: {query: n}, onError: {value: 7}}\n"
    operation = an_operation_with(attribute, "attr.x == 7")
    assert judged(operation, FetchFailed("")) == PERMIT
    assert judged(operation, FetchFailed(""), query="?other=%zz") == WRONG


def test_a_constant_never_fails_and_needs_nothing() -> None:
    attribute = "  x: {type: list<int>, source: {constant: [7, 8]}}\n"
    assert judged(an_operation_with(attribute, "7 in attr.x"), FetchFailed("")) == PERMIT


# --- what is asked for --------------------------------------------------------------------------


def test_a_fetch_says_all_that_it_depends_on() -> None:
    attribute = (
        "  x:\n    type: int\n    source:\n      http:\n        service: risk\n"
        "        method: POST\n"
        '        path: "/score/{claims.sub}/{params.id}?limit={LIMIT}&user={user.id}"\n'
        '        headers: {X-Item: "item {params.id}"}\n'
        "        timeout: 150ms\n        cache: 60s\n"
    )
    operation = an_operation_with(attribute, "attr.x == 7", schema="constants: {LIMIT: 10}\n")
    assert needed(operation, values(sub="a/b")) == AttributeFetch(
        "shop.yaml#x",
        HttpCall("risk", "POST", "/score/a%2Fb/7?limit=10&user=alice", (("x-item", "item 7"),)),
        0.15,
        60.0,
    )


def test_a_parameter_of_a_query_keeps_its_type() -> None:
    attribute = (
        "  x: {type: int, source: {sql: {query: limits, parameters: "
        '{user: "{claims.sub}", level: "{attr.level}", on: "{attr.on}", text: "{attr.level}!"}}}}\n'
        "  level: {type: int, source: {constant: 3}}\n"
        "  on: {type: bool, source: {constant: true}}\n"
    )
    fetch = needed(an_operation_with(attribute, "attr.x == 7"), values())
    assert fetch.call == SqlCall(
        "limits",
        (
            ("user", "str", "alice"),
            ("level", "int", 3),
            ("on", "bool", True),
            ("text", "str", "3!"),
        ),
    )


@pytest.mark.parametrize(
    ("sub", "item", "outcome"),
    [
        ("..", "7", WRONG),
        ("a/../b", "7", WRONG),
        ("a\nb", "7", WRONG),
        (None, "7", MISSING),
        ("alice", "..", WRONG),
    ],
)
def test_a_value_that_cannot_be_asked_with_asks_nothing(
    sub: str | None, item: str, outcome: tuple[Outcome, Reason]
) -> None:
    attribute = (
        '  x: {type: int, source: {http: {service: risk, path: "/{claims.sub}/{params.id}"}}, '
        "default: 7, onError: {value: 7}}\n"
    )
    operation = an_operation_with(attribute, "attr.x == 7")
    evaluation = operation.evaluate(values(sub=sub, item=item))
    assert isinstance(evaluation, Evaluation)
    assert (evaluation.outcome, evaluation.reason) == outcome


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([{"v": 7}], PERMIT),
        ([{"v": 8}], DENY),
        ([], MISSING),
        ([{"v": None}], MISSING),
        ([{"v": 7}, {"v": 7}], WRONG),
        ([{"v": 7, "w": 8}], WRONG),
        ([{"v": "7"}], WRONG),
    ],
)
def test_the_one_column_of_the_one_row(rows: list[object], outcome: tuple[Outcome, Reason]) -> None:
    attribute = "  x: {type: int, source: {sql: {query: limits}}}\n"
    assert judged(an_operation_with(attribute, "attr.x == 7"), Fetched(rows)) == outcome


def test_columns_lists_and_paths_of_rows() -> None:
    rows: list[object] = [{"v": 7, "w": "a"}, {"v": 8, "w": "b"}]
    listed = "  x: {type: list<int>, source: {sql: {query: q, column: v}}}\n"
    assert judged(an_operation_with(listed, "8 in attr.x"), Fetched(rows)) == PERMIT
    other = "  x: {type: list<int>, source: {sql: {query: q, column: z}}}\n"
    assert judged(an_operation_with(other, "8 in attr.x"), Fetched(rows)) == WRONG
    selected = '  x: {type: string, source: {sql: {query: q, select: "$[1].w"}}}\n'
    assert judged(an_operation_with(selected, "attr.x == 'b'"), Fetched(rows)) == PERMIT
    whole = (
        "  all: {type: json, source: {sql: {query: q}}}\n"
        '  x: {type: string, source: {attribute: {name: all, select: "$[0].w"}}}\n'
    )
    assert judged(an_operation_with(whole, "attr.x == 'a'"), Fetched(rows)) == PERMIT
    truth = "  x: {type: bool, source: {sql: {query: q}}}\n"
    assert judged(an_operation_with(truth, "attr.x"), Fetched([{"v": 1}])) == PERMIT
    assert judged(an_operation_with(truth, "attr.x"), Fetched([{"v": 0}])) == DENY
    assert judged(an_operation_with(truth, "attr.x"), Fetched([{"v": 2}])) == WRONG


def test_a_value_given_as_such_is_not_selected_from() -> None:
    given = Fetched(7, Origin.GIVEN, is_value=True)
    for source in (HTTP, "sql: {query: limits, column: v}", 'sql: {query: q, select: "$[0].v"}'):
        attribute = f"  x: {{type: int, source: {{{source}}}}}\n"
        assert judged(an_operation_with(attribute, "attr.x == 7"), given) == PERMIT


# --- attributes made of attributes --------------------------------------------------------------

DERIVED = (
    '  profile: {{type: json, {declared}source: {{http: {{service: crm, path: "/p"}}}}}}\n'
    '  x: {{type: int, {own}source: {{attribute: {{name: profile, select: "$.level"}}}}}}\n'
)


@pytest.mark.parametrize(
    ("declared", "own", "answer", "outcome"),
    [
        ("", "", Fetched({"level": 7}), PERMIT),
        ("", "", Fetched({}), MISSING),
        ("", "", Fetched(None), MISSING),
        ("", "default: 7, ", Fetched(None), PERMIT),
        ("", "", Fetched({"level": "7"}), WRONG),
        ("", "", FetchFailed(""), FAILED),
        ("", "default: 7, ", FetchFailed(""), FAILED),
        ("", "onError: {value: 7}, ", FetchFailed(""), PERMIT),
        ("onError: {value: {level: 7}}, ", "", FetchFailed(""), PERMIT),
        ("default: {level: 7}, ", "", Fetched(None), PERMIT),
    ],
)
def test_a_part_of_another_attribute(
    declared: str, own: str, answer: AttributeAnswer, outcome: tuple[Outcome, Reason]
) -> None:
    operation = an_operation_with(DERIVED.format(declared=declared, own=own), "attr.x == 7")
    assert judged(operation, answer) == outcome


def test_what_is_asked_with_a_failed_attribute_has_failed() -> None:
    attribute = (
        '  order: {type: string, source: {http: {service: o, path: "/o", select: "$.id"}}}\n'
        '  x: {type: int, source: {http: {service: p, path: "/{attr.order}", select: "$.v"}}, '
        "onError: {value: 7}}\n"
    )
    operation = an_operation_with(attribute, "attr.x == 7")
    assert judged(operation, FetchFailed("")) == PERMIT
    assert judged(operation, Fetched({})) == MISSING
    assert judged(operation, Fetched({"id": 3})) == WRONG


def test_a_part_of_a_list() -> None:
    attribute = (
        "  tags: {type: list<string>, source: {constant: [a, b]}}\n"
        '  x: {type: string, source: {attribute: {name: tags, select: "$[-1]"}}}\n'
    )
    assert judged(an_operation_with(attribute, "attr.x == 'b'"), FetchFailed("")) == PERMIT


# --- laziness -----------------------------------------------------------------------------------


def test_a_part_passed_over_needs_nothing() -> None:
    attribute = f"  x: {{type: int, source: {{{HTTP}}}}}\n"
    for when in (
        "request.method == 'GET' && attr.x == 7",
        "request.method == 'POST' || attr.x == 7",
        "request.method == 'POST' ? true : attr.x == 7",
    ):
        assert isinstance(an_operation_with(attribute, when).evaluate(values()), Evaluation)


def test_an_attribute_is_asked_for_once_however_often_it_is_read() -> None:
    attribute = f"  x: {{type: int, source: {{{HTTP}}}}}\n"
    operation = an_operation_with(attribute, "attr.x > 3 && attr.x < 9 && has(attr.x)")
    fetch = needed(operation, values())
    evaluation = operation.evaluate(values(answers={fetch: Fetched({"v": 7})}))
    assert isinstance(evaluation, Evaluation)
    assert evaluation.outcome is Outcome.PERMIT


# --- whose names --------------------------------------------------------------------------------


def test_an_imported_attribute_is_read_by_its_alias() -> None:
    library = a_library(f"attributes:\n  score: {{type: int, source: {{{HTTP}}}}}\n"
                        'conditions: {risky: "attr.score >= 70"}\n')  # fmt: skip
    for when in ("!lib.risky", "lib.score < 70"):
        body = "imports: {lib: lib.yaml}\n" + an_operation(f'allow: {{when: "{when}"}}')
        tree = loaded({"shop.yaml": a_service(body), "lib.yaml": library})
        assert not list(tree.diagnostics)
        operation = tree.snapshot.services["shop"].by_id["read"]
        assert needed(operation, values()).attribute == "lib.yaml#score"
        assert judged(operation, Fetched({"v": 3})) == PERMIT
        name = "attr.score" if "risky" in when else "lib.score"
        assert set(operation.reads) == {name, "claims.sub"}


def test_equal_names_of_two_files_are_two_attributes() -> None:
    policy = a_policy(
        "attributes: {x: {type: int, source: {constant: 2}}}\n"
        "combiningAlgorithm: deny-unless-permit\n"
        'rules: [{id: two, effect: permit, when: "attr.x == 2"}]\n'
    )
    body = "attributes: {x: {type: int, source: {constant: 1}}}\n" + an_operation(
        'allow: {when: "attr.x == 1"}\npolicies: [{$ref: two.yaml}]'
    )
    tree = loaded({"shop.yaml": a_service(body), "two.yaml": policy})
    assert judged(tree.snapshot.services["shop"].by_id["read"], FetchFailed("")) == PERMIT


def test_an_attribute_is_checked_in_each_place_of_use() -> None:
    policy = a_policy(
        'attributes: {x: {type: int, source: {http: {service: r, path: "/{params.id}"}}}}\n'
        "combiningAlgorithm: deny-unless-permit\n"
        'rules: [{id: any, effect: permit, when: "attr.x == 2"}]\n'
    )
    body = an_operation("policies: [{$ref: any.yaml}]", path="/items/{id}")
    tree = loaded({"shop.yaml": a_service(body), "any.yaml": policy})
    operation = tree.snapshot.services["shop"].by_id["read"]
    assert needed(operation, values(item="9")).call == HttpCall("r", "GET", "/9")


# --- traces -------------------------------------------------------------------------------------


def seen(operation: CompiledOperation, given: Values) -> str:
    given.trace = []
    operation.evaluate(given)
    return "\n".join([entry.detail for entry in given.trace])


def test_a_trace_shows_the_value_and_where_it_came_from() -> None:
    attribute = f"  x: {{type: int, source: {{{HTTP}}}}}\n"
    operation = an_operation_with(attribute, "attr.x == 7")
    fetch = needed(operation, values())
    document = {"v": 7, "secret": "hunter2"}
    fetched = seen(operation, values(answers={fetch: Fetched(document)}))
    assert "attr.x = 7 (fetched)" in fetched
    assert "hunter2" not in fetched
    cached = Fetched(document, Origin.CACHED)
    assert "attr.x = 7 (from the cache)" in seen(operation, values(answers={fetch: cached}))
    failed = seen(operation, values(answers={fetch: FetchFailed("status 500")}))
    assert "could not be fetched: status 500" in failed


def test_a_trace_shows_no_text_of_a_header_and_no_document() -> None:
    attribute = (
        "  key: {type: string, source: {header: x-key}}\n"
        '  same: {type: string, source: {attribute: {name: key, select: "$"}}}\n'
        '  whole: {type: json, source: {body: "$"}}\n'
    )
    operation = an_operation_with(
        attribute, "attr.key == 'a' || attr.same == 'b' || !has(attr.whole)"
    )
    shown = seen(operation, values(headers=(("x-key", "hunter2"),), body='{"card": "4711"}'))
    assert "attr.key = <text of 7 characters>" in shown
    assert "attr.same = <text of 7 characters>" in shown
    assert "hunter2" not in shown
    assert "4711" not in shown
