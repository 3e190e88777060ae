"""The endpoint: limits, paths and methods, bodies in pieces, errors in the protocol's form."""

import asyncio
import json

import pytest

from deemster.errors import MalformedCallError, ProtocolError
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.http_endpoint import HttpEndpoint, Message
from deemster.gateways.http_envelope import EndpointLimits
from deemster.gateways.pep_auth import GatewayCredentials, GatewaySecret, PepAuthenticator
from deemster.model.gateway import GatewayCaller
from tests.support.doubles import AlwaysPermit, CountedIds
from tests.support.gateway_calls import (
    REQUEST_PATH,
    RESPONSE_PATH,
    SECRET,
    Desk,
    a_request_leg,
    a_response_leg,
    post,
)
from tests.support.sideband_rules import check_sideband_rules


def assert_is_error(desk: Desk, body: bytes, status: int, expected: int) -> None:
    assert status == expected
    assert check_sideband_rules(b"{}", status, (), body) == []
    assert isinstance(desk.point, AlwaysPermit)
    assert desk.point.asked == []


@pytest.mark.parametrize(
    "path",
    [REQUEST_PATH, "/v1/environments/local/sideband/request"],
)
async def test_both_forms_of_the_path_are_served(path: str) -> None:
    answer = await post(Desk(), a_request_leg(), path=path)
    assert answer.status == 200
    assert answer.json == a_request_leg()
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("connection") is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sideband",
        "/sideband/request/",
        "//sideband/request",
        "/sideband%2Frequest",
        "/SIDEBAND/request",
        "/sideband/./request",
        "/v1/environments/other/sideband/request",
        "/v1/environments/other/sideband/response",
        "/live",
        "/ready",
        "/health",
        "/metrics",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_every_other_path_is_a_404_object_and_there_is_no_health_path(
    path: str, method: str
) -> None:
    desk = Desk()
    answer = await post(desk, a_request_leg(), path=path, method=method)
    assert_is_error(desk, answer.body, answer.status, 404)
    assert answer.header("connection") == "close"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", [REQUEST_PATH, RESPONSE_PATH])
async def test_every_other_method_is_a_405_object(path: str, method: str) -> None:
    desk = Desk()
    answer = await post(desk, a_request_leg(), path=path, method=method)
    assert_is_error(desk, answer.body, answer.status, 405)
    assert answer.header("allow") == "POST"


async def test_head_is_a_405_without_a_body() -> None:
    answer = await post(Desk(), b"", method="HEAD")
    assert (answer.status, answer.body) == (405, b"")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"5"), (b"content-length", b"6")],
        [(b"x", b"")] * 300,
        [(b"x", b"a" * 100_000)],
    ],
    ids=["CL and TE", "two CL", "many", "large"],
)
async def test_a_bad_envelope_is_a_400_and_the_connection_ends(
    headers: list[tuple[bytes, bytes]],
) -> None:
    desk = Desk()
    answer = await post(desk, a_request_leg(), headers=headers)
    assert_is_error(desk, answer.body, answer.status, 400)
    assert answer.header("connection") == "close"


async def test_a_body_in_pieces_is_put_together() -> None:
    whole = json.dumps(a_request_leg()).encode()
    pieces = [whole[:10], b"", whole[10:50], whole[50:]]
    answer = await post(Desk(), b"", chunks=pieces)
    assert answer.json == a_request_leg()


async def test_a_body_beyond_the_limit_is_a_413_while_it_arrives() -> None:
    desk = Desk(limits=EndpointLimits(body=100))
    answer = await post(desk, b"", chunks=[b" " * 60, b" " * 60, b"never asked for"])
    assert_is_error(desk, answer.body, answer.status, 413)
    assert answer.header("connection") == "close"


async def test_a_body_over_one_mebibyte_is_a_413_by_default() -> None:
    desk = Desk()
    answer = await post(desk, a_request_leg(body="a" * 1024 * 1024))
    assert_is_error(desk, answer.body, answer.status, 413)


async def test_an_announced_length_over_the_limit_is_a_413_before_the_body() -> None:
    desk = Desk()
    answer = await post(desk, b"", headers=[(b"content-length", b"1048577")], chunks=[])
    assert_is_error(desk, answer.body, answer.status, 413)


@pytest.mark.parametrize("pieces", [[], [b"{"], [b"{", b""]])
async def test_a_gateway_that_leaves_gets_no_answer(pieces: list[bytes]) -> None:
    desk = Desk()

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        return {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await desk.endpoint(a_scope(), receive, send)
    assert sent == []


async def test_a_body_that_does_not_arrive_in_time_is_a_400() -> None:
    desk = Desk(limits=EndpointLimits(body_timeout=0.001))

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await desk.endpoint(a_scope(), receive, send)
    assert_is_error(desk, sent[1]["body"], sent[0]["status"], 400)
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_without_a_timer_of_its_own_a_body_is_read_all_the_same() -> None:
    answer = await post(Desk(limits=EndpointLimits(body_timeout=None)), a_request_leg())
    assert answer.json == a_request_leg()


async def test_over_http_2_no_connection_header_is_sent() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = a_scope() | {"http_version": "2", "raw_path": b"/nowhere"}
    await Desk().endpoint(scope, receive, send)
    assert sent[0]["status"] == 404
    assert b"connection" not in dict(sent[0]["headers"])


async def test_a_websocket_is_refused() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await Desk().endpoint({"type": "websocket", "path": REQUEST_PATH}, receive, send)
    assert sent == [{"type": "websocket.close"}]


async def test_the_operator_is_told_of_a_refused_call_under_the_id_that_the_gateway_is_told() -> (
    None
):
    desk = Desk()
    answer = await post(desk, b"{}")
    ((protocol, error, told_id),) = desk.reports.refused
    assert protocol == "sideband"
    assert error.message == answer.json["message"]
    assert told_id == answer.json["id"]


async def test_a_fault_outside_the_decision_is_told_as_an_error_and_never_as_a_permit() -> None:
    desk = Desk()

    async def receive() -> Message:
        raise RuntimeError("the server's own")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await desk.endpoint(a_scope(), receive, send)
    assert_is_error(desk, sent[1]["body"], sent[0]["status"], 400)
    assert b"server's own" not in sent[1]["body"]
    assert len(desk.reports.faults) == 1


async def test_the_response_leg_is_answered_without_a_decision_or_a_record() -> None:
    desk = Desk()
    answer = await post(desk, a_response_leg(response_code=201), path=RESPONSE_PATH)
    assert answer.status == 200
    assert answer.json == {
        "response_code": "201",
        "response_status": "OK",
        "http_version": "1.1",
        "headers": [{"content-type": "application/json"}, {"x-upstream": "1"}],
        "body": '{"a":1}',
    }
    assert isinstance(desk.point, AlwaysPermit)
    assert desk.point.asked == []


async def test_the_response_leg_needs_an_authenticated_gateway() -> None:
    answer = await post(Desk(), a_response_leg(), path=RESPONSE_PATH, secret="wrong")
    assert answer.status == 401


def a_scope() -> dict[str, object]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": REQUEST_PATH,
        "raw_path": REQUEST_PATH.encode(),
        "query_string": b"",
        "headers": [(b"client-token", b"kong-secret-0123456789-0123456789-abcdef")],
    }


class _Speechless:
    """An exchange that can word nothing."""

    protocol = "sideband"
    methods: frozenset[str] | None = None

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer:
        raise self.fault

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        raise RuntimeError("no words")


@pytest.mark.parametrize("fault", [RuntimeError("x"), MalformedCallError("x")])
@pytest.mark.parametrize("secret", [SECRET, "wrong"])
async def test_a_protocol_that_cannot_even_word_an_error_refuses_all_the_same(
    fault: Exception, secret: str
) -> None:
    desk = Desk()
    desk.endpoint = HttpEndpoint(
        exact={REQUEST_PATH: _Speechless(fault)},
        authenticator=PepAuthenticator(
            [GatewayCredentials(desk.gateway, (GatewaySecret("k1", SECRET),))], clock=desk.clock
        ),
        reports=desk.reports,
        new_id=CountedIds(),
        limits=EndpointLimits(),
    )
    answer = await post(desk, b"{}", secret=secret)
    assert (answer.status, answer.json["code"]) == (403, "internal-error")
    assert isinstance(desk.reports.faults[-1][0], RuntimeError)
