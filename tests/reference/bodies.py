"""Section 7's body: none, a document, or failed. Nothing here is lenient."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.reference.declared import Value
from tests.reference.situation import BODY, Error

__all__ = ["NO_BODY", "body_of_call", "body_of_response", "strict_document"]

NO_BODY = object()
FAILED_BODY = Error(BODY)
MOST_DEEP = 64
BODILESS_METHODS = ("GET", "HEAD", "OPTIONS", "DELETE")
Fields = tuple[tuple[str, str], ...]


def body_of_call(method: str, headers: Fields, body: str | None) -> Value:
    """A document, `NO_BODY`, or an error."""
    return read(headers, body, may_be_omitted=method in BODILESS_METHODS)


def body_of_response(method: str, status: int, headers: Fields, body: str | None) -> Value:
    """As of a call, but that HEAD and some statuses have none whatever the headers say."""
    if not body and (method == "HEAD" or status in (204, 304)):
        return NO_BODY
    return read(headers, body, may_be_omitted=False)


def read(headers: Fields, body: str | None, *, may_be_omitted: bool) -> Value:
    lengths = [value for name, value in headers if name == "content-length"]
    has_transfer = any(name == "transfer-encoding" for name, _ in headers)
    if len(lengths) > 1 or (lengths and has_transfer):
        return FAILED_BODY
    if any(re.fullmatch("[0-9]+", length) is None for length in lengths):
        return FAILED_BODY
    length = int(lengths[0]) if lengths else None
    if length == 0:
        return FAILED_BODY if body else NO_BODY
    if not body and length is None and not has_transfer and (may_be_omitted or body == ""):
        return NO_BODY
    if body is None or (length is not None and len(body.encode()) != length):
        return FAILED_BODY
    return document_of(headers, body)


def document_of(headers: Fields, body: str) -> Value:
    types = [value for name, value in headers if name == "content-type"]
    encodings = [value for name, value in headers if name == "content-encoding"]
    if len(types) != 1 or not is_json(types[0]):
        return FAILED_BODY
    if any(encoding.strip().lower() != "identity" for encoding in encodings):
        return FAILED_BODY
    return strict_document(body)


def is_json(media_type: str) -> bool:
    kind, *parameters = media_type.split(";")
    if re.fullmatch(r"application/(json|[^/]+\+json)", kind.strip().lower()) is None:
        return False
    charsets = [
        value.strip().strip('"').lower()
        for name, _, value in (parameter.partition("=") for parameter in parameters)
        if name.strip().lower() == "charset"
    ]
    return all(charset == "utf-8" for charset in charsets)


def strict_document(text: str) -> Value:
    """JSON with every member once and nothing that JSON does not have."""

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) < len(members):
            raise ValueError
        return dict(members)

    def never(_text: str) -> Value:
        raise ValueError

    try:
        found = json.loads(text, object_pairs_hook=once, parse_constant=never)
    except ValueError:
        return FAILED_BODY
    return found if depth(found) <= MOST_DEEP else FAILED_BODY


def depth(value: Value) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0
