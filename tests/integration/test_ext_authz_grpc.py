"""The ext_authz listener on a real socket, asked by a real gRPC client."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from deemster.errors import ConfigurationError
from deemster.gateways.ext_authz_grpc import CHECK
from deemster.gateways.http_envelope import EndpointLimits
from deemster.serving.grpc_server import GrpcServer
from tests.support.doubles import AlwaysPermit, FixedDecision, a_deny
from tests.support.ext_authz import GrpcDesk, a_check_request
from tests.support.gateway_calls import SECRET
from tests.support.grpc_channel import channel_to, say


async def test_permits_and_denies_come_back_over_the_wire() -> None:
    async with channel_to(GrpcDesk()) as channel:
        assert (await say(channel, a_check_request())).opens
    async with channel_to(GrpcDesk(FixedDecision(a_deny()))) as channel:
        assert (await say(channel, a_check_request())).status == 403


@pytest.mark.parametrize("message", [b"", b"\xff\xff", b"{}", b"\x0a" * 100])
async def test_garbage_is_status_ok_with_a_400_in_it(message: bytes) -> None:
    async with channel_to(GrpcDesk()) as channel:
        answer = await say(channel, message)
        assert (answer.opens, answer.status) == (False, 400)


async def test_a_message_beyond_the_librarys_own_limit_is_status_ok_with_a_413_in_it() -> None:
    point = AlwaysPermit()
    async with channel_to(GrpcDesk(point)) as channel:
        answer = await say(channel, a_check_request(body="x" * 6 * 1024 * 1024))
        assert (answer.opens, answer.status, point.asked) == (False, 413, [])


@pytest.mark.parametrize("size", [0, 6 * 1024 * 1024])
async def test_a_stranger_hears_a_403_whatever_he_sends(size: int) -> None:
    async with channel_to(GrpcDesk()) as channel:
        answer = await say(channel, a_check_request(body="x" * size), secret="wrong")
        assert (answer.opens, answer.status) == (False, 403)


async def test_an_older_version_of_the_service_is_denied_and_not_unknown() -> None:
    async with channel_to(GrpcDesk()) as channel:
        method = "/envoy.service.auth.v2.Authorization/Check"
        answer = await say(channel, a_check_request(), method=method)
        assert (answer.opens, answer.status) == (False, 400)


async def test_many_at_once_get_their_own_answers() -> None:
    async with channel_to(GrpcDesk(limits=EndpointLimits(concurrency=512))) as channel:
        answers = await asyncio.gather(*[say(channel, a_check_request()) for _ in range(100)])
    ids = {answer.response.dynamic_metadata["decision_id"] for answer in answers}
    assert all(answer.opens for answer in answers)
    assert ids == {"d-1"}


async def test_a_call_that_the_gateway_gives_up_harms_no_other() -> None:
    class Hanging(FixedDecision):
        async def decide(self, call: Any, caller: Any) -> Any:  # noqa: ANN401
            self.asked.append((call, caller))
            if len(self.asked) == 1:
                await asyncio.Event().wait()
            return self.decision

    desk = GrpcDesk(Hanging(a_deny()))
    async with channel_to(desk) as channel:
        metadata = (("client-token", SECRET),)
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary(CHECK)(a_check_request(), metadata=metadata, timeout=0.2)
        assert (await say(channel, a_check_request())).status == 403


async def test_a_port_that_is_taken_is_told_with_its_setting() -> None:
    desk = GrpcDesk()
    server = GrpcServer(desk.endpoint, "127.0.0.1", 0, metadata_bytes=8192, setting="a.b")
    try:
        with pytest.raises(ConfigurationError, match=r"`a\.b`"):
            GrpcServer(
                desk.endpoint, "127.0.0.1", server.address.port, metadata_bytes=8192, setting="a.b"
            )
    finally:
        await server.stop(0)
