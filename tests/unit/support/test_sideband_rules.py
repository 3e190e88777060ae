"""The checker finds each rule broken, so that its silence means something."""

import json

import pytest

from tests.support.gateway_calls import a_request_leg, a_response_leg
from tests.support.sideband_rules import check_sideband_rules

REQUEST = a_request_leg(body="b")
PERMIT = REQUEST
DENY = REQUEST | {
    "response": {"response_code": "403", "response_status": "Forbidden", "headers": []}
}
UPSTREAM = a_response_leg()
PASSED_ON = {
    name: UPSTREAM[name] for name in ("response_code", "response_status", "headers", "body")
}


def without(reply: dict[str, object], name: str) -> dict[str, object]:
    return {kept: value for kept, value in reply.items() if kept != name}


def deny_with(**members: object) -> dict[str, object]:
    response = {"response_code": "403", "response_status": "Forbidden", "headers": [], **members}
    return REQUEST | {"response": {k: v for k, v in response.items() if v is not ...}}


def rules(
    reply: object,
    *,
    request: dict[str, object] = REQUEST,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    text = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return check_sideband_rules(json.dumps(request).encode(), status, headers, text)


@pytest.mark.parametrize(
    ("request_body", "reply"),
    [
        pytest.param(REQUEST, PERMIT, id="permit"),
        pytest.param(REQUEST, DENY, id="deny"),
        pytest.param(UPSTREAM, PASSED_ON, id="response leg"),
    ],
)
def test_good_answers_break_no_rule(
    request_body: dict[str, object], reply: dict[str, object]
) -> None:
    assert rules(reply, request=request_body) == []


@pytest.mark.parametrize(
    ("rule", "reply"),
    [
        pytest.param("1", REQUEST | {"headers": [{"host": "api.example.com"}]}, id="lost header"),
        pytest.param("1", without(REQUEST, "headers"), id="no headers"),
        pytest.param("2", without(REQUEST, "method"), id="no method"),
        pytest.param("2", without(REQUEST, "url"), id="no url"),
        pytest.param("2", without(REQUEST, "http_version"), id="no version"),
        pytest.param("3", without(REQUEST, "body"), id="no body"),
        pytest.param("4", REQUEST | {"state": None}, id="null state"),
        pytest.param("4", REQUEST | {"response": None}, id="null response"),
        pytest.param("5", deny_with(headers=...), id="deny without headers"),
        pytest.param("5", REQUEST | {"response": []}, id="deny that is no object"),
        pytest.param("1", deny_with(headers={"a": "b"}), id="deny with a map of headers"),
        pytest.param("6", deny_with(headers=[{"a": "1", "b": "2"}]), id="two in one object"),
        pytest.param("7", REQUEST | {"source_port": 34060}, id="port of another type"),
        pytest.param("7", REQUEST | {"source_ip": "1.2.3.4"}, id="another address"),
        pytest.param("7", REQUEST | {"url": "http://api.example.com"}, id="another scheme"),
        pytest.param("7", REQUEST | {"client_certificate": {}}, id="a certificate"),
        pytest.param("8", deny_with(response_code=403), id="status as a number"),
        pytest.param("8", deny_with(response_code="no"), id="status as a word"),
        pytest.param("11", deny_with(headers=[{"a": None}]), id="null header"),
        pytest.param("11", b'{"method":"GET","method":"GET"}', id="duplicate"),
        pytest.param("9", b"<html>", id="no JSON"),
        pytest.param("9", b"[]", id="no object"),
    ],
)
def test_a_broken_rule_is_named(rule: str, reply: object) -> None:
    assert any(found.startswith(f"{rule}:") for found in rules(reply))


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(PASSED_ON | {"headers": []}, id="lost header"),
        pytest.param(PASSED_ON | {"response_code": 200}, id="status as a number"),
        pytest.param(PASSED_ON | {"response_code": "204"}, id="another status"),
        pytest.param(without(PASSED_ON, "body"), id="lost body"),
        pytest.param({"response": PASSED_ON}, id="nested"),
    ],
)
def test_a_broken_response_leg_is_named(reply: object) -> None:
    assert any(found.startswith("8:") for found in rules(reply, request=UPSTREAM))


@pytest.mark.parametrize(
    ("rule", "status", "reply", "headers"),
    [
        pytest.param("9", 400, {"message": "m"}, (), id="no id"),
        pytest.param("9", 413, {"id": "i"}, (), id="no message"),
        pytest.param("9", 400, {"id": "i", "message": "m", "response": {}}, (), id="a decision"),
        pytest.param("10", 429, {"id": "i", "message": "m"}, (), id="429 without a wait"),
        pytest.param(
            "10",
            429,
            {"id": "i", "message": "m"},
            (("Retry-After", "Sun, 22 Nov 2026 12:00:00 GMT"),),
            id="429 with a date",
        ),
    ],
)
def test_a_broken_error_is_named(
    rule: str, status: int, reply: object, headers: tuple[tuple[str, str], ...]
) -> None:
    broken = rules(reply, status=status, headers=headers)
    assert any(found.startswith(f"{rule}:") for found in broken)


def test_an_error_with_message_and_id_breaks_no_rule() -> None:
    told = {"code": "malformed", "message": "m", "id": "i"}
    assert rules(told, status=400) == []
    assert rules(told, status=429, headers=(("Retry-After", "1"),)) == []
