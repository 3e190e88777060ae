"""The JSON body of a call or of an answer: there, absent, or failed (policy-language section 7).

Absent and failed are kept apart with care: a body that was cut off must not look like one without
the member that would have refused the call.
"""

from __future__ import annotations

import re
from enum import Enum

from deemster.model.http import ApiCall, Headers
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["NO_BODY", "BodyFailedError", "NoBody", "body_document"]

_MAX_DEPTH = 64
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_STATUSES_WITHOUT = frozenset({204, 304})
_LENGTH = re.compile(r"[0-9]{1,18}")
# RFC 9110 8.3.1, and 5.6.6 for parameters.
_MEDIA_TYPE = re.compile(r"application/(?:[a-z0-9!#$&^_.+-]+\+)?json")
_CHARSET = re.compile(r'charset=("?)utf-8\1')


class BodyFailedError(Exception):
    """The body was not delivered whole, or is no JSON. The message names nothing of it."""


class NoBody(Enum):
    """The type of the one marker `NO_BODY`."""

    MARKER = "no body"


NO_BODY = NoBody.MARKER


def body_document(call: ApiCall) -> object:
    """The document in the body, or NO_BODY; of the upstream's answer where there is one.

    Raises BodyFailedError.
    """
    response = call.response
    if response is None:
        return _document(call.headers, call.body, may_be_omitted=call.method in _WITHOUT_BODY)
    # RFC 9110 6.4.1: these have none, whatever their header fields say of the one they would have.
    if not response.body and (call.method == "HEAD" or response.status in _STATUSES_WITHOUT):
        return NO_BODY
    return _document(response.headers, response.body, may_be_omitted=False)


def _document(headers: Headers, body: str | None, *, may_be_omitted: bool) -> object:
    length = _declared_length(headers)
    is_chunked = bool(headers.get_all("transfer-encoding"))
    if is_chunked and length is not None:
        # RFC 9112 6.3: what two parties could read differently.
        raise BodyFailedError("Content-Length stands beside Transfer-Encoding")
    if not body:
        may_lack = length == 0 or (
            length is None and not is_chunked and (body == "" or may_be_omitted)
        )
        if may_lack:
            return NO_BODY
        raise BodyFailedError("the body was not delivered")
    data = _encoded(body)
    if length is not None and len(data) != length:
        raise BodyFailedError("the body differs in length from Content-Length")
    _check_media_type(headers)
    try:
        return read_strict_json(data, max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise BodyFailedError(f"the body is no strict JSON: {error.reason}") from None


def _declared_length(headers: Headers) -> int | None:
    found = headers.get_all("content-length")
    if not found:
        return None
    # RFC 9110 8.6: the same number several times is a form that some read and others refuse.
    if len(found) > 1 or _LENGTH.fullmatch(found[0]) is None:
        raise BodyFailedError("Content-Length is not one number")
    return int(found[0])


def _encoded(body: str) -> bytes:
    try:
        return body.encode("utf-8")
    except UnicodeEncodeError:
        raise BodyFailedError("the body is not UTF-8") from None


def _check_media_type(headers: Headers) -> None:
    types = headers.get_all("content-type")
    if len(types) != 1:
        raise BodyFailedError("Content-Type is not one media type")
    media_type, *parameters = [part.strip() for part in types[0].lower().split(";")]
    if _MEDIA_TYPE.fullmatch(media_type) is None:
        raise BodyFailedError("the body is no JSON by its media type")
    if any(part.startswith("charset") and not _CHARSET.fullmatch(part) for part in parameters):
        raise BodyFailedError("the body is in another charset than UTF-8")
    encodings = headers.get_all("content-encoding")
    if any(encoding.strip().lower() not in {"", "identity"} for encoding in encodings):
        raise BodyFailedError("the body is compressed")
