"""Whatever happens at the gRPC endpoint ends in an answer, and no answer but a permit opens."""

import asyncio

import pytest

from deemster.errors import MalformedCallError
from deemster.gateways.adapter import WireAnswer, WireRequest
from deemster.gateways.http_envelope import EndpointLimits
from deemster.model.gateway import GatewayCaller
from tests.support.doubles import AlwaysPermit, Broken, FixedDecision, KeptRecords, a_deny
from tests.support.ext_authz import GrpcDesk, a_check_request, check
from tests.support.gateway_calls import SECRET, a_gateway


async def test_a_permit_opens_and_a_deny_does_not() -> None:
    assert (await check(GrpcDesk())).opens
    denied = await check(GrpcDesk(FixedDecision(a_deny())))
    assert (denied.opens, denied.status) == (False, 403)


async def test_what_is_decided_is_recorded_under_the_protocols_name() -> None:
    records = KeptRecords()
    await check(GrpcDesk(recorder=records))
    assert records.protocols == ["ext-authz-grpc"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "s\u00e9cret"])
@pytest.mark.parametrize("message", [b"", b"\xff", None])
async def test_with_a_wrong_secret_nothing_is_computed_or_read(
    secret: str | None, message: bytes | None
) -> None:
    point = AlwaysPermit()
    desk = GrpcDesk(point)
    answer = await check(desk, message, secret=secret)
    assert (answer.opens, answer.status, point.asked) == (False, 403, [])
    assert answer.json["code"] == "gateway-unauthenticated"
    assert len(desk.reports.refused) == 1
    # Not even one that never comes is waited for.
    assert not (await check(desk, secret=secret, silent=True)).opens


async def test_two_secrets_are_none() -> None:
    answer = await check(GrpcDesk(), metadata=[("client-token", SECRET)])
    assert answer.status == 403


async def test_a_gateway_of_another_protocol_is_a_stranger() -> None:
    desk = GrpcDesk(gateway=a_gateway(protocols=frozenset({"sideband", "ext-authz-http"})))
    assert (await check(desk)).status == 403


async def test_binary_metadata_is_no_trouble() -> None:
    assert (await check(GrpcDesk(), metadata=[("x-bin", b"\xff\x00")])).opens


async def test_a_message_over_the_limits_is_a_413() -> None:
    point = AlwaysPermit()
    desk = GrpcDesk(point, limits=EndpointLimits(body=1000, headers=500))
    answer = await check(desk, a_check_request(body="x" * 2000))
    assert (answer.opens, answer.status, point.asked) == (False, 413, [])


async def test_a_call_without_a_message_is_a_400() -> None:
    answer = await check(GrpcDesk(), silent=True)
    assert (answer.opens, answer.status) == (False, 400)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(Broken(raises=RuntimeError(SECRET)), id="raises"),
        pytest.param(Broken(raises=MemoryError()), id="out of memory"),
        pytest.param(Broken(answers=None), id="none"),
        pytest.param(Broken(answers=b""), id="no decision"),
    ],
)
async def test_a_broken_decision_point_is_a_503(point: Broken) -> None:
    answer = await check(GrpcDesk(point))
    assert (answer.opens, answer.status) == (False, 503)
    assert SECRET.encode() not in answer.message


class Odd:
    """An exchange that is broken itself."""

    protocol = "ext-authz-grpc"
    methods = None

    def __init__(self, answers: object = None, raises: BaseException | None = None) -> None:
        self._answers = answers
        self._raises = raises

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer:
        if self._raises is not None:
            raise self._raises
        return self._answers  # type: ignore[return-value]  # that is what is broken

    def encode_error(self, *_: object) -> WireAnswer:
        raise RuntimeError


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(Odd(WireAnswer(200, (), b"")), id="an empty answer, which would open"),
        pytest.param(Odd(None), id="none"),
        pytest.param(Odd(raises=RuntimeError()), id="raises"),
        pytest.param(Odd(raises=MalformedCallError("x")), id="cannot word its own error"),
        pytest.param(Odd(raises=asyncio.CancelledError()), id="cancelled"),
    ],
)
async def test_a_broken_exchange_is_a_503_and_never_an_error_of_the_library(odd: Odd) -> None:
    desk = GrpcDesk()
    desk.endpoint._exchange = odd
    answer = await check(desk)
    assert (answer.opens, answer.status) == (False, 503)


async def test_beyond_the_concurrency_the_answer_is_a_503_at_once() -> None:
    answer = await check(GrpcDesk(limits=EndpointLimits(concurrency=0)))
    assert (answer.opens, answer.status, answer.json["code"]) == (False, 503, "overloaded")


class Details:
    """Of a call that comes in."""

    def __init__(self, method: str) -> None:
        self.method = method


@pytest.mark.parametrize("version", ["v2", "v2alpha", "v4"])
def test_other_versions_of_the_service_are_answered_too(version: str) -> None:
    # "No such method" is an error, which opens a gateway that fails open.
    endpoint = GrpcDesk().endpoint
    ours = endpoint.service(Details("/envoy.service.auth.v3.Authorization/Check"))
    other = endpoint.service(Details(f"/envoy.service.auth.{version}.Authorization/Check"))
    assert other is not None
    assert other is not ours


def test_other_services_are_not_there() -> None:
    assert GrpcDesk().endpoint.service(Details("/grpc.health.v1.Health/Check")) is None
