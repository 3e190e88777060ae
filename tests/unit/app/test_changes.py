"""Statements are carried out on a message, or it is said that they cannot be."""

import json

import pytest

from deemster.app.changes import StatementChanges
from deemster.errors import CannotCarryOutError
from deemster.model.decision import Statement
from deemster.model.http import ApiCall, ApiResponse, Headers, Phase
from tests.support.points import a_call

CHANGES = StatementChanges()


def excluded(path: str) -> list[Statement]:
    return [Statement(id="s", code="exclude-attributes", payload=[path], obligatory=True)]


def answered(body: str | None, media_type: str = "application/json", status: int = 200) -> ApiCall:
    headers = Headers((("content-type", media_type),))
    return a_call(phase=Phase.RESPONSE, response=ApiResponse(status, headers, body))


def test_members_of_an_answers_body_are_left_out() -> None:
    call = answered('{"a": 1, "iban": "x"}')
    assert CHANGES.answer_body(call, excluded("$.iban")) == '{"a":1}'


@pytest.mark.parametrize("path", ["$.none", "$..none"])
def test_a_body_without_what_is_left_out_stays_to_the_letter(path: str) -> None:
    assert CHANGES.answer_body(answered('{"a": 1.10}'), excluded(path)) is None


def test_numbers_of_any_size_and_letters_of_any_script_survive() -> None:
    body = '{"n":123456789012345678901234567890,"s":"\u00e4\u2028","iban":1}'
    changed = CHANGES.answer_body(answered(body), excluded("$.iban"))
    assert changed is not None
    assert json.loads(changed) == {"n": 123456789012345678901234567890, "s": "\u00e4\u2028"}


@pytest.mark.parametrize("body", ["no JSON", '{"a": 1, "a": 2}', '"\ud800"', "NaN", None])
def test_a_body_that_is_not_whole_strict_json_cannot_be_changed(body: str | None) -> None:
    with pytest.raises(CannotCarryOutError):
        CHANGES.answer_body(answered(body), excluded("$.iban"))


def test_a_body_of_another_media_type_cannot_be_changed() -> None:
    with pytest.raises(CannotCarryOutError):
        CHANGES.answer_body(answered('{"iban": 1}', "text/plain"), excluded("$.iban"))


@pytest.mark.parametrize(("body", "status"), [("", 200), (None, 204), (None, 304)])
def test_where_there_is_no_body_nothing_is_to_be_left_out(body: str | None, status: int) -> None:
    assert CHANGES.answer_body(answered(body, status=status), excluded("$.iban")) is None


def test_what_is_not_obligatory_is_left_out_where_it_cannot_be_done() -> None:
    advice = [Statement(id="s", code="exclude-attributes", payload=["$.iban"])]
    assert CHANGES.answer_body(answered("no JSON"), advice) is None
    two = [
        Statement(id="a", code="modify-attributes", payload={"$.a": 1}, obligatory=True),
        Statement(id="b", code="modify-attributes", payload={"$..a": 2}),
    ]
    assert CHANGES.answer_body(answered('{"a": 0}'), two) == '{"a":1}'
    with pytest.raises(CannotCarryOutError):
        CHANGES.answer_body(answered("no JSON"), two)


def test_header_fields_and_query_are_set_and_removed() -> None:
    fields = [Statement(id="f", code="modify-headers", payload={"X-A": "1", "x-b": None})]
    query = [Statement(id="q", code="modify-query", payload={"a": "2"})]
    assert CHANGES.fields((("x-b", "old"),), fields) == (("x-a", "1"),)
    assert CHANGES.query("a=1&b=3", query) == "b=3&a=2"
