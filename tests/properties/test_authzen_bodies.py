"""Drawn bodies of AuthZEN: no 5xx, no permit by accident, and several are what each is alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import MalformedCallError
from deemster.gateways.authzen_bodies import read_evaluation, read_evaluations
from deemster.gateways.authzen_metadata import EVALUATION_PATH, EVALUATIONS_PATH
from deemster.gateways.authzen_questions import (
    read_evaluation_strictly,
    read_evaluations_strictly,
)
from tests.support.gateway_calls import SECRET, Desk, Exchange, a_gateway, post
from tests.support.points import FakeUsers, a_point, some_claims
from tests.support.scale import scaled

TREE = {
    "records.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: records}
service:
  tokenProvider: {type: internal, id: idp}
  audience: records
schema:
  subject: {role: {type: string, optional: true}}
  resource: {status: {type: string, default: active}}
  context: {hour: {type: int, default: 12}}
conditions: {is_active: "resource.properties.status == 'active'"}
operations:
  - id: read
    match: {resourceType: record, actions: [read]}
    allow: authenticated
  - id: write
    match: {resourceType: record, actions: [write]}
    allow:
      when: "user.id == 'alice' && is_active && context.hour < 20"
"""
}
POINT = a_point(TREE, tokens={"t": some_claims()}, users=FakeUsers({"alice": {}, "bob": {}}))
DESK = Desk(POINT.point, gateway=a_gateway(may_name_subjects=True))

NAMES = st.sampled_from(
    ["subject", "action", "resource", "context", "type", "id", "name", "properties", "token",
     "role", "status", "hour", "evaluations", "options", "evaluations_semantic", "decision", "foo"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["alice", "bob", "eve", "user", "record", "route", "uri", "read", "write", "active", "archived",
     "t", "", "https://a.test/", "execute_all", "deny_on_first_deny", "\u0000", "\u202e"]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def entities(draw: st.DrawFn) -> dict[str, Any]:
    """Nearly always whole; which subject, action, resource and context is drawn."""
    subject: dict[str, Any] = {"type": "user", "id": draw(st.sampled_from(["alice", "bob", "eve"]))}
    token = draw(st.sampled_from([None, None, "t", "x"]))
    if token is not None:
        subject["properties"] = {"token": token}
    resource: dict[str, Any] = {"type": "record", "id": draw(st.sampled_from(["1", "2"]))}
    status = draw(st.sampled_from([None, "active", "archived", 7]))
    if status is not None:
        resource["properties"] = {"status": status}
    body = {
        "subject": subject,
        "action": {"name": draw(st.sampled_from(["read", "write", "fly"]))},
        "resource": resource,
        "context": draw(st.sampled_from([{}, {"hour": 9}, {"hour": 21}, {"hour": "9"}])),
    }
    if draw(st.integers(0, 9)) == 0:
        del body[draw(st.sampled_from(sorted(body)))]
    return body


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:  # noqa: ANN401  (JSON)
    """With one value somewhere below replaced, added or taken away."""
    whole = copy.deepcopy(value)
    place = whole
    while isinstance(place, dict) and place:
        name = draw(st.sampled_from(sorted(place)))
        below = place[name]
        if not isinstance(below, dict) or not below or draw(st.booleans()):
            how = draw(st.integers(0, 2))
            if how == 0:
                del place[name]
            elif how == 1:
                place[name] = draw(VALUES)
            else:
                place[draw(NAMES)] = draw(VALUES)
            break
        place = below
    return whole


def asked(body: object, path: str, secret: str | None = SECRET) -> Exchange:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def exchange() -> Exchange:
        return await post(DESK, content, path=path, secret=secret)

    return anyio.run(exchange)


def may(question: Any) -> bool:  # noqa: ANN401  (JSON)
    """A second opinion, on JSON values: whether this may be permitted at all."""
    subject, resource = question["subject"], question["resource"]
    if subject["type"] == "" or subject["id"] not in ("alice", "bob") or not resource["id"]:
        return False
    token = subject.get("properties", {}).get("token", ...)
    if token is not ... and (token != "t" or subject["id"] != "alice"):
        return False
    if resource["type"] != "record":
        return False
    if question["action"]["name"] == "read":
        return True
    status = resource.get("properties", {}).get("status", "active")
    hour = question.get("context", {}).get("hour", 12)
    return (
        question["action"]["name"] == "write"
        and subject["id"] == "alice"
        and status == "active"
        and isinstance(hour, int | float)
        and not isinstance(hour, bool)
        and hour < 20
    )


@settings(max_examples=scaled(5_000))
@given(data=st.data())
def test_nothing_is_permitted_that_a_second_reader_would_not(data: st.DataObject) -> None:
    body = data.draw(entities())
    for _ in range(data.draw(st.integers(0, 2))):
        body = data.draw(changed(body))
    answer = asked(body, EVALUATION_PATH)
    assert answer.status in (200, 400), answer
    if answer.status == 200 and answer.json["decision"] is True:
        assert may(body), body
    if answer.status == 200 and answer.json["decision"] is False:
        context = answer.json["context"]
        assert isinstance(context, dict)
        # Where nothing is in error the two agree.
        if context["reason"] in ("policy-denied", "user-unknown", "no-rule"):
            assert not may(body), body


@settings(max_examples=scaled(3_000))
@given(data=st.data())
def test_several_questions_get_the_answers_that_each_would_get_alone(data: st.DataObject) -> None:
    defaults = data.draw(st.one_of(st.just({}), entities()))
    items = data.draw(st.lists(st.one_of(entities(), st.just({})), min_size=1, max_size=5))
    items = [
        data.draw(changed(item)) if data.draw(st.integers(0, 4)) == 0 else item for item in items
    ]
    semantic = data.draw(
        st.sampled_from(["execute_all", "deny_on_first_deny", "permit_on_first_permit"])
    )
    options = {"evaluations_semantic": semantic}
    body = {**defaults, "evaluations": items, "options": options}
    answer = asked(body, EVALUATIONS_PATH)
    if answer.status == 400:
        # One integer that readers differ about spoils the whole body, wherever it stands.
        assert "64 bits" in str(answer.json["message"])
        return
    assert answer.status == 200, answer
    evaluations = answer.json["evaluations"]
    assert isinstance(evaluations, list)
    alone = [decided({**defaults, **item}) for item in items]
    ends = {"execute_all": None, "deny_on_first_deny": False, "permit_on_first_permit": True}
    end = ends[semantic]
    if end is not None and end in alone:
        alone = alone[: alone.index(end) + 1]
    assert [one["decision"] for one in evaluations] == alone


def decided(question: object) -> bool:
    answer = asked(question, EVALUATION_PATH)
    return answer.status == 200 and answer.json["decision"] is True


@settings(max_examples=scaled(3_000))
@given(
    body=st.one_of(VALUES, entities()),
    path=st.sampled_from([EVALUATION_PATH, EVALUATIONS_PATH]),
    secret=st.one_of(st.none(), st.text(st.characters(max_codepoint=255), max_size=60)),
)
def test_without_a_valid_secret_there_is_no_decision(
    body: object, path: str, secret: str | None
) -> None:
    before = len(POINT.provider.asked)
    answer = asked(body, path, secret)
    assert answer.status == 401
    assert b"decision" not in answer.body
    assert len(POINT.provider.asked) == before


@settings(max_examples=scaled(3_000))
@given(data=st.data(), path=st.sampled_from([EVALUATION_PATH, EVALUATIONS_PATH]))
def test_bytes_changed_anywhere_are_refused_or_read_as_they_stand(
    data: st.DataObject, path: str
) -> None:
    whole = json.dumps(data.draw(entities())).encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 12)))
    odd = data.draw(
        st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b"\\u0074", b"NaN", b"1e999"]))
    )
    body = whole[:start] + odd + whole[end:]
    answer = asked(body, path)
    assert answer.status in (200, 400)
    if answer.status == 200 and answer.json.get("decision") is True:
        assert may(json.loads(body)), body


@settings(max_examples=scaled(10_000))
@given(data=st.data(), depth=st.integers(1, 8))
def test_the_fast_reader_reads_what_the_strict_one_reads_and_nothing_else(
    data: st.DataObject, depth: int
) -> None:
    items = data.draw(st.lists(entities(), max_size=3))
    whole = {**data.draw(entities()), **({"evaluations": items} if items else {})}
    for _ in range(data.draw(st.integers(0, 2))):
        whole = data.draw(changed(whole))
    body = (
        data.draw(st.sampled_from([" ", ""]))
        .join(json.dumps(whole, separators=(",", ":")).partition(","))
        .encode()
    )
    if data.draw(st.booleans()):
        # A second member of a name that is there, a colon where it counts, or anything else.
        odd = st.sampled_from(
            [b'"id":"eve",', b'"subject":{},', b":", b"\\u003a", b'"properties":{},', b'{"a":1},']
        )
        at = data.draw(st.sampled_from([place + 1 for place in _places(body)]))
        body = body[:at] + data.draw(odd) + body[at:]
    assert _read(read_evaluation, body, max_depth=depth) == _read(
        read_evaluation_strictly, body, max_depth=depth
    )
    assert _read(read_evaluations, body, max_depth=depth, most=2) == _read(
        read_evaluations_strictly, body, max_depth=depth, most=2
    )


def _places(body: bytes) -> list[int]:
    return [at for at, octet in enumerate(body) if octet in b'{",']


def _read(reader: Any, body: bytes, **limits: int) -> object:  # noqa: ANN401
    try:
        return _comparable(reader(body, **limits))
    except MalformedCallError as error:
        return error.message


def _comparable(found: Any) -> object:  # noqa: ANN401
    """Errors in place of items compare by what they say, mappings by what they hold."""
    if isinstance(found, MalformedCallError):
        return found.message
    if isinstance(found, tuple):
        return tuple([_comparable(part) for part in found])
    return dict(found) if isinstance(found, Mapping) else found


@settings(max_examples=scaled(500))
@given(token=st.text(max_size=40).filter(lambda token: token != "t"))
def test_no_other_token_than_a_good_one_permits(token: str) -> None:
    subject = {"type": "user", "id": "alice", "properties": {"token": token}}
    question = {
        "subject": subject,
        "action": {"name": "read"},
        "resource": {"type": "record", "id": "1"},
    }
    # A lone surrogate is no text: then it is no question either.
    assert decided(question) is False
    assert decided({**question, "subject": {**subject, "properties": {"token": "t"}}}) is True
