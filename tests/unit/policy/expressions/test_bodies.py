"""The body of a call: there, absent or failed, as policy-language section 7 tells them apart."""

from __future__ import annotations

import pytest

from deemster.model.http import ApiCall, Headers
from deemster.policy.expressions.bodies import NO_BODY, BodyFailedError, body_document

JSON = ("content-type", "application/json")


def a_call(body: str | None, *headers: tuple[str, str], method: str = "POST") -> ApiCall:
    return ApiCall(method, "https://api.example.com/", Headers(headers), body)


@pytest.mark.parametrize(
    "call",
    [
        a_call(None, ("content-length", "0")),
        a_call("", ("content-length", "0"), JSON),
        *(a_call(None, method=method) for method in ("GET", "HEAD", "OPTIONS", "DELETE")),
        *(a_call("", method=method) for method in ("GET", "DELETE", "POST", "PUT")),
        a_call("", JSON),
    ],
)
def test_there_is_no_body(call: ApiCall) -> None:
    assert body_document(call) is NO_BODY


@pytest.mark.parametrize(
    ("call", "document"),
    [
        (a_call('{"a": 1}', ("content-length", "8"), JSON), {"a": 1}),
        (a_call('{"a": 1}', JSON), {"a": 1}),
        (a_call('{"a": 1}', ("transfer-encoding", "chunked"), JSON), {"a": 1}),
        (a_call('{"a": 1}', JSON, method="GET"), {"a": 1}),
        (a_call('"\u00e9"', ("content-length", "4"), JSON), "\u00e9"),
        (a_call("null", JSON), None),
        (a_call("[]", ("content-type", "application/problem+json")), []),
        (a_call("[]", ("content-type", 'Application/JSON; charset="UTF-8"')), []),
        (a_call("[]", ("content-type", "application/json;charset=utf-8; v=1")), []),
        (a_call("[]", JSON, ("content-encoding", "identity")), []),
        (a_call('{"n": 1, "f": 1.0, "e": 1e2}', JSON), {"n": 1, "f": 1.0, "e": 100.0}),
    ],
)
def test_a_body_is_read(call: ApiCall, document: object) -> None:
    assert body_document(call) == document


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (a_call(None), "not delivered"),
        (a_call(None, method="PATCH"), "not delivered"),
        (a_call(None, ("content-length", "8")), "not delivered"),
        (a_call(None, ("content-length", "8"), method="GET"), "not delivered"),
        (a_call("", ("content-length", "8"), JSON), "not delivered"),
        (a_call(None, ("transfer-encoding", "chunked")), "not delivered"),
        (a_call("", ("transfer-encoding", "chunked"), method="GET"), "not delivered"),
        (a_call('{"a": 1', ("content-length", "8"), JSON), "differs in length"),
        (a_call('{"a": 1}', ("content-length", "7"), JSON), "differs in length"),
        (a_call('{"a": 1}', ("content-length", "0"), JSON), "differs in length"),
        (a_call('"\u00e9"', ("content-length", "3"), JSON), "differs in length"),
        (a_call("{}", ("content-length", "2"), ("content-length", "2"), JSON), "not one number"),
        (a_call("{}", ("content-length", "2"), ("content-length", "3"), JSON), "not one number"),
        (a_call("{}", ("content-length", "2, 2"), JSON), "not one number"),
        (a_call("{}", ("content-length", "+2"), JSON), "not one number"),
        (a_call("{}", ("content-length", "\u0662"), JSON), "not one number"),
        (a_call("{}", ("content-length", "2"), ("transfer-encoding", "chunked"), JSON), "beside"),
        (a_call("{}"), "not one media type"),
        (a_call("{}", JSON, JSON), "not one media type"),
        (a_call("{}", ("content-type", "text/plain")), "no JSON by its media type"),
        (a_call("{}", ("content-type", "application/jsonp")), "no JSON by its media type"),
        (a_call("{}", ("content-type", "text/json")), "no JSON by its media type"),
        (a_call("{}", ("content-type", "application/x+json2")), "no JSON by its media type"),
        (a_call("{}", ("content-type", "application/json; charset=latin1")), "charset"),
        (a_call("{}", JSON, ("content-encoding", "gzip")), "compressed"),
        (a_call('{"a": 1, "a": 2}', JSON), "duplicate member"),
        (a_call('{"a": 1', JSON), "no strict JSON"),
        (a_call("\ufeff{}", JSON), "byte order mark"),
        (a_call('{"a": NaN}', JSON), "no strict JSON"),
        (a_call('"\ud800"', JSON), "not UTF-8"),
        (a_call("[" * 65 + "]" * 65, JSON), "nested deeper"),
    ],
)
def test_a_body_has_failed(call: ApiCall, why: str) -> None:
    with pytest.raises(BodyFailedError, match=why):
        body_document(call)
