"""What goes over the wire of gRPC, to the letter: request.json + decision.yaml ► response.json.

`metadata` and a `message` as protobuf writes it in JSON, or its `bytes` in hexadecimal where it is
none; the answer is a CheckResponse in JSON. A case without decision.yaml is one where nothing may
be decided.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest
from google.protobuf.json_format import MessageToDict, ParseDict

from deemster.gateways.http_envelope import EndpointLimits
from tests.golden.test_wire import decision_of
from tests.support.doubles import AlwaysPermit, FixedDecision
from tests.support.ext_authz import Checked, GrpcDesk, check

WIRE = Path(__file__).parent / "wire" / "ext-authz-grpc"
CASES = sorted(WIRE.iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_answer_is_as_written(case: Path) -> None:
    said = json.loads((case / "request.json").read_text(encoding="utf-8"))
    decision = decision_of(case / "decision.yaml")
    point = AlwaysPermit() if decision is None else FixedDecision(decision)
    desk = GrpcDesk(point, limits=EndpointLimits(body=1000, headers=1000))
    answer = await check(
        desk, message_of(said), secret=None, metadata=list(said["metadata"].items())
    )
    assert text_of(answer) == (case / "response.json").read_text(encoding="utf-8")
    assert len(point.asked) == (decision is not None)
    assert answer.opens is case.name.startswith("permit")
    assert answer.opens or answer.status == int(case.name.split("-")[1])


def message_of(said: dict[str, object]) -> bytes:
    octets = said.get("bytes")
    if isinstance(octets, str):
        return bytes.fromhex(octets)
    message: bytes = ParseDict(said["message"], CheckRequest()).SerializeToString()
    return message


def text_of(answer: Checked) -> str:
    told = MessageToDict(answer.response, preserving_proto_field_name=True)
    return json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
