"""AuthZEN 1.0 over HTTP: one question, and several in one message.

Authorization API 1.0 sections 6, 7 and 10 (facts/authzen.md 1 to 3). A deny is an HTTP 200; what is
wrong with the asking is a status of 400 and more, which is never a decision.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import msgspec

from deemster.errors import MalformedCallError, ProtocolError
from deemster.gateways.adapter import WireAnswer, WireHeaders, WireRequest
from deemster.gateways.answers import (
    REFUSALS,
    RETRY_AFTER_SECONDS,
    answer_headers,
    error_answer,
    error_status,
)
from deemster.gateways.authzen_answers import (
    WORDED,
    batch_body,
    decision_body,
    refused_item_body,
)
from deemster.gateways.authzen_questions import (
    AuthzenQuestion,
    Evaluations,
    Semantic,
)
from deemster.gateways.deciding import Asked, Begun, GatewayReports, Pending, RecordedDecisions
from deemster.gateways.header_fields import has_control_characters
from deemster.model.decision import Decision, Reason
from deemster.model.gateway import GatewayCaller
from deemster.model.http import EVERY_STATEMENT, ApiCall, Headers

__all__ = ["PROTOCOL", "AuthzenExchange", "Begin", "BeginSeveral", "ItemAnswer", "Read", "Together"]

PROTOCOL = "authzen"

Begin = Callable[[AuthzenQuestion, GatewayCaller, ApiCall], Begun]
"""The decision point's part, for one question; the call is what is recorded of it."""

BeginSeveral = Callable[[], Begin]
"""The same for the questions of one message that are begun without waiting in between."""


class ItemAnswer(msgspec.Struct, frozen=True, gc=False):
    """What is told about one question: `permitted` as the body says it.

    `overloaded` is the decision's id where there were too many to judge it.
    """

    body: bytes
    permitted: bool
    overloaded: str = ""


Together = Callable[[Sequence[Pending[ItemAnswer]]], Awaitable[list[ItemAnswer]]]
"""Waits for all of them, so many at a time; the answers in their order."""


Read = Callable[[bytes], AuthzenQuestion | Evaluations]
"""A body's question or questions. Raises MalformedCallError."""


class AuthzenExchange:
    """One of the two APIs; they differ in what `read` finds in a body.

    Of several questions each is decided and recorded as if it came alone.
    """

    protocol = PROTOCOL
    methods: frozenset[str] | None = None
    """Every one: a wrong one is refused here, where X-Request-ID is given back."""

    def __init__(
        self,
        *,
        read: Read,
        decisions: RecordedDecisions,
        begin: Begin,
        begin_several: BeginSeveral | None = None,
        together: Together,
        reports: GatewayReports,
        new_id: Callable[[], str],
    ) -> None:
        self._read = read
        self._decisions = decisions
        self._begin = begin
        self._begin_several = begin_several or (lambda: begin)
        self._together = together
        self._reports = reports
        self._new_id = new_id

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer | Pending[WireAnswer]:
        """Raises ProtocolError."""
        single = wire.single
        # Nearly always: nothing to give back, and the content type to the letter.
        plain = single is not None and b"x-request-id" not in single
        request_id = None if plain else _request_id(wire.headers)
        if wire.method != "POST":
            message = "this endpoint answers POST only"
            return error_answer(
                405, "method-not-allowed", message, self._new_id(), _ALLOW, *_echo(request_id)
            )
        if single is None or single.get(b"content-type") != _JSON[1]:
            _check_content_type(wire.headers)
        asked = self._read(wire.body)
        if isinstance(asked, AuthzenQuestion):
            return self._one(caller, asked, request_id)
        if asked.semantic is not Semantic.EXECUTE_ALL:
            return Pending(self._until(caller, asked, request_id))
        # Every question is begun before any is waited for, so the deadline is that of one.
        begin = self._begin_several()
        begun = [self._item(caller, question, request_id, begin) for question in asked.questions]
        pending = [answer for answer in begun if isinstance(answer, Pending)]
        if pending:
            return Pending(self._waited_for(begun, pending, request_id))
        answers = [answer for answer in begun if not isinstance(answer, Pending)]
        return _told_together(answers, request_id)

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """A 4xx with a JSON object, and the call's own X-Request-ID."""
        try:
            more = _echo(_request_id(headers))
        except MalformedCallError:
            more = ()  # which of them would it be
        status = error_status(error)
        if status == HTTPStatus.UNAUTHORIZED:
            more = (_CHALLENGE, *more)
        return error_answer(status, error.code, error.message, error_id, *more)

    def _one(
        self, caller: GatewayCaller, question: AuthzenQuestion, request_id: str | None
    ) -> WireAnswer | Pending[WireAnswer]:
        def encode(decision: Decision) -> WireAnswer:
            if decision.reason is Reason.OVERLOADED:
                return _overloaded(decision.decision_id, request_id)
            headers = (*answer_headers(decision), *_echo(request_id))
            return WireAnswer(200, headers, decision_body(decision))

        asked = _asked(caller, question, request_id)
        return self._decisions.begin_answer(
            asked, lambda: self._begin(question, caller, asked.call), encode
        )

    async def _waited_for(
        self,
        begun: Sequence[ItemAnswer | Pending[ItemAnswer]],
        pending: Sequence[Pending[ItemAnswer]],
        request_id: str | None,
    ) -> WireAnswer:
        fetched = iter(await self._together(pending))
        answers = [next(fetched) if isinstance(answer, Pending) else answer for answer in begun]
        return _told_together(answers, request_id)

    async def _until(
        self, caller: GatewayCaller, asked: Evaluations, request_id: str | None
    ) -> WireAnswer:
        """In order, up to and including the first whose decision ends it (section 7.1.2)."""
        ends = asked.semantic is Semantic.PERMIT_ON_FIRST_PERMIT
        answers: list[ItemAnswer] = []
        for question in asked.questions:
            answer = self._item(caller, question, request_id, self._begin)
            answers.append(await answer if isinstance(answer, Pending) else answer)
            if answers[-1].permitted is ends or answers[0].overloaded:
                break
        return _told_together(answers, request_id)

    def _item(
        self,
        caller: GatewayCaller,
        question: AuthzenQuestion | MalformedCallError,
        request_id: str | None,
        begin: Begin,
    ) -> ItemAnswer | Pending[ItemAnswer]:
        if isinstance(question, MalformedCallError):
            return self._refused(question)
        try:
            asked = _asked(caller, question, request_id)
            return self._decisions.begin_answer(
                asked,
                lambda: begin(question, caller, asked.call),
                _item_answer,
            )
        except ProtocolError as error:
            # The others stand: one question that is none is a deny for itself.
            return self._refused(error)

    def _refused(self, error: ProtocolError) -> ItemAnswer:
        error_id = self._new_id()
        self._reports.refused_call(PROTOCOL, error, error_id)
        return ItemAnswer(refused_item_body(error.message, error_id), permitted=False)


def _asked(caller: GatewayCaller, question: AuthzenQuestion, request_id: str | None) -> Asked:
    request = question.request
    call = ApiCall(
        request.action.name,
        "",
        _NO_HEADERS,
        gateway_request_id=request_id,
        # Told as data, all of them; what a permit is tied to is another matter, see WORDED.
        possible=EVERY_STATEMENT,
        question=request,
    )
    return Asked(PROTOCOL, WORDED, caller, call)


def _told_together(answers: Sequence[ItemAnswer], request_id: str | None) -> WireAnswer:
    if answers[0].overloaded:
        return _overloaded(answers[0].overloaded, request_id)
    body = batch_body([answer.body for answer in answers])
    return WireAnswer(200, (_JSON, *_echo(request_id)), body)


def _item_answer(decision: Decision) -> ItemAnswer:
    if decision.permitted:
        return ItemAnswer(decision_body(decision), permitted=True)
    shed = decision.decision_id if decision.reason is Reason.OVERLOADED else ""
    return ItemAnswer(decision_body(decision), permitted=False, overloaded=shed)


# --- what is no decision ------------------------------------------------------------------------


def _overloaded(decision_id: str, request_id: str | None) -> WireAnswer:
    refusal = REFUSALS[Reason.OVERLOADED]
    return error_answer(
        refusal.status, refusal.code, refusal.message, decision_id, _RETRY, *_echo(request_id)
    )


def _check_content_type(headers: WireHeaders) -> None:
    """Section 10.1: JSON, and UTF-8 (RFC 8259 8.1). Not a 415: the protocol has no such answer."""
    found = [value for name, value in headers if name == b"content-type"]
    if found == [_JSON[1]]:
        return
    if len(found) != 1 or _CONTENT_TYPE(found[0].lower()) is None:
        raise MalformedCallError("`Content-Type` must be `application/json`")


def _request_id(headers: WireHeaders) -> str | None:
    """Section 10.1.3: an arbitrary text of the caller's, which the answer gives back.

    Raises MalformedCallError for what could not be given back as it came.
    """
    found = [value for name, value in headers if name == b"x-request-id"]
    if not found:
        return None
    text = found[0].decode("latin-1")
    if len(found) > 1 or len(text) > _LONGEST_REQUEST_ID or has_control_characters(text):
        raise MalformedCallError(
            f"`X-Request-ID` must be one field of at most {_LONGEST_REQUEST_ID} bytes"
        )
    return text


def _echo(request_id: str | None) -> tuple[tuple[bytes, bytes], ...]:
    return () if request_id is None else ((b"x-request-id", request_id.encode("latin-1")),)


_NO_HEADERS = Headers(())
_JSON = (b"content-type", b"application/json")
_ALLOW = (b"allow", b"POST")
_RETRY = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
# RFC 9110 11.6.1: a 401 has one. It names no more than what is protected.
_CHALLENGE = (b"www-authenticate", b'Bearer realm="authzen"')
_CONTENT_TYPE = re.compile(
    rb'application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?'
).fullmatch
_LONGEST_REQUEST_ID = 1024
