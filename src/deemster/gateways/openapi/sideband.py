"""Ping's sideband API, described. facts/ping.md 1.2 to 1.4."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from deemster.gateways.openapi.description import Answered, Asked, Operation, errors
from deemster.gateways.ping_sideband import PROTOCOL
from deemster.gateways.sideband_members import RequestLeg, ResponseLeg

__all__ = ["describe_sideband"]


class AnswerToClient(msgspec.Struct):
    """What the gateway gives its client."""

    response_code: str
    response_status: str
    http_version: str
    headers: list[dict[str, str]]
    body: str | UnsetType = UNSET


class RequestLegAnswer(msgspec.Struct):
    """The call as it goes on. With `response` it does not: that is the deny.

    `state` is to be given back with the upstream's answer.
    """

    source_ip: str
    source_port: int | str
    method: str
    url: str
    http_version: str
    headers: list[dict[str, str]]
    body: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    response: AnswerToClient | UnsetType = UNSET


def describe_sideband(path: str) -> Sequence[Operation]:
    """One of the two legs, at one of its two paths."""
    is_request = path.endswith("/request")
    leg = "Request" if is_request else "Response"
    where = "InEnvironment" if "{environment}" in path else ""
    return (
        Operation(
            id=f"sideband{leg}{where}",
            method="post",
            path=path,
            summary="May this call go to the upstream"
            if is_request
            else "May this answer go to the client",
            protocol=PROTOCOL,
            asked=(
                Asked(
                    media_type="application/json", shape=RequestLeg if is_request else ResponseLeg
                ),
            ),
            answers={
                200: Answered(
                    description="The call, with `response` where it is denied"
                    if is_request
                    else "What the client gets: the upstream's answer, or a deny",
                    shape=RequestLegAnswer if is_request else AnswerToClient,
                    headers=_OF_A_DECISION,
                ),
                **errors(400, 401, *((404,) if where else ()), 405, 413),
            },
        ),
    )


_OF_A_DECISION = {
    "X-Decision-Id": "The decision's id",
    "X-Policy-Revision": "The revision of the policies",
}
