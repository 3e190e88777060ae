"""What every gateway protocol promises, whatever its wire: one suite for all adapters.

A protocol joins by an entry in PROTOCOLS. Everything goes through the endpoint, as a gateway's
call does.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.gateways.answers import REFUSALS
from deemster.gateways.authzen_metadata import EVALUATION_PATH, EVALUATIONS_PATH
from deemster.gateways.forward_auth import forward_auth_path
from deemster.gateways.forward_auth_profiles import PROFILES
from deemster.model.decision import Challenge, DeniedReason, Reason, ServiceFacts, Statement
from tests.support.authzen_calls import a_batch
from tests.support.authzen_calls import a_question as an_authzen_question
from tests.support.decision_calls import (
    BULK,
    a_bulk_request,
    a_decision_request,
    a_question,
    check_decision_rules,
    decision_path,
    judgements,
)
from tests.support.doubles import (
    AlwaysDeny,
    AlwaysPermit,
    Broken,
    FixedDecision,
    KeptRecords,
    a_deny,
    a_permit,
)
from tests.support.ext_authz_http import ASKED, CHECK_FIELDS, broken_rules
from tests.support.forward_auth_calls import fields_of
from tests.support.forward_auth_rules import check_forward_auth_rules
from tests.support.gateway_calls import (
    REQUEST_PATH,
    RESPONSE_PATH,
    SECRET,
    Desk,
    Exchange,
    a_gateway,
    a_request_leg,
    a_response_leg,
    post,
)
from tests.support.scale import scaled
from tests.support.sideband_rules import check_sideband_rules

CAPTURES = Path(__file__).parent.parent / "golden" / "captures"


@dataclass(frozen=True)
class WireProtocol:
    """How the suite speaks one endpoint of a protocol.

    `permits` tells whether an answer opens the gateway; `well_formed` what of it would break a
    real client, given the call's body. `decided` is false where nothing is decided, `unavailable`
    holds the reasons that are told by a 503 of our own. `stranger` is the code that a caller
    without a right secret is told, with the status `unknown`. `fields` are the call's header
    fields, which say everything where `call` is None: such a protocol has no body. `carries_out`
    holds codes of statements, `desk` makes the endpoint.
    """

    path: str
    call: Callable[[], dict[str, object]] | None
    permits: Callable[[Exchange], bool]
    well_formed: Callable[[bytes, Exchange], list[str]]
    decided: bool = True
    unavailable: Collection[Reason] = ()
    stranger: str = "gateway-unauthenticated"
    fields: tuple[tuple[bytes, bytes], ...] = ()
    desk: Callable[..., Desk] = Desk
    method: str = "POST"
    unknown: int = 401
    carries_out: Collection[str] = ()

    def body(self) -> bytes:
        """A good call's."""
        return b"" if self.call is None else json.dumps(self.call()).encode()

    async def ask(self, desk: Desk, body: bytes, secret: str | None = SECRET) -> Exchange:
        """One exchange."""
        return await post(
            desk,
            body,
            path=self.path,
            method=self.method,
            secret=secret,
            headers=self.fields,
        )

    def may_deny_by(self, status: int, reason: Reason) -> bool:
        """A 5xx must never open a gateway that fails open."""
        return status < 500 or (status == 503 and reason in self.unavailable)


def sideband_permits(answer: Exchange) -> bool:
    # Kong's own reading: a truthy `response` is a deny, a status of 400 and more is an error.
    return answer.status < 400 and "response" not in answer.json


def sideband_rules(body: bytes, answer: Exchange) -> list[str]:
    headers = [(name.decode(), value.decode()) for name, value in answer.headers]
    return check_sideband_rules(body, answer.status, headers, answer.body)


def authzen_permits(answer: Exchange) -> bool:
    """A status of 400 and more is never a decision; anything but `true` is no permit."""
    if answer.status != 200:
        return False
    answers = answer.json.get("evaluations", [answer.json])
    assert isinstance(answers, list)
    return any(one["decision"] is True for one in answers)


def authzen_rules(_: bytes, answer: Exchange) -> list[str]:
    """Section 5.5 and 7.2 of the specification; every error is an object, too."""
    assert answer.header("content-type") == "application/json"
    if answer.status >= 400:
        return [] if set(answer.json) == {"code", "message", "id"} else ["not our error"]
    answers = answer.json.get("evaluations", [answer.json])
    assert isinstance(answers, list)
    return [
        f"{one} is no decision"
        for one in answers
        if not isinstance(one["decision"], bool)
        or not isinstance(one["context"], dict)
        or set(one) != {"decision", "context"}
    ]


def decision_endpoint_permits(answer: Exchange) -> bool:
    return "PERMIT" in judgements(answer)


def decision_endpoint_rules(_body: bytes, answer: Exchange) -> list[str]:
    return check_decision_rules(answer)


def answer_passes(answer: Exchange) -> bool:
    # A deny is never to be kept by anybody; what an upstream answers here says nothing of that.
    return answer.status < 400 and {"cache-control": "no-store"} not in answer.json["headers"]  # type: ignore[operator]


def answer_rules(body: bytes, answer: Exchange) -> list[str]:
    headers = [(name.decode(), value.decode()) for name, value in answer.headers]
    replaced = not answer_passes(answer)
    return check_sideband_rules(body, answer.status, headers, answer.body, replaced=replaced)


STATEMENTS = ("modify-headers", "modify-query", "exclude-attributes", "odd")


def forward_auth_permits(answer: Exchange) -> bool:
    return 200 <= answer.status < 300


def forward_auth(profile: str) -> WireProtocol:
    """nginx passes on a deny by 401 and 403 only; the others pass on what they are told."""
    passes_on = profile != "nginx"
    return WireProtocol(
        forward_auth_path(profile),
        None,
        forward_auth_permits,
        lambda _, answer: check_forward_auth_rules(profile, answer),
        unavailable=[reason for reason in Reason if passes_on and REFUSALS[reason].unavailable],
        fields=tuple(fields_of(profile)),
        method="GET",
        unknown=403,
        carries_out={"modify-headers"},
    )


def ext_authz_rules(_: bytes, answer: Exchange) -> list[str]:
    told = [(name.decode(), value.decode()) for name, value in answer.headers]
    return broken_rules(answer.status, told, answer.body)


PROTOCOLS = [
    pytest.param(
        WireProtocol(
            REQUEST_PATH,
            a_request_leg,
            sideband_permits,
            sideband_rules,
            carries_out={"modify-headers", "modify-query", "exclude-attributes"},
        ),
        id="sideband request",
    ),
    pytest.param(
        WireProtocol(
            RESPONSE_PATH, a_response_leg, sideband_permits, sideband_rules, decided=False
        ),
        id="sideband response",
    ),
    pytest.param(
        WireProtocol(
            RESPONSE_PATH,
            a_response_leg,
            answer_passes,
            answer_rules,
            desk=partial(Desk, looks_at_answers=True),
            carries_out={"modify-headers", "exclude-attributes"},
        ),
        id="sideband response that is looked at",
    ),
    pytest.param(
        WireProtocol(
            EVALUATION_PATH,
            an_authzen_question,
            authzen_permits,
            authzen_rules,
            unavailable={Reason.OVERLOADED},
        ),
        id="authzen evaluation",
    ),
    pytest.param(
        WireProtocol(
            EVALUATIONS_PATH,
            a_batch,
            authzen_permits,
            authzen_rules,
            unavailable={Reason.OVERLOADED},
        ),
        id="authzen evaluations",
    ),
    pytest.param(
        WireProtocol(
            decision_path(),
            lambda: a_decision_request("alice"),
            decision_endpoint_permits,
            decision_endpoint_rules,
            stranger="ACCESS_FAILED",
            carries_out=STATEMENTS,
        ),
        id="decision endpoint",
    ),
    pytest.param(
        WireProtocol(
            decision_path(),
            lambda: a_bulk_request(a_question(), a_decision_request()),
            decision_endpoint_permits,
            decision_endpoint_rules,
            stranger="ACCESS_FAILED",
            carries_out=STATEMENTS,
            fields=(BULK,),
        ),
        id="decision endpoint, bulk",
    ),
    *(pytest.param(forward_auth(profile), id=f"forward-auth {profile}") for profile in PROFILES),
    pytest.param(
        WireProtocol(
            ASKED,
            None,
            lambda answer: answer.status == 200,
            ext_authz_rules,
            fields=CHECK_FIELDS,
            method="GET",
            unknown=403,
        ),
        id="ext_authz over HTTP",
    ),
]
DECIDED = [protocol for protocol in PROTOCOLS if protocol.values[0].decided]  # type: ignore[union-attr]
WITH_BODY = [protocol for protocol in PROTOCOLS if protocol.values[0].call is not None]  # type: ignore[union-attr]
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_decided_protocol = pytest.mark.parametrize("protocol", DECIDED)
every_protocol_with_a_body = pytest.mark.parametrize("protocol", WITH_BODY)
every_decided_protocol_with_a_body = pytest.mark.parametrize(
    "protocol", [protocol for protocol in WITH_BODY if protocol in DECIDED]
)


def asked(desk: Desk) -> int:
    assert isinstance(desk.point, FixedDecision)
    return len(desk.point.asked)


@every_protocol
@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "s\u00e9cret"])
@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', None])
async def test_with_a_wrong_secret_nothing_is_computed(
    protocol: WireProtocol, secret: str | None, body: bytes | None
) -> None:
    desk = protocol.desk(AlwaysPermit())
    sent = protocol.body() if body is None else body
    answer = await protocol.ask(desk, sent, secret)
    assert answer.status == protocol.unknown
    assert answer.json["code"] == protocol.stranger
    assert asked(desk) == 0
    # One answer whatever the body holds: it was not looked at.
    assert answer.json["message"] == "the gateway is not authenticated"
    assert protocol.well_formed(sent, answer) == []


@every_protocol
async def test_a_gateway_without_this_protocol_is_a_stranger(protocol: WireProtocol) -> None:
    desk = protocol.desk(AlwaysPermit(), gateway=a_gateway(protocols=frozenset({"other"})))
    answer = await protocol.ask(desk, protocol.body())
    assert answer.status == protocol.unknown
    assert asked(desk) == 0


@every_decided_protocol
async def test_a_permit_permits_and_a_deny_does_not(protocol: WireProtocol) -> None:
    body = protocol.body()
    permitted = await protocol.ask(protocol.desk(AlwaysPermit()), body)
    denied = await protocol.ask(protocol.desk(AlwaysDeny()), body)
    assert (protocol.permits(permitted), protocol.permits(denied)) == (True, False)
    assert protocol.well_formed(body, permitted) == []
    assert protocol.well_formed(body, denied) == []


@every_decided_protocol
@pytest.mark.parametrize("reason", Reason)
async def test_a_deny_of_any_reason_is_a_well_formed_deny(
    protocol: WireProtocol, reason: Reason
) -> None:
    body = protocol.body()
    decision = a_deny(reason=reason, challenge=Challenge(realm="https://api.example.com/"))
    answer = await protocol.ask(protocol.desk(FixedDecision(decision)), body)
    assert protocol.may_deny_by(answer.status, reason)
    assert not protocol.permits(answer)
    assert protocol.well_formed(body, answer) == []


@every_decided_protocol
@pytest.mark.parametrize(
    "point",
    [
        pytest.param(Broken(raises=RuntimeError(SECRET)), id="raises"),
        pytest.param(Broken(answers=None), id="none"),
        pytest.param(Broken(answers=a_permit), id="no decision"),
    ],
)
async def test_a_broken_decision_point_is_a_well_formed_deny(
    protocol: WireProtocol, point: Broken
) -> None:
    body = protocol.body()
    answer = await protocol.ask(protocol.desk(point), body)
    assert protocol.may_deny_by(answer.status, Reason.INTERNAL_ERROR)
    assert not protocol.permits(answer)
    assert protocol.well_formed(body, answer) == []
    assert SECRET.encode() not in answer.body


ODD_TEXTS = st.text(max_size=20)


@every_decided_protocol
@settings(max_examples=scaled(500))
@given(code=ODD_TEXTS, message=ODD_TEXTS, scope=ODD_TEXTS, disclose=st.sampled_from("cnm"))
def test_no_text_of_an_author_breaks_the_answer(
    protocol: WireProtocol, code: str, message: str, scope: str, disclose: str
) -> None:
    word = {"c": "challenge", "n": "none", "m": "missing"}[disclose]
    decision = a_deny(
        denied_reason=DeniedReason(code, message),
        challenge=Challenge(realm=message, scope=scope),
        service=ServiceFacts("invoices", "https://api.example.com", 403, word),
    )
    body = protocol.body()
    answer = anyio.run(protocol.ask, protocol.desk(FixedDecision(decision)), body)
    assert not protocol.permits(answer)
    assert protocol.well_formed(body, answer) == []


@every_protocol_with_a_body
@settings(max_examples=scaled(2_000))
@given(data=st.data())
def test_garbage_is_never_permitted_and_never_a_5xx(
    protocol: WireProtocol, data: st.DataObject
) -> None:
    whole = protocol.body()
    body = data.draw(st.one_of(st.binary(max_size=60), bytes_cut(whole), json_changed(whole)))
    desk = protocol.desk(AlwaysDeny())
    answer = anyio.run(protocol.ask, desk, body)
    assert 200 <= answer.status < 500
    assert protocol.well_formed(body, answer) == []
    assert SECRET.encode() not in answer.body
    if protocol.decided:
        assert not protocol.permits(answer)


@every_decided_protocol_with_a_body
@settings(max_examples=scaled(2_000))
@given(body=st.binary(max_size=200))
def test_bytes_without_structure_are_refused_before_anything_is_decided(
    protocol: WireProtocol, body: bytes
) -> None:
    desk = protocol.desk(AlwaysPermit())
    answer = anyio.run(protocol.ask, desk, body)
    assert answer.status == 400
    assert asked(desk) == 0


def twice(whole: bytes) -> bytes:
    """The body's first member once more."""
    name = next(iter(json.loads(whole)))
    return whole[:-1] + f',"{name}":{{}}}}'.encode()


def twice_by_an_escape(whole: bytes) -> bytes:
    """The same, under a name that only an unescaping reader finds equal."""
    name = next(iter(json.loads(whole)))
    return whole[:-1] + f',"\\u{ord(name[0]):04x}{name[1:]}":{{}}}}'.encode()


def twice_in_a_header(whole: bytes) -> bytes:
    """One name twice in the first object of a list, be it a member that means nothing."""
    odd = b'"headers": [{"a":"1","a":"2"},'
    changed = whole.replace(b'"headers": [', odd)
    return changed if changed != whole else whole[:-1] + b"," + odd + b"{}]}"


HOSTILE_BODIES = [
    pytest.param(twice, 400, id="duplicate"),
    pytest.param(twice_by_an_escape, 400, id="escaped"),
    pytest.param(lambda whole: whole[:-1] + b',"x":{"a":[{"b":1,"b":1}]}}', 400, id="nested"),
    pytest.param(twice_in_a_header, 400, id="duplicate in a header"),
    pytest.param(
        lambda whole: whole[:-1] + b',"access_token":{"sub":"a","sub":"b"}}',
        None,
        id="duplicate claim",
    ),
    pytest.param(lambda whole: whole[:-1] + b',"x":' + b"[" * 64 + b"]" * 64 + b"}", 400, id="65"),
    pytest.param(
        lambda whole: whole[:-1] + b',"x":' + b"[" * 9**5 + b"]" * 9**5 + b"}", 400, id="deep"
    ),
    pytest.param(
        lambda whole: whole[:-1] + b',"access_token":' + b'{"a":' * 9**5 + b"1}",
        400,
        id="deep claims",
    ),
    pytest.param(lambda whole: whole[:-1] + b',"x":NaN}', 400, id="NaN"),
    pytest.param(lambda whole: whole[:-1] + b',"x":1e999}', 400, id="infinite"),
    pytest.param(lambda whole: whole[:-1] + b',"x":"\\ud800"}', 400, id="lone surrogate"),
    pytest.param(lambda whole: whole[:-1] + b',"x":"\xff"}', 400, id="not UTF-8"),
    pytest.param(lambda whole: whole + b"{}", 400, id="text after the value"),
    pytest.param(lambda whole: b"\xef\xbb\xbf" + whole, 400, id="byte order mark"),
    pytest.param(lambda whole: whole.decode().encode("utf-16"), 400, id="UTF-16"),
    pytest.param(lambda whole: whole + b" " * 1024 * 1024, 413, id="over a mebibyte"),
    pytest.param(lambda _: b"", 400, id="empty"),
    pytest.param(lambda _: b"null", 400, id="null"),
]


@every_protocol_with_a_body
@pytest.mark.parametrize(("spoil", "status"), HOSTILE_BODIES)
async def test_hostile_bodies_are_refused_in_the_protocols_own_form(
    protocol: WireProtocol, spoil: Callable[[bytes], bytes], status: int | None
) -> None:
    whole = protocol.body()
    body = spoil(whole)
    if body == whole:
        pytest.skip("the protocol has no such member")
    desk = protocol.desk(AlwaysPermit())
    answer = await protocol.ask(desk, body)
    assert answer.status == (status or 400)
    assert protocol.well_formed(b"{}", answer) == []
    assert asked(desk) == 0


@every_decided_protocol
@pytest.mark.parametrize("code", STATEMENTS)
async def test_a_statement_that_the_protocol_cannot_carry_out_is_a_deny(
    protocol: WireProtocol, code: str
) -> None:
    if code in protocol.carries_out:
        pytest.skip("it can")
    statement = Statement(id="s", code=code, payload={"a": "1"}, obligatory=True)
    recorder = KeptRecords()
    desk = protocol.desk(FixedDecision(a_permit(statements=(statement,))), recorder=recorder)
    answer = await protocol.ask(desk, protocol.body())
    assert not protocol.permits(answer)
    assert {one.reason for one in recorder.decisions} == {Reason.STATEMENT_NOT_POSSIBLE}


def captured() -> list[Any]:
    cases = json.loads((CAPTURES / "kong-ping-auth.json").read_text())
    return [
        pytest.param(request, id=f"{case['case']} {request['line'].split()[1]}")
        for case in cases
        for request in case["decision_requests"]
    ]


@pytest.mark.parametrize("request_sent", captured())
@pytest.mark.parametrize("point", [AlwaysPermit, AlwaysDeny], ids=["permit", "deny"])
async def test_what_kong_sent_gets_an_answer_that_obeys_the_eleven_rules(
    request_sent: dict[str, Any], point: Callable[[], FixedDecision]
) -> None:
    method, path, _ = request_sent["line"].split()
    body = request_sent["body"].encode()
    answer = await post(Desk(point()), body, path=path, method=method)
    assert answer.status == 200
    assert sideband_rules(body, answer) == []
    if path == REQUEST_PATH:
        assert sideband_permits(answer) is (point is AlwaysPermit)


@pytest.mark.parametrize("request_sent", captured())
async def test_what_kong_sent_without_our_secret_gets_a_401_that_obeys_the_rules(
    request_sent: dict[str, Any],
) -> None:
    sent = {name.lower(): value for name, value in request_sent["headers"]}
    body = request_sent["body"].encode()
    path = request_sent["line"].split()[1]
    answer = await post(Desk(), body, path=path, secret=sent["client-token"])
    assert answer.status == 401
    assert sideband_rules(body, answer) == []


@st.composite
def bytes_cut(draw: st.DrawFn, whole: bytes) -> bytes:
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 20)))
    return whole[:start] + draw(st.binary(max_size=8)) + whole[end:]


@st.composite
def json_changed(draw: st.DrawFn, whole: bytes) -> bytes:
    value = json.loads(whole)
    name = draw(st.sampled_from([*value, "response", "state", "access_token"]))
    odd = st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
        max_leaves=5,
    )
    value[name] = draw(odd)
    return json.dumps(value).encode()
