"""Bodies of AuthZEN: what is asked, what is taken from the defaults, and what is no question."""

import json

import pytest

from deemster.errors import MalformedCallError
from deemster.gateways.authzen_bodies import read_evaluation, read_evaluations
from deemster.gateways.authzen_questions import (
    AuthzenQuestion,
    Evaluations,
    Semantic,
)
from deemster.model.access import Action, Resource, Subject
from deemster.model.identity import Credential

ALICE: dict[str, object] = {"type": "user", "id": "alice"}
READ: dict[str, object] = {"name": "read"}
RECORD: dict[str, object] = {"type": "record", "id": "record-1"}
WHOLE: dict[str, object] = {"subject": ALICE, "action": READ, "resource": RECORD}


def one(body: object) -> AuthzenQuestion:
    return read_evaluation(json.dumps(body).encode(), max_depth=64)


def several(body: object, most: int = 100) -> AuthzenQuestion | Evaluations:
    return read_evaluations(json.dumps(body).encode(), max_depth=64, most=most)


def batch(body: object) -> Evaluations:
    found = several(body)
    assert isinstance(found, Evaluations)
    return found


def test_a_question_has_its_four_parts_and_their_properties() -> None:
    asked = one(
        {
            "subject": {**ALICE, "properties": {"role": "admin"}},
            "action": {**READ, "properties": {"soft": True}},
            "resource": {**RECORD, "properties": {"status": "active"}},
            "context": {"channel": "web"},
        }
    )
    assert asked.request.subject == Subject("user", "alice", {"role": "admin"})
    assert asked.request.action == Action("read", {"soft": True})
    assert asked.request.resource == Resource("record", "record-1", {"status": "active"})
    assert asked.request.context == {"channel": "web"}
    assert asked.credential is None


def test_what_is_optional_is_empty_and_what_is_unknown_is_ignored() -> None:
    asked = one({**WHOLE, "foo": None, "subject": {**ALICE, "extra": [1]}})
    assert dict(asked.request.subject.properties) == {}
    assert dict(asked.request.context) == {}


def test_a_token_of_the_subject_is_a_credential_and_no_property() -> None:
    subject = {**ALICE, "properties": {"token": "e30.e30.x", "role": "admin"}}
    asked = one({**WHOLE, "subject": subject})
    assert asked.credential == Credential("bearer", "e30.e30.x")
    assert asked.request.subject.properties == {"role": "admin"}
    assert "e30" not in repr(asked)


@pytest.mark.parametrize("token", [None, 1, {}, ["e30"], True])
def test_a_token_of_another_type_is_not_passed_over(token: object) -> None:
    subject = {**ALICE, "properties": {"token": token}}
    with pytest.raises(MalformedCallError, match=r"`subject\.properties\.token` must be a string"):
        one({**WHOLE, "subject": subject})


MALFORMED = [
    ({"action": READ, "resource": RECORD}, "`subject` is missing"),
    ({"subject": ALICE, "resource": RECORD}, "`action` is missing"),
    ({"subject": ALICE, "action": READ}, "`resource` is missing"),
    ({**WHOLE, "subject": "alice"}, "`subject` must be an object, found a string"),
    ({**WHOLE, "subject": None}, "`subject` must be an object, found null"),
    ({**WHOLE, "subject": {"type": "user"}}, "`subject.id` is missing"),
    ({**WHOLE, "subject": {"id": "alice"}}, "`subject.type` is missing"),
    ({**WHOLE, "subject": {**ALICE, "id": ""}}, "`subject.id` must not be empty"),
    ({**WHOLE, "subject": {**ALICE, "id": 7}}, "`subject.id` must be a string, found a number"),
    ({**WHOLE, "subject": {**ALICE, "properties": []}}, "`subject.properties` must be an object"),
    ({**WHOLE, "action": {"name": 3}}, "`action.name` must be a string, found a number"),
    ({**WHOLE, "action": {}}, "`action.name` is missing"),
    ({**WHOLE, "action": {**READ, "properties": None}}, "`action.properties` must be an object"),
    ({**WHOLE, "resource": {"type": "record"}}, "`resource.id` is missing"),
    ({**WHOLE, "resource": {"id": "record-1"}}, "`resource.type` is missing"),
    ({**WHOLE, "context": "web"}, "`context` must be an object"),
    ({**WHOLE, "context": None}, "`context` must be an object"),
    ([], "the body must be an object"),
]


@pytest.mark.parametrize(("body", "why"), MALFORMED)
def test_what_is_missing_or_mistyped_is_told_by_name(body: object, why: str) -> None:
    with pytest.raises(MalformedCallError) as refused:
        one(body)
    assert why in refused.value.message


@pytest.mark.parametrize("body", [WHOLE, {**WHOLE, "evaluations": []}])
def test_without_items_the_body_is_one_question(body: object) -> None:
    assert several(body) == one(WHOLE)


@pytest.mark.parametrize(("body", "why"), MALFORMED[:6])
def test_without_items_the_body_must_be_whole(body: dict[str, object], why: str) -> None:
    with pytest.raises(MalformedCallError) as refused:
        several({**body, "evaluations": []})
    assert why in refused.value.message


def test_an_item_takes_each_default_whole_or_replaces_it_whole() -> None:
    body = {
        "subject": {**ALICE, "properties": {"role": "admin"}},
        "action": READ,
        "context": {"channel": "web", "hour": 9},
        "evaluations": [
            {"resource": RECORD},
            {"resource": {**RECORD, "id": "record-2"}, "subject": {"type": "user", "id": "bob"}},
            {"resource": RECORD, "action": {"name": "write"}, "context": {"hour": 10}},
        ],
    }
    first, second, third = batch(body).questions
    assert isinstance(first, AuthzenQuestion)
    assert isinstance(second, AuthzenQuestion)
    assert isinstance(third, AuthzenQuestion)
    assert first.request.subject == Subject("user", "alice", {"role": "admin"})
    assert second.request.subject == Subject("user", "bob", {})
    assert (second.request.resource.id, second.request.action.name) == ("record-2", "read")
    assert third.request.action == Action("write", {})
    assert (first.request.context, third.request.context) == (body["context"], {"hour": 10})


def test_the_default_subjects_token_goes_with_that_subject_alone() -> None:
    body = {
        **WHOLE,
        "subject": {**ALICE, "properties": {"token": "secret"}},
        "evaluations": [{}, {"subject": {"type": "user", "id": "bob"}}],
    }
    own, other = batch(body).questions
    assert isinstance(own, AuthzenQuestion)
    assert isinstance(other, AuthzenQuestion)
    assert (own.credential, other.credential) == (Credential("bearer", "secret"), None)


def test_a_malformed_item_stands_for_itself_alone() -> None:
    body = {**WHOLE, "evaluations": [{}, {"action": {}}, 7, {"resource": None}, {}]}
    found = batch(body).questions
    told = [item.message if isinstance(item, MalformedCallError) else "" for item in found]
    assert told == [
        "",
        "`action.name` is missing: it must be a string",
        "`evaluations[2]` must be an object, found a number",
        "`resource` must be an object, found null",
        "",
    ]


def test_an_item_whose_default_is_missing_is_malformed() -> None:
    found = batch({"subject": ALICE, "evaluations": [{"action": READ}]}).questions
    assert [str(item) for item in found] == ["`resource` is missing: it must be an object"]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"subject": "alice"}, "`subject` must be an object"),
        ({"action": {}}, "`action.name` is missing"),
        ({"context": []}, "`context` must be an object"),
        ({"evaluations": {}}, "`evaluations` must be an array"),
        ({"evaluations": None}, "`evaluations` must be an array"),
        ({"options": []}, "`options` must be an object"),
        ({"options": {"evaluations_semantic": "any"}}, "must be one of `execute_all`, `deny_on"),
        ({"options": {"evaluations_semantic": None}}, "must be one of `execute_all`"),
        ({"options": {"evaluations_semantic": ["execute_all"]}}, "must be one of"),
    ],
)
def test_what_is_wrong_with_the_whole_is_no_matter_of_an_item(
    members: dict[str, object], why: str
) -> None:
    with pytest.raises(MalformedCallError) as refused:
        several({**WHOLE, "evaluations": [WHOLE], **members})
    assert why in refused.value.message


@pytest.mark.parametrize("word", [None, *[semantic.value for semantic in Semantic]])
def test_the_semantic_is_the_one_that_is_named(word: str | None) -> None:
    options = {"other": 1} if word is None else {"evaluations_semantic": word}
    found = batch({**WHOLE, "evaluations": [{}], "options": options})
    assert found.semantic is Semantic(word or "execute_all")


def test_more_items_than_are_answered_are_refused_together() -> None:
    body = {**WHOLE, "evaluations": [{}] * 3}
    assert isinstance(several(body, most=3), Evaluations)
    with pytest.raises(MalformedCallError, match="`evaluations` has 3 items, more than 2"):
        several(body, most=2)
