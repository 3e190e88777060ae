"""Every malformed member is refused by name, with what it must be and what it is."""

import json

import pytest

from deemster.errors import MalformedCallError
from deemster.gateways.sideband_body import read_request_leg, read_response_leg
from tests.support.gateway_calls import a_request_leg, a_response_leg


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"method": ...}, "`method` is missing: it must be a string"),
        ({"url": ...}, "`url` is missing: it must be a string"),
        ({"headers": ...}, "`headers` is missing: it must be an array"),
        ({"source_ip": ...}, "`source_ip` is missing: it must be a string"),
        (
            {"source_port": ...},
            "`source_port` is missing: it must be a whole number or a string",
        ),
        ({"http_version": ...}, "`http_version` is missing: it must be a string"),
        ({"http_version": 1.1}, "`http_version` must be a string, found a number"),
        ({"method": None}, "`method` must be a string, found null"),
        ({"method": "G T"}, "`method` must be an HTTP method"),
        ({"url": ""}, "`url` must not be empty"),
        ({"url": {}}, "`url` must be a string, found an object"),
        (
            {"source_port": True},
            "`source_port` must be a whole number or a string, found a boolean",
        ),
        ({"source_port": 1.5}, "`source_port` must be a whole number or a string, found a number"),
        ({"source_port": 65536}, "`source_port` must be a port number, from 0 to 65535"),
        ({"source_port": "http"}, "`source_port` must be a port number, from 0 to 65535"),
        ({"source_port": "٣"}, "`source_port` must be a port number, from 0 to 65535"),
        ({"body": None}, "`body` must be a string, found null"),
        ({"body": {}}, "`body` must be a string, found an object"),
        ({"access_token": None}, "`access_token` must be an object, found null"),
        ({"access_token": "eyJ"}, "`access_token` must be an object, found a string"),
        ({"access_token": []}, "`access_token` must be an object, found an array"),
        ({"client_certificate": 1}, "`client_certificate` must be an object, found a number"),
        ({"headers": {"a": "b"}}, "`headers` must be an array, found an object"),
        ({"headers": ["a"]}, "`headers[0]` must be an object, found a string"),
        (
            {"headers": [{"a": "b"}, {}]},
            "`headers[1]` must be an object with exactly one member, found 0",
        ),
        (
            {"headers": [{"a": "b", "c": "d"}, {}]},
            "`headers[0]` must be an object with exactly one member, found 2",
        ),
        ({"headers": [{"a": 1}]}, "the value in `headers[0]` must be a string, found a number"),
        (
            {"headers": [{"a": None}]},
            "the value in `headers[0]` must be a string, found null",
        ),
        ({"headers": [{"a": "x\r\ny"}]}, "the value in `headers[0]` has a control character"),
        ({"headers": [{"a": "é\x00"}]}, "the value in `headers[0]` has a control character"),
        ({"headers": [{"a b": ""}]}, "`headers` has a name that is no header field name"),
        ({"headers": [{"": ""}]}, "`headers` has a name that is no header field name"),
        ({"headers": [{"coo\u212aie": ""}]}, "`headers` has a name that is no header field name"),
    ],
    ids=str,
)
def test_a_malformed_request_leg_is_refused_by_name(
    members: dict[str, object], message: str
) -> None:
    with pytest.raises(MalformedCallError) as refused:
        read_request_leg(json.dumps(a_request_leg(**members)).encode(), max_depth=64)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"response_code": ...},
            "`response_code` is missing: it must be a whole number or a string",
        ),
        ({"response_code": "OK"}, "`response_code` must be an HTTP status, from 100 to 599"),
        ({"response_code": 99}, "`response_code` must be an HTTP status, from 100 to 599"),
        ({"response_code": "0200"}, "`response_code` must be an HTTP status, from 100 to 599"),
        ({"response_status": None}, "`response_status` must be a string, found null"),
        ({"headers": None}, "`headers` must be an array, found null"),
        ({"request": "text"}, "`request` must be an object, found a string"),
    ],
    ids=str,
)
def test_a_malformed_response_leg_is_refused_by_name(
    members: dict[str, object], message: str
) -> None:
    with pytest.raises(MalformedCallError) as refused:
        read_response_leg(json.dumps(a_response_leg(**members)).encode(), max_depth=64)
    assert refused.value.message == message


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"1"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedCallError, match="the body must be an object, found"):
        read_request_leg(body, max_depth=64)


@pytest.mark.parametrize("port", [0, 1, 65535, "", "0", "34060"])
def test_a_port_is_a_number_or_a_string(port: object) -> None:
    body = json.dumps(a_request_leg(source_port=port)).encode()
    leg, _, _ = read_request_leg(body, max_depth=64)
    assert leg.source_port == port


def test_a_tab_and_text_beyond_ascii_may_stand_in_a_header_value() -> None:
    headers = [{"a": "x\ty"}, {"b": "naïve\u00a0\u0085"}]
    _, fields, _ = read_request_leg(
        json.dumps(a_request_leg(headers=headers)).encode(), max_depth=64
    )
    assert fields == (("a", "x\ty"), ("b", "naïve\u00a0\u0085"))
