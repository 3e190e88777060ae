"""Decision record, version 1: built from an allow-list (service.md 5).

Nothing is copied from a call by accident: each field is named here, and no token, secret, header
or body has a field.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from deemster.decisionlog.digests import Digests
from deemster.decisionlog.redaction import redact_url, shortened
from deemster.decisionlog.redaction_rules import RedactionRules, Redactions
from deemster.decisionlog.replayable import ReplayRules, ReplayV1, replayable
from deemster.model.access import Resource
from deemster.model.decision import Decision, Effect, NodeRef, Reason, Requirement
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from deemster.model.identity import VerifiedClaims

__all__ = [
    "DecidingV1",
    "DecisionRecordV1",
    "MissingV1",
    "RecordBuilder",
    "RecordTime",
    "ResourceV1",
    "StatementV1",
    "TokenV1",
    "outcome_of",
]

MAX_NAME = 256
"""Characters kept of any text that a stranger may have chosen, the URL aside."""

_ERRORS = frozenset(
    {
        Reason.DEPENDENCY_UNAVAILABLE,
        Reason.DEADLINE_EXCEEDED,
        Reason.POLICY_TOO_OLD,
        Reason.OVERLOADED,
        Reason.INTERNAL_ERROR,
    }
)


class DecidingV1(msgspec.Struct, frozen=True, gc=False):
    """The policy node that decided, and where it is written (`file:line`)."""

    id_path: str
    place: str


class MissingV1(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What would have been needed; names are the policy author's."""

    kind: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    seconds: int | None = None


class StatementV1(msgspec.Struct, frozen=True, gc=False):
    """A statement that applies. Its payload may hold user data: not recorded.

    `fulfilled` says that it went with the answer: one that could not be made, or that the gateway
    cannot carry out, did not.
    """

    id: str
    code: str
    obligatory: bool
    fulfilled: bool


class ResourceV1(msgspec.Struct, frozen=True, gc=False):
    """What a question of AuthZEN was about; its properties are not recorded."""

    type: str
    id: str


class TokenV1(msgspec.Struct, frozen=True, gc=False):
    """How the claims came about. `jti_digest` is a digest of the claim, never the claim."""

    claims: str
    kid: str | None
    jti_digest: str | None


class DecisionRecordV1(msgspec.Struct, frozen=True, gc=False):
    """One decision, one line of JSON. Every field is always there; null where unknown.

    But for `replay`: it is there where the settings want decisions to be decided again.
    """

    v: int
    decision_id: str
    gateway_request_id: str | None
    time: str
    environment: str
    revision: str
    protocol: str
    gateway: str | None
    secret_id: str | None
    api_service: str | None
    operation: str | None
    method: str
    url: str
    resource: ResourceV1 | None
    client_ip: str | None
    subject: str | None
    client_id: str | None
    provider: str | None
    effect: str
    outcome: str
    reason: Reason
    reasons: tuple[Reason, ...]
    deciding: DecidingV1 | None
    missing: tuple[MissingV1, ...]
    statements: tuple[StatementV1, ...]
    reads: tuple[str, ...]
    elapsed_us: int
    token: TokenV1
    masked: tuple[str, ...]
    replay: ReplayV1 | msgspec.UnsetType = msgspec.UNSET


class RecordTime:
    """RFC 3339 in UTC with milliseconds.

    The text of the second is made once a second, the whole once a millisecond.
    """

    __slots__ = ("_millisecond", "_prefix", "_second", "_text")

    def __init__(self) -> None:
        self._millisecond = -1
        self._second = -1
        self._prefix = ""
        self._text = ""

    def text(self, epoch: float) -> str:
        """`2026-11-22T09:00:00.125Z` for seconds since 1970."""
        millisecond = int(epoch * 1000)
        if millisecond == self._millisecond:
            return self._text
        second, fraction = divmod(millisecond, 1000)
        if second != self._second:
            self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            self._second = second
        self._millisecond = millisecond
        self._text = f"{self._prefix}{fraction:03d}Z"
        return self._text


def outcome_of(decision: Decision) -> str:
    """`permit`, `deny`, or `error` where the answer says that we could not tell."""
    if decision.effect is Effect.PERMIT:
        return "permit"
    return "error" if decision.reason in _ERRORS else "deny"


class RecordBuilder:
    """Makes records for one environment. `wall` yields seconds since 1970."""

    __slots__ = (
        "_digests",
        "_environment",
        "_places",
        "_redactions",
        "_replay",
        "_time",
        "_wall",
    )

    def __init__(
        self,
        environment: str,
        wall: Callable[[], float],
        *,
        redact: RedactionRules | None = None,
        replay: ReplayRules | None = None,
    ) -> None:
        self._environment = environment
        self._digests = Digests(None if redact is None else redact.salt)
        self._redactions = None if redact is None or not redact.members else Redactions(redact)
        self._replay = replay
        self._wall = wall
        self._time = RecordTime()
        self._places: dict[int, tuple[NodeRef, DecidingV1]] = {}

    def build(
        self,
        protocol: str,
        caller: GatewayCaller | None,
        call: ApiCall,
        decision: Decision,
        outcome: str,
        elapsed_us: int,
    ) -> DecisionRecordV1:
        """The record of one decision; `outcome` as `outcome_of` says."""
        url = call.url
        masked: tuple[str, ...] = ()
        if "?" in url or "@" in url or "#" in url or len(url) > MAX_NAME:
            url, masked = redact_url(url)
        resource = None
        if call.question is not None:
            resource, masked = _resource(call.question.resource)
        service, deciding, missing = decision.service, decision.deciding, decision.missing
        method, request_id, client_ip = call.method, call.gateway_request_id, call.client_ip
        subject, client_id = decision.subject, decision.client_id
        # Cut where they are long: texts that nobody gave cost nothing.
        if client_ip is not None and len(client_ip) > MAX_NAME:
            client_ip = shortened(client_ip, MAX_NAME)
        if subject is not None and len(subject) > MAX_NAME:
            subject = shortened(subject, MAX_NAME)
        if client_id is not None and len(client_id) > MAX_NAME:
            client_id = shortened(client_id, MAX_NAME)
        gateway, secret_id = (
            (None, None) if caller is None else (caller.gateway.id, caller.secret_id)
        )
        record = DecisionRecordV1(
            1,
            decision.decision_id,
            None if request_id is None else shortened(request_id, MAX_NAME),
            self._time.text(self._wall()),
            self._environment,
            decision.revision,
            protocol,
            gateway,
            secret_id,
            None if service is None else service.id,
            decision.operation,
            method if len(method) <= MAX_NAME else shortened(method, MAX_NAME),
            url,
            resource,
            client_ip,
            subject,
            client_id,
            decision.provider,
            # INVARIANT: anything that is not PERMIT itself is recorded as a deny.
            "permit" if decision.effect is Effect.PERMIT else "deny",
            outcome,
            decision.reason,
            decision.reasons,
            None if deciding is None else self._place(deciding),
            _missing(missing) if missing else (),
            _statements(decision) if decision.statements or decision.left_out else (),
            decision.reads,
            elapsed_us,
            _NO_TOKEN if decision.token is None else self._token(decision.token),
            masked,
            msgspec.UNSET if self._replay is None else self._replayable(call, decision),
        )
        return record if self._redactions is None else _redacted(record, self._redactions)

    def _replayable(self, call: ApiCall, decision: Decision) -> ReplayV1 | msgspec.UnsetType:
        if decision.evidence is None or self._replay is None:
            return msgspec.UNSET
        return replayable(
            decision.evidence,
            decision.token,
            call,
            self._replay,
            self._digests,
            self._redactions,
        )

    def _token(self, claims: VerifiedClaims) -> TokenV1:
        jti = claims.claims.get("jti")
        return TokenV1(
            "asserted" if claims.asserted else "verified",
            _name(claims.key_id),
            # Enough to find a token's other decisions by its `jti`, and no way back to that.
            self._digests.of(jti) if isinstance(jti, str) else None,
        )

    def _place(self, deciding: NodeRef) -> DecidingV1:
        """Written once for each node that decides: most decisions are made by few of them."""
        known = self._places.get(id(deciding))
        if known is not None and known[0] is deciding:
            return known[1]
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        place = DecidingV1(deciding.id_path, deciding.span.place)
        self._places[id(deciding)] = (deciding, place)
        return place


_MOST_PLACES = 10_000
_NO_TOKEN = TokenV1("none", None, None)


def _name(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_NAME else shortened(text, MAX_NAME)


def _resource(resource: Resource) -> tuple[ResourceV1, tuple[str, ...]]:
    """An id may be a URL of whatever type, and is then masked like one."""
    masked: tuple[str, ...] = ()
    id_ = resource.id
    if "?" in id_ or "@" in id_ or "#" in id_ or len(id_) > MAX_NAME:
        id_, names = redact_url(id_)
        masked = tuple([name.replace("url", "resource.id") for name in names])
    kind = resource.type
    return ResourceV1(kind if len(kind) <= MAX_NAME else shortened(kind, MAX_NAME), id_), masked


def _redacted(record: DecisionRecordV1, by: Redactions) -> DecisionRecordV1:
    """Without what the operator does not want in it."""
    masked = list(record.masked)
    resource = record.resource
    if resource is not None:
        resource = ResourceV1(resource.type, by.resource_id(resource.id, masked))
    return replace(
        record,
        subject=by.subject(record.subject, masked),
        client_id=by.client_id(record.client_id, masked),
        client_ip=by.client_ip(record.client_ip, masked),
        gateway_request_id=by.gateway_request_id(record.gateway_request_id, masked),
        url=by.url(record.url, masked),
        resource=resource,
        masked=tuple(masked),
    )


def _missing(requirements: tuple[Requirement, ...]) -> tuple[MissingV1, ...]:
    return tuple(
        [MissingV1(item.kind, item.any_of, item.all_of, item.seconds) for item in requirements]
    )


def _statements(decision: Decision) -> tuple[StatementV1, ...]:
    told = [
        StatementV1(one.id, one.code, one.obligatory, fulfilled=True) for one in decision.statements
    ]
    left_out = [
        StatementV1(one.id, one.code, one.obligatory, fulfilled=False) for one in decision.left_out
    ]
    return (*told, *left_out)
