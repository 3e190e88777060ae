"""The promises of test_gateway_adapters.py, kept by the one protocol that is not HTTP.

Everything goes through the endpoint, and answers are read as an Envoy reads them that is told to
fail open: what cannot be parsed, too, would open it.
"""

from __future__ import annotations

import json

import anyio
import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.model.decision import Challenge, DeniedReason, Reason, ServiceFacts, Statement
from tests.support.doubles import (
    AlwaysDeny,
    AlwaysPermit,
    FixedDecision,
    KeptRecords,
    a_deny,
    a_permit,
)
from tests.support.ext_authz import Checked, GrpcDesk, a_check_request, check
from tests.support.gateway_calls import SECRET
from tests.support.points import a_point, some_claims
from tests.support.scale import scaled

SHOP = {
    "shop.yaml": """
apiVersion: deemster/v1
kind: ApiService
metadata: {id: shop}
service:
  baseUrls: ["https://api.example.com/shop", "http://api.example.com/shop"]
  tokenProvider: {type: internal, id: idp}
  audience: BizPro Invoices API
operations:
  - id: all
    match: {path: /**}
    allow: authenticated
"""
}


def asked(desk: GrpcDesk, message: bytes | None = None, secret: str | None = SECRET) -> Checked:
    async def ask() -> Checked:
        return await check(desk, message, secret=secret)

    return anyio.run(ask)


def is_well_formed(answer: Checked) -> bool:
    """A permit has its part and no other; a deny its status, its media type and its object."""
    response = answer.response
    if answer.opens:
        return bool(response.HasField("ok_response"))
    return (
        response.HasField("denied_response")
        and 400 <= answer.status < 600
        and answer.denied_fields["content-type"] == "application/json"
        and {"code", "message", "id"} <= set(answer.json)
        and all(value.isascii() and value.isprintable() for value in answer.denied_fields.values())
    )


@pytest.mark.parametrize("reason", Reason)
async def test_a_deny_of_any_reason_is_a_well_formed_deny(reason: Reason) -> None:
    deny = a_deny(reason=reason, challenge=Challenge(realm="https://api.example.com/"))
    answer = await check(GrpcDesk(FixedDecision(deny)))
    assert not answer.opens
    assert is_well_formed(answer)


async def test_a_permit_is_well_formed() -> None:
    answer = await check(GrpcDesk())
    assert answer.opens
    assert is_well_formed(answer)


@pytest.mark.parametrize("code", ["exclude-attributes", "include-attributes", "what-nobody-knows"])
async def test_a_statement_that_it_cannot_carry_out_is_a_deny(code: str) -> None:
    statement = Statement(id="s", code=code, payload=["$.a"], obligatory=True)
    records = KeptRecords()
    desk = GrpcDesk(FixedDecision(a_permit(statements=(statement,))), recorder=records)
    answer = await check(desk)
    assert (answer.opens, answer.json["code"]) == (False, "statement-not-possible")
    assert [one.reason for one in records.decisions] == [Reason.STATEMENT_NOT_POSSIBLE]


async def test_nothing_of_ours_is_taken_from_the_client() -> None:
    """What the upstream is told comes of the decision, whatever the client said."""
    said = {"x-auth-user": "root", "client-token": SECRET, "x-tenant": "root"}
    answer = await check(
        GrpcDesk(FixedDecision(a_permit(subject="alice"))), a_check_request(fields=said)
    )
    assert answer.set_fields == {"x-auth-user": "alice"}
    assert b"root" not in answer.message
    assert SECRET.encode() not in answer.message


ODD_TEXTS = st.text(max_size=20)


@settings(max_examples=scaled(500))
@given(code=ODD_TEXTS, message=ODD_TEXTS, scope=ODD_TEXTS, disclose=st.sampled_from("cnm"))
def test_no_text_of_an_author_breaks_the_answer(
    code: str, message: str, scope: str, disclose: str
) -> None:
    word = {"c": "challenge", "n": "none", "m": "missing"}[disclose]
    decision = a_deny(
        denied_reason=DeniedReason(code, message),
        challenge=Challenge(realm=message, scope=scope),
        service=ServiceFacts("invoices", "https://api.example.com", 403, word),
    )
    answer = asked(GrpcDesk(FixedDecision(decision)))
    assert not answer.opens
    assert is_well_formed(answer)


@settings(max_examples=scaled(2_000))
@given(data=st.data())
def test_garbage_is_never_permitted_and_always_answered(data: st.DataObject) -> None:
    whole = a_check_request()
    message = data.draw(st.one_of(st.binary(max_size=60), bytes_cut(whole)))
    answer = asked(GrpcDesk(AlwaysDeny()), message)
    assert not answer.opens
    assert is_well_formed(answer)
    assert SECRET.encode() not in answer.message


@settings(max_examples=scaled(2_000))
@given(message=st.binary(max_size=200))
def test_bytes_without_structure_are_refused_before_anything_is_decided(message: bytes) -> None:
    point = AlwaysPermit()
    answer = asked(GrpcDesk(point), message)
    assert (answer.opens, answer.status, point.asked) == (False, 400, [])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCHEMES = st.one_of(st.sampled_from(["http", "https", "HTTPS", ""]), TEXTS)
HOSTS = st.one_of(
    st.sampled_from(["api.example.com", "API.example.com:443", "api.example.com/shop", "[::1]"]),
    TEXTS,
)
PATHS = st.one_of(
    st.sampled_from(["/shop", "/shop/items?x=1", "/shop/../shop", "/shop/%2e%2e/", "*", ""]), TEXTS
)
CREDENTIALS = st.one_of(
    st.sampled_from(["Bearer", "Bearer ", "Bearer u", "bearer T", "Basic t", "Bearer t,Bearer u"]),
    TEXTS.filter(lambda text: text.lower() != "bearer t"),
)
NAMES = st.one_of(
    st.sampled_from(["authorization", "Authorization", ":authority", "x-auth-user", "connection"]),
    TEXTS,
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """CheckRequests of any shape, none of which has a credential that is accepted."""
    request = CheckRequest()
    http = request.attributes.request.http
    http.method = draw(st.one_of(st.sampled_from(["GET", "POST", "CONNECT", "get", ""]), TEXTS))
    http.scheme, http.host, http.path = draw(SCHEMES), draw(HOSTS), draw(PATHS)
    http.protocol, http.body = draw(TEXTS), draw(TEXTS)
    http.raw_body = draw(st.binary(max_size=8))
    request.attributes.source.address.socket_address.address = draw(TEXTS)
    for name, value in draw(st.dictionaries(NAMES, CREDENTIALS, max_size=4)).items():
        http.headers[name] = value
    if draw(st.integers(0, 3)) == 0:
        for name, value in draw(st.lists(st.tuples(NAMES, CREDENTIALS), max_size=4)):
            http.header_map.headers.add(key=name, raw_value=value.encode())
    message: bytes = request.SerializeToString()
    return message


@settings(max_examples=scaled(2_000))
@given(message=messages())
def test_nobody_without_a_credential_gets_through_whatever_the_message_is(message: bytes) -> None:
    answer = asked(GrpcDesk(a_point(SHOP, tokens={"t": some_claims()}).point), message)
    assert not answer.opens
    assert is_well_formed(answer)


@settings(max_examples=scaled(500))
@given(message=st.one_of(messages(), st.binary(max_size=60)), secret=st.none() | TEXTS)
def test_no_stranger_gets_through_whatever_would_be_decided(
    message: bytes, secret: str | None
) -> None:
    point = AlwaysPermit()
    answer = asked(GrpcDesk(point), message, secret)
    assert (answer.opens, answer.status, point.asked) == (False, 403, [])


async def test_with_the_credential_the_same_point_does_permit() -> None:
    desk = GrpcDesk(a_point(SHOP, tokens={"t": some_claims()}).point)
    fields = {"authorization": "Bearer t"}
    answer = await check(desk, a_check_request(path="/shop/items", fields=fields))
    assert answer.opens, json.dumps(answer.json)


@st.composite
def bytes_cut(draw: st.DrawFn, whole: bytes) -> bytes:
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 20)))
    return whole[:start] + draw(st.binary(max_size=8)) + whole[end:]
