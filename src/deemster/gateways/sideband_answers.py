"""The JSON that answers a sideband call: what is forwarded, what the client is told instead.

facts/ping.md 1.3, 1.4 and 1.6: everything to be kept is listed, nothing is ever null.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from deemster.gateways.adapter import MessageChanges
from deemster.gateways.answers import (
    RETRY_AFTER_SECONDS,
    challenge_fields,
    missing_of,
    phrase,
    refusal_of,
)
from deemster.gateways.sideband_members import UNSET, RequestLeg, ResponseLeg
from deemster.model.decision import Decision, Statement
from deemster.model.http import ApiCall

__all__ = [
    "changed_answer",
    "changed_request",
    "deny_object",
    "unchanged_answer",
    "url_of",
    "with_state",
]


def changed_request(echo: bytes, changes: MessageChanges, statements: Iterable[Statement]) -> bytes:
    """The echo of a request, as statements leave its header fields and the query of its URL."""
    leg = _ECHO.decode(echo)
    leg.headers = _changed_headers(leg.headers, changes, statements)
    leg.url = _changed_url(leg.url, changes, statements)
    return _ENCODER.encode(leg)


def with_state(echo: bytes, state: str) -> bytes:
    """The echo with what the gateway is to bring back."""
    # INVARIANT: the echo is an object with members and ends in its brace.
    return b'%b,"state":%b}' % (echo[:-1], _ENCODER.encode(state))


def url_of(echo: bytes) -> str:
    """The URL that an echo names."""
    return _ECHO.decode(echo).url


def unchanged_answer(leg: ResponseLeg) -> bytes:
    """The upstream's answer as it was shown."""
    return _answer(leg, leg.headers, leg.body)


def changed_answer(
    leg: ResponseLeg, call: ApiCall, changes: MessageChanges, statements: tuple[Statement, ...]
) -> bytes:
    """The upstream's answer as statements leave it. Raises CannotCarryOutError."""
    headers, body = leg.headers, leg.body
    changed = changes.answer_body(call, statements)
    if changed is not None:
        body = changed
        headers = _of_changed_body(headers, len(changed.encode()))
    return _answer(leg, _changed_headers(headers, changes, statements), body)


def _answer(
    leg: ResponseLeg, headers: list[dict[str, str]], body: str | msgspec.UnsetType
) -> bytes:
    return _ENCODER.encode(
        _Answer(
            response_code=str(leg.response_code),
            response_status=leg.response_status,
            http_version=leg.http_version,
            headers=headers,
            body=body,
        )
    )


def _changed_headers(
    headers: list[dict[str, str]], changes: MessageChanges, statements: Iterable[Statement]
) -> list[dict[str, str]]:
    fields = tuple(field for entry in headers for field in entry.items())
    changed = changes.fields(fields, statements)
    return headers if changed == fields else [{name: value} for name, value in changed]


def _changed_url(url: str, changes: MessageChanges, statements: Iterable[Statement]) -> str:
    # A URL with a fragment is refused before anybody permits it.
    before, _, query = url.partition("?")
    changed = changes.query(query, statements)
    if changed == query:
        return url
    return f"{before}?{changed}" if changed else before


# RFC 9110 8.8.3 and 13, RFC 9530: they tell of the body that was there before.
_OF_THE_OLD_BODY = frozenset({"content-digest", "content-md5", "digest", "etag", "repr-digest"})


def _of_changed_body(headers: list[dict[str, str]], length: int) -> list[dict[str, str]]:
    """The fields of a body that has another length now: two lengths would be two messages."""
    kept: list[dict[str, str]] = []
    for entry in headers:
        for name, value in entry.items():
            lower = name.lower()
            if lower not in _OF_THE_OLD_BODY:
                kept.append({name: str(length) if lower == "content-length" else value})
    return kept


class _Answer(msgspec.Struct, gc=False):
    response_code: str
    response_status: str
    http_version: str
    headers: list[dict[str, str]]
    body: str | msgspec.UnsetType


class _Deny(msgspec.Struct, gc=False):
    response_code: str
    response_status: str
    http_version: str
    headers: list[dict[str, str]]
    body: str


class _DenyBody(msgspec.Struct, gc=False):
    code: str
    message: str
    id: str
    missing: list[dict[str, object]] | msgspec.UnsetType


_ENCODER = msgspec.json.Encoder()
_ECHO = msgspec.json.Decoder(RequestLeg)
_CONTENT_TYPE = {"content-type": "application/json"}
_NO_STORE = {"cache-control": "no-store"}
_RETRY_AFTER = {"retry-after": str(RETRY_AFTER_SECONDS)}


def deny_object(decision: Decision) -> bytes:
    """What a client is told instead (service.md 4); fit for either leg."""
    refusal = refusal_of(decision)
    headers = [_CONTENT_TYPE]
    headers += [{name: value} for name, value in challenge_fields(decision)]
    headers.append(_NO_STORE)
    if refusal.unavailable:
        headers.append(_RETRY_AFTER)
    missing = missing_of(decision)
    body = _DenyBody(
        code=refusal.code,
        message=refusal.message,
        id=decision.decision_id,
        missing=UNSET if missing is None else missing,
    )
    return _ENCODER.encode(
        _Deny(
            response_code=str(refusal.status),
            response_status=phrase(refusal.status),
            http_version="1.1",
            headers=headers,
            body=_ENCODER.encode(body).decode(),
        )
    )
