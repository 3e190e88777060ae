"""PingOne's error object: the decision endpoint's own answer to whoever asked wrongly.

facts/ping.md 2.8 and 4.2. Codes are PingOne's words where it has one.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from deemster.errors import (
    CallTooLargeError,
    GatewayUnauthenticatedError,
    MalformedMemberError,
    ProtocolError,
)
from deemster.gateways.adapter import WireAnswer
from deemster.gateways.answers import RETRY_AFTER_SECONDS
from deemster.gateways.decision_members import ErrorDetail, ErrorObject, InnerError

__all__ = ["no_such_resource", "overloaded", "refused", "wrong_method"]


def refused(error: ProtocolError, error_id: str) -> WireAnswer:
    """401, 413 or 400; for one member that is wrong, a detail that names it."""
    if isinstance(error, GatewayUnauthenticatedError):
        answer = _answer(HTTPStatus.UNAUTHORIZED, "ACCESS_FAILED", error.message, error_id)
        return WireAnswer(answer.status, (*answer.headers, _CHALLENGE), answer.body)
    if isinstance(error, CallTooLargeError):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return _answer(status, "PAYLOAD_TOO_LARGE", f"Payload Too Large: {error.message}", error_id)
    if not isinstance(error, MalformedMemberError):
        return _answer(HTTPStatus.BAD_REQUEST, "INVALID_REQUEST", error.message, error_id)
    target = error.target or msgspec.UNSET
    if error.limit is None:
        detail = ErrorDetail("INVALID_VALUE", error.message, target)
        return _answer(HTTPStatus.BAD_REQUEST, "INVALID_DATA", error.message, error_id, detail)
    # PingOne's answer to a bulk request with too many questions: a 400 of this title.
    detail = ErrorDetail("SIZE_LIMIT_EXCEEDED", error.message, target, InnerError(error.limit))
    message = f"Payload Too Large: {error.message}"
    return _answer(HTTPStatus.BAD_REQUEST, "PAYLOAD_TOO_LARGE", message, error_id, detail)


def no_such_resource(error_id: str) -> WireAnswer:
    """404: also for what is there, but none of this gateway's business."""
    message = "there is no such decision endpoint, or no such decision"
    return _answer(HTTPStatus.NOT_FOUND, "NOT_FOUND", message, error_id)


def wrong_method(allowed: str, error_id: str) -> WireAnswer:
    """405 with the one method that is answered here."""
    message = f"only {allowed} is answered here"
    answer = _answer(HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message, error_id)
    return WireAnswer(answer.status, (*answer.headers, (b"allow", allowed.encode())), answer.body)


def overloaded(error_id: str) -> WireAnswer:
    """429: seconds as a plain integer, never a date (facts/ping.md 1.6, 10)."""
    message = "too many decisions are under way, ask again"
    answer = _answer(HTTPStatus.TOO_MANY_REQUESTS, "REQUEST_LIMITED", message, error_id)
    seconds = b"%d" % RETRY_AFTER_SECONDS
    return WireAnswer(answer.status, (*answer.headers, (b"retry-after", seconds)), answer.body)


def _answer(
    status: HTTPStatus, code: str, message: str, error_id: str, *details: ErrorDetail
) -> WireAnswer:
    body = _ENCODER.encode(ErrorObject(error_id, code, message, details))
    return WireAnswer(status.value, _JSON, body)


_ENCODER = msgspec.json.Encoder()
# RFC 9110 11.6.1: a 401 has one. It names no more than what is protected.
_CHALLENGE = (b"www-authenticate", b'Bearer realm="decision-endpoint"')
_JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
