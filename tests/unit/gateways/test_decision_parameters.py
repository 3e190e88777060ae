"""Parameters by the names under which policies read them: a call, or a question; never both."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import MalformedMemberError
from deemster.gateways.decision_parameters import AskedDecision, read_parameters
from deemster.model.access import Subject
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from tests.support.scale import scaled

CALL: dict[str, object] = {
    "request.method": "POST",
    "request.url": "https://api.example.com/shop/orders?x=1",
    "request.headers": {},
}
QUESTION: dict[str, object] = {
    "resource.type": "order",
    "resource.id": "4711",
    "action.name": "cancel",
}


def read(parameters: dict[str, object], user: str | None = None) -> AskedDecision:
    return read_parameters(parameters, user, place="parameters", max_depth=8, call_id="c-1")


def refused(parameters: dict[str, object], user: str | None = None) -> tuple[str, str]:
    """Where and why."""
    with pytest.raises(MalformedMemberError) as caught:
        read(parameters, user)
    return caught.value.target, caught.value.message


def test_a_call_is_what_its_parameters_say() -> None:
    asked = read(
        CALL
        | {
            "request.headers": {"Accept": "text/html", "X-Two": ["a", "b"]},
            "request.headers.X-Tenant": "blue",
            "request.body": '{"a": 1}',
            "request.ip": "203.0.113.7",
        }
    )
    call = asked.call
    assert (call.method, call.url) == ("POST", "https://api.example.com/shop/orders?x=1")
    assert call.headers.pairs == (
        ("accept", "text/html"),
        ("x-two", "a"),
        ("x-two", "b"),
        ("x-tenant", "blue"),
    )
    assert (call.body, call.client_ip) == ('{"a": 1}', "203.0.113.7")
    assert (call.gateway_request_id, call.refusal) == ("c-1", None)
    assert (asked.access, asked.credential) == (None, None)


def test_header_fields_are_told_even_where_there_are_none() -> None:
    target, message = refused({name: CALL[name] for name in ("request.method", "request.url")})
    assert target == "parameters.request.headers"
    assert "`{}` if it has none" in message


def test_a_token_becomes_the_authorization_of_the_call() -> None:
    asked = read(CALL | {"accessToken": "a.b.c"})
    assert asked.call.headers.get_all("authorization") == ("Bearer a.b.c",)


def test_a_token_beside_an_authorization_header_makes_two_credentials() -> None:
    asked = read(
        CALL | {"accessToken": "a.b.c", "request.headers": {"Authorization": "Bearer d.e.f"}}
    )
    assert len(asked.call.headers.get_all("authorization")) == 2


def test_a_structured_body_is_json_and_says_so_unless_the_call_says_otherwise() -> None:
    call = read(CALL | {"request.body": {"amount": 250}}).call
    assert call.body == '{"amount":250}'
    assert call.headers.get_all("content-type") == ("application/json",)
    call = read(
        CALL | {"request.body": [1], "request.headers": {"Content-Type": "application/x+json"}}
    ).call
    assert call.headers.get_all("content-type") == ("application/x+json",)


def test_claims_are_asserted_with_a_call_alone() -> None:
    assert read(CALL | {"claims": {"sub": "alice"}}).call.asserted_claims == {"sub": "alice"}
    assert read(CALL | {"claims": '{"sub":"alice"}'}).call.asserted_claims == {"sub": "alice"}
    assert refused(CALL | {"claims": {"sub": "alice"}}, "bob")[0] == "parameters.claims"
    assert refused(QUESTION | {"claims": {"sub": "alice"}})[0] == "parameters"


def test_a_connection_field_that_hides_others_is_refused_as_on_the_sideband() -> None:
    call = read(CALL | {"request.headers.Connection": "authorization"}).call
    assert call.refusal is Reason.RESERVED_HEADER


def test_a_call_of_a_named_user_is_a_question_about_its_url() -> None:
    asked = read(CALL, "alice")
    assert asked.of_call
    assert asked.access is not None
    assert asked.access.subject == Subject("user", "alice")
    assert (asked.access.action.name, asked.access.resource.type) == ("POST", "uri")
    assert asked.access.resource.id == CALL["request.url"]


def test_a_question_is_what_its_parameters_say() -> None:
    asked = read(
        QUESTION
        | {
            "subject.type": "employee",
            "subject.properties.team": "blue",
            "action.properties": {"force": True},
            "resource.properties": '{"total": 250}',
            "resource.properties.owner.id": "bob",
            "resource.properties.owner.team": ["red"],
            "context.channel": "web",
            "accessToken": "a.b.c",
        },
        "alice",
    )
    access = asked.access
    assert access is not None
    assert access.subject == Subject("employee", "alice", {"team": "blue"})
    assert (access.action.name, access.action.properties) == ("cancel", {"force": True})
    assert access.resource.properties == {"total": 250, "owner": {"id": "bob", "team": ["red"]}}
    assert access.context == {"channel": "web"}
    assert asked.credential == Credential("bearer", "a.b.c")
    assert not asked.of_call


def test_text_stays_text_and_a_number_a_number() -> None:
    access = read(QUESTION | {"context.a": "250", "context.b": 250, "context.c": None}).access
    assert access is not None
    assert access.context == {"a": "250", "b": 250, "c": None}


def test_what_is_sent_as_one_value_is_never_added_to() -> None:
    whole = {"owner": {"id": "bob"}}
    target, message = refused(
        QUESTION | {"resource.properties": whole, "resource.properties.owner.team": "red"}
    )
    assert (target, "twice" in message) == ("parameters.resource.properties.owner.team", True)
    assert whole == {"owner": {"id": "bob"}}


@pytest.mark.parametrize(
    ("more", "target"),
    [
        ({"request.uri": "/"}, "request.uri"),
        ({"Request.method": "GET"}, "Request.method"),
        ({"subject.id": "alice"}, "subject.id"),
        ({"amount": "990"}, "amount"),
        ({"": "x"}, ""),
        ({"action.name": "pay"}, ""),
        ({"request.method": 1}, "request.method"),
        ({"request.method": "G T"}, "request.method"),
        ({"request.method": ""}, "request.method"),
        ({"request.url": None}, "request.url"),
        ({"request.headers": [{"a": "b"}]}, "request.headers"),
        ({"request.headers": "{"}, "request.headers"),
        ({"request.headers": '{"a":"1","a":"2"}'}, "request.headers"),
        ({"request.headers": {"a": 1}}, "request.headers"),
        ({"request.headers": {"a": [["b"]]}}, "request.headers"),
        ({"request.headers": {"a b": "c"}}, "request.headers"),
        ({"request.headers": {"a": "b\r\nc: d"}}, "request.headers"),
        ({"request.headers": {"A": "1", "a": "2"}}, "request.headers"),
        ({"request.headers.": "x"}, "request.headers."),
        ({"request.body": 5}, "request.body"),
        ({"request.body": None}, "request.body"),
        ({"request.ip": 7}, "request.ip"),
        ({"claims": []}, "claims"),
        ({"accessToken": ""}, "accessToken"),
        ({"accessToken": ["a"]}, "accessToken"),
    ],
)
def test_a_call_that_is_none_is_refused_by_the_name_of_its_parameter(
    more: dict[str, object], target: str
) -> None:
    assert refused(CALL | more)[0] == f"parameters.{target}".removesuffix("." * (not target))


@pytest.mark.parametrize(
    ("more", "target"),
    [
        ({"resource.type": ...}, "resource.type"),
        ({"resource.id": ""}, "resource.id"),
        ({"action.name": 3}, "action.name"),
        ({"resource.kind": "x"}, "resource.kind"),
        ({"context": []}, "context"),
        ({"context": "[]"}, "context"),
        ({"context": '{"a":1,"a":2}'}, "context"),
        ({"context.": 1}, "context."),
        ({"context.a..b": 1}, "context.a..b"),
        ({"contexts.a": 1}, "contexts.a"),
        ({"context.a": 1, "context.a.b": 2}, "context.a.b"),
        ({"context.a.b": 1, "context.a": 2}, "context.a"),
        ({"context.a": 1, "context": {"a": 2}}, "context"),
        ({"context." + "a." * 8 + "b": 1}, "context.a.a.a.a.a.a.a.a.b"),
        ({"subject.properties.token": "a.b.c"}, "subject.properties.token"),
        ({"subject.properties": {"token": "a.b.c"}}, "subject.properties.token"),
    ],
)
def test_a_question_that_is_none_is_refused_by_the_name_of_its_parameter(
    more: dict[str, object], target: str
) -> None:
    said = {name: value for name, value in (QUESTION | more).items() if value is not ...}
    assert refused(said)[0] == f"parameters.{target}"


def test_nothing_at_all_is_a_call_without_a_method() -> None:
    assert refused({})[0] == "parameters.request.method"


def test_a_name_that_a_stranger_chose_is_shown_short_and_printable() -> None:
    target, message = refused({"x\n\u202e" + "y" * 1000: "1"})
    assert target == "parameters.x??" + "y" * 61 + "…"
    assert len(message) < 300


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=6,
)
NAMES = st.one_of(
    st.sampled_from([*CALL, *QUESTION, "context", "request.body", "claims", "accessToken"]),
    st.builds(
        "{}.{}".format,
        st.sampled_from(["context", "resource.properties", "request.headers", "request"]),
        st.text(alphabet="ab.", max_size=5),
    ),
    st.text(max_size=8),
)


@settings(max_examples=scaled(5_000))
@given(parameters=st.dictionaries(NAMES, VALUES, max_size=8), user=st.none() | st.text(min_size=1))
def test_whatever_parameters_hold_they_are_read_or_refused_and_left_as_they_were(
    parameters: dict[str, object], user: str | None
) -> None:
    before = json.dumps(parameters)
    try:
        asked = read(parameters, user)
    except MalformedMemberError:
        asked = None
    # A user who is named is never forgotten, and nobody is a user who is not.
    assert asked is None or asked.access is not None or user is None
    assert json.dumps(parameters) == before
