"""The quickstart's calls: that they are what a kit sends, and show every kind of answer."""

import msgspec
import pytest

from deemster.gateways.adapter import WireRequest
from deemster.model.strict_json import read_strict_json
from deemster.quickstart.rehearsal import PERMITTED, REHEARSAL, Part, sideband_body
from deemster.tokens.base64url import decode_base64url
from deemster.tokens.development_key import DevelopmentKey
from tests.support.clock import FROZEN_AT
from tests.support.gateway_calls import request_adapter

KEY = DevelopmentKey.generate("ES256")
NOW = int(FROZEN_AT)


def bearer_claims(body: dict[str, object]) -> dict[str, object]:
    headers = body["headers"]
    assert isinstance(headers, list)
    (value,) = [entry["authorization"] for entry in headers if "authorization" in entry]
    claims = read_strict_json(decode_base64url(value.split(".")[1]), max_depth=4)
    assert isinstance(claims, dict)
    return claims


def test_every_kind_of_answer_is_rehearsed_for_both_gateways() -> None:
    assert {part.status for part in REHEARSAL} == {PERMITTED, 400, 401, 403, 404}
    assert {part.gateway for part in REHEARSAL} == {"kong", "apigee"}
    assert len({part.what for part in REHEARSAL}) == len(REHEARSAL) >= 10


@pytest.mark.parametrize("part", REHEARSAL, ids=lambda part: part.what)
def test_a_call_is_one_that_the_adapter_reads(part: Part) -> None:
    body = msgspec.json.encode(sideband_body(part, KEY, NOW))
    call = request_adapter().decode(WireRequest("POST", "/sideband/request", [], body))
    assert (call.method, call.url, call.client_ip) == (part.method, part.url, part.source_ip)
    assert call.asserted_claims == part.claims


def test_times_of_a_token_are_told_from_now() -> None:
    part = Part("x", "GET", "https://api.example.com/", 401, {"iat": -7200, "exp": -3600})
    claims = bearer_claims(sideband_body(part, KEY, NOW))
    assert (claims["iat"], claims["exp"]) == (NOW - 7200, NOW - 3600)
