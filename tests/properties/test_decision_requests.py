"""Decision requests, whatever they hold: no permit without a right, no 5xx, bulk as one by one.

The reference is a few lines that are plainly right: who asks, and who the gateway says asks.
"""

from __future__ import annotations

import json

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.decision_calls import BULK, check_decision_rules, decision_path, judgements
from tests.support.gateway_calls import Desk, Exchange, a_gateway, post
from tests.support.points import FakeUsers, a_point, some_claims
from tests.support.scale import scaled

pytestmark = pytest.mark.slow

TREE = {
    "shop.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: shop
operations:
  - {id: staff, match: {path: /**}, allow: {groups: {any: [staff]}}}
"""
}
USERS = FakeUsers({"alice": {"groups": ["staff"]}, "bob": {"groups": []}})
TOKENS = {"of-alice": some_claims(), "of-bob": some_claims("bob")}
URL = "https://api.example.com/shop/orders"


def a_desk(*, names: bool) -> Desk:
    point = a_point(TREE, tokens=TOKENS, users=USERS)
    return Desk(point.point, gateway=a_gateway(may_name_subjects=names))


def asked(desk: Desk, body: object, *, bulk: bool = False) -> Exchange:
    async def ask() -> Exchange:
        content = json.dumps(body).encode()
        headers = [BULK] if bulk else []
        return await post(desk, content, path=decision_path("shop"), headers=headers)

    answer = anyio.run(ask)
    assert answer.status < 500
    assert check_decision_rules(answer) == []
    return answer


USER = st.sampled_from([None, "alice", "bob", "mallory", "Alice", " alice", "a" * 300])
TOKEN = st.sampled_from([None, "of-alice", "of-bob", "stolen", "of-alice ", "Bearer of-alice", ""])


@st.composite
def requests(draw: st.DrawFn) -> tuple[dict[str, object], bool, bool]:
    """A well-formed request; whether it may be permitted if subjects may be named, and if not."""
    user, token = draw(USER), draw(TOKEN)
    in_header = draw(st.booleans())
    parameters: dict[str, object] = {
        "request.method": draw(st.sampled_from(["GET", "POST", "PURGE"])),
        "request.url": URL,
        "request.headers": {},
    }
    if token is not None and in_header:
        name = draw(st.sampled_from(["authorization", "Authorization", "AUTHORIZATION"]))
        parameters["request.headers"] = {name: f"Bearer {token}"}
    elif token:
        parameters["accessToken"] = token
    else:
        token = None
    body: dict[str, object] = {"parameters": parameters}
    if user is not None:
        body["userContext"] = {"user": {"id": user}}
    holder = {"of-alice": "alice", "of-bob": "bob"}.get(token or "")
    if user is None:
        return body, holder == "alice", holder == "alice"
    return body, user == "alice" and (token is None or holder == "alice"), False


@settings(max_examples=scaled(3_000), deadline=None)
@given(request=requests())
def test_who_may_is_who_has_the_token_or_is_named_by_a_gateway_that_may(
    request: tuple[dict[str, object], bool, bool],
) -> None:
    body, if_named, if_not = request
    for names, expected in ((True, if_named), (False, if_not)):
        answer = asked(a_desk(names=names), body)
        assert (judgements(answer) == ["PERMIT"]) is expected


@settings(max_examples=scaled(500), deadline=None)
@given(several=st.lists(requests(), min_size=1, max_size=8), names=st.booleans())
def test_several_at_once_are_answered_as_one_by_one(
    several: list[tuple[dict[str, object], bool, bool]], names: bool
) -> None:
    bodies = [body for body, _, _ in several]
    alone = [judgements(asked(a_desk(names=names), body))[0] for body in bodies]
    together = asked(a_desk(names=names), {"decisionRequests": bodies}, bulk=True)
    assert judgements(together) == alone


@settings(max_examples=scaled(500), deadline=None)
@given(shared=requests(), own=st.lists(requests(), min_size=1, max_size=4), names=st.booleans())
def test_what_is_shared_counts_only_where_a_question_does_not_say_so_itself(
    shared: tuple[dict[str, object], bool, bool],
    own: list[tuple[dict[str, object], bool, bool]],
    names: bool,
) -> None:
    bodies = [body for body, _, _ in own]
    merged = []
    for body in bodies:
        told, said = shared[0]["parameters"], body["parameters"]
        assert isinstance(told, dict)
        assert isinstance(said, dict)
        merged.append({**shared[0], **body, "parameters": {**told, **said}})
    alone = [judgements(asked(a_desk(names=names), body))[0] for body in merged]
    together = asked(a_desk(names=names), {**shared[0], "decisionRequests": bodies}, bulk=True)
    assert judgements(together) == alone


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=6,
)
NAMES = st.one_of(
    st.sampled_from(
        [
            *("request.method", "request.url", "request.headers", "request.body", "request.ip"),
            *("claims", "accessToken", "subject.type", "subject.properties", "action.name"),
            *("resource.type", "resource.id", "resource.properties", "context", "context.a.b"),
            *("request.headers.authorization", "request.headers.connection"),
        ]
    ),
    st.text(max_size=6),
)
VALUES = st.one_of(
    JSON, st.sampled_from(["GET", URL, "route", "uri", "/orders", "Bearer stolen", "stolen"])
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "parameters": st.one_of(st.dictionaries(NAMES, VALUES, max_size=6), JSON),
        "userContext": st.one_of(st.just({"user": {"id": "alice"}}), JSON),
        "decisionRequests": JSON,
        "x": JSON,
    },
)
BULKS = st.fixed_dictionaries(
    {"decisionRequests": st.lists(MEMBERS, max_size=4)},
    optional={"parameters": st.dictionaries(NAMES, VALUES, max_size=6), "userContext": JSON},
)


@settings(max_examples=scaled(10_000), deadline=None)
@given(body=st.one_of(MEMBERS, BULKS), bulk=st.booleans())
def test_without_a_token_and_without_a_right_to_name_anybody_nothing_is_permitted(
    body: dict[str, object], bulk: bool
) -> None:
    assert "PERMIT" not in judgements(asked(a_desk(names=False), body, bulk=bulk))
