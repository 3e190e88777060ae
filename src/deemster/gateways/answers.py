"""What a reason is called towards the end user: one exhaustive table for every adapter.

Sources: service.md 4; RFC 9110 15 (statuses), RFC 6750 3.1 and RFC 9470 3 (which of them carry a
challenge). The wire around it is each adapter's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from deemster.errors import (
    CallTooLargeError,
    GatewayUnauthenticatedError,
    ProtocolError,
)
from deemster.gateways.adapter import WireAnswer
from deemster.model.decision import STEP_UP_ERROR, Decision, Reason, Requirement

__all__ = [
    "REFUSALS",
    "Refusal",
    "answer_headers",
    "challenge_fields",
    "challenge_of",
    "decision_id_field",
    "denied_body",
    "error_answer",
    "error_status",
    "missing_of",
    "phrase",
    "refusal_of",
]

RETRY_AFTER_SECONDS = 1
"""For calls that are worth asking again: a plain integer, never a date (facts/ping.md 1.6, 10)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a deny is told: `code` and `message` may be the author's, `status` an HTTP status.

    `unavailable` means the call was not judged on its merits and may be asked again.
    """

    code: str
    status: int
    message: str
    unavailable: bool = False


def refusal_of(decision: Decision) -> Refusal:
    """The refusal that tells a decision which is not a permit.

    The author's words are left out where the API service discloses nothing; his status is not
    text, it stays.
    """
    refusal = REFUSALS[decision.reason]
    service = decision.service
    if decision.reason is Reason.NO_OPERATION and service is not None:
        status = service.unmatched_status if service.unmatched_status in _UNMATCHED else 403
        refusal = Refusal(refusal.code, status, refusal.message)
    challenge = decision.challenge
    if challenge is not None and challenge.error == STEP_UP_ERROR:
        # The author's `auth-challenge`: a challenge that is worth meeting is a 401 (RFC 9470 3).
        refusal = Refusal(refusal.code, 401, refusal.message)
    author = decision.denied_reason
    if author is None:
        return refusal
    status = refusal.status
    # The author's status replaces a plain 403 of his own policy; what the path, the token, the
    # user or an outage decided keeps the status that its reason has.
    may_choose = decision.reason is Reason.POLICY_DENIED and status != 401
    if may_choose and author.status in _AUTHORS:
        status = author.status
    if service is not None and service.disclose == "none":
        return Refusal(refusal.code, status, refusal.message, refusal.unavailable)
    return Refusal(author.code, status, author.message, refusal.unavailable)


def challenge_of(decision: Decision) -> str | None:
    """The value of WWW-Authenticate, None where there is none to tell.

    A value that cannot stand in a header field is left out: the call stays refused.
    """
    if decision.challenge is None:
        return None
    if decision.service is not None and decision.service.disclose == "none":
        return None
    value = decision.challenge.header()
    return value if _is_visible(value) else None


def challenge_fields(decision: Decision) -> list[tuple[str, str]]:
    """Header fields by which a caller learns what to bring (RFC 9110 11.6.1, RFC 9449 9)."""
    value = challenge_of(decision)
    if value is None:
        return []
    fields = [("www-authenticate", value)]
    nonce = decision.challenge.nonce if decision.challenge is not None else None
    if nonce is not None and _is_visible(nonce):
        fields.append(("dpop-nonce", nonce))
    return fields


def missing_of(decision: Decision) -> list[dict[str, object]] | None:
    """What would have sufficed, where the API service discloses it (`disclose: missing`)."""
    service = decision.service
    if service is None or service.disclose != "missing" or not decision.missing:
        return None
    return [_requirement(requirement) for requirement in decision.missing]


def phrase(status: int) -> str:
    """The reason phrase of RFC 9110, e.g. `Forbidden`."""
    return HTTPStatus(status).phrase


def answer_headers(decision: Decision) -> tuple[tuple[bytes, bytes], ...]:
    """Header fields of our own HTTP answer to the gateway: what, which decision, which policy."""
    told, revision = decision.decision_id, decision.revision
    if told and revision and _is_visible(told + revision):
        return (
            _JSON,
            (b"x-decision-id", told.encode("ascii")),
            (b"x-policy-revision", revision.encode("ascii")),
        )
    headers = [_JSON]
    if _is_visible(decision.decision_id):
        headers.append((b"x-decision-id", decision.decision_id.encode("ascii")))
    if _is_visible(decision.revision):
        headers.append((b"x-policy-revision", decision.revision.encode("ascii")))
    return tuple(headers)


def decision_id_field(decision: Decision) -> list[tuple[bytes, bytes]]:
    """`X-Decision-Id`, where the id can stand in a header field."""
    if not _is_visible(decision.decision_id):
        return []
    return [(b"x-decision-id", decision.decision_id.encode("ascii"))]


def denied_body(decision: Decision) -> bytes:
    """A deny as the end user is told it: a JSON object with `code`, `message`, `id`, and `missing`
    where the API service discloses it (service.md 4)."""
    refusal = refusal_of(decision)
    body: dict[str, object] = {
        "code": refusal.code,
        "message": refusal.message,
        "id": decision.decision_id,
    }
    missing = missing_of(decision)
    if missing is not None:
        body["missing"] = missing
    return _ENCODER.encode(body)


def error_status(error: ProtocolError) -> int:
    """The status of the HTTP protocols' own answer to a gateway that asked wrongly."""
    if isinstance(error, GatewayUnauthenticatedError):
        return 401
    if isinstance(error, CallTooLargeError):
        return 413
    return 400


def error_answer(
    status: int, code: str, message: str, error_id: str, *headers: tuple[bytes, bytes]
) -> WireAnswer:
    """A JSON object with `code`, `message` and `id`: the form of every error to a gateway."""
    body = _ENCODER.encode({"code": code, "message": message, "id": error_id})
    return WireAnswer(status, (_JSON, *headers), body)


_ENCODER = msgspec.json.Encoder()
_JSON = (b"content-type", b"application/json")
_UNMATCHED = (403, 404)
_AUTHORS = (401, 403, 404)


def _is_visible(value: str) -> bool:
    # H7: what goes into a header field is visible ASCII and spaces, whoever chose it.
    return bool(value) and value.isascii() and value.isprintable()


def _requirement(requirement: Requirement) -> dict[str, object]:
    told: dict[str, object] = {"kind": requirement.kind}
    if requirement.any_of:
        told["any"] = requirement.any_of
    if requirement.all_of:
        told["all"] = requirement.all_of
    if requirement.seconds is not None:
        told["seconds"] = requirement.seconds
    return told


_NOT_ACCEPTED = "the access token is not accepted"
_NOT_PROVEN = "the proof of possession is not accepted"
_NOT_ALLOWED = "this call is not allowed"
_NOT_NOW = "the decision is not available at the moment"

_TABLE: dict[Reason, tuple[int, str]] = {
    # A deny that says it was permitted is a fault of ours.
    Reason.PERMITTED: (503, _NOT_NOW),
    Reason.PERMITTED_PREFLIGHT: (503, _NOT_NOW),
    Reason.NO_API_SERVICE: (404, "no such API"),
    Reason.TOKEN_MISSING: (401, "an access token is required"),
    Reason.TOKEN_MALFORMED: (401, _NOT_ACCEPTED),
    Reason.TOKEN_EXPIRED: (401, "the access token has expired"),
    Reason.TOKEN_NOT_YET_VALID: (401, _NOT_ACCEPTED),
    Reason.TOKEN_SIGNATURE_INVALID: (401, _NOT_ACCEPTED),
    Reason.TOKEN_ISSUER_UNKNOWN: (401, _NOT_ACCEPTED),
    Reason.TOKEN_AUDIENCE_MISMATCH: (401, _NOT_ACCEPTED),
    Reason.TOKEN_TYPE_REJECTED: (401, _NOT_ACCEPTED),
    Reason.TOKEN_INACTIVE: (401, _NOT_ACCEPTED),
    Reason.TOKEN_REVOKED: (401, _NOT_ACCEPTED),
    Reason.CLAIMS_MISSING: (401, "verified claims are required"),
    Reason.PROOF_MISSING: (401, "a proof of possession is required"),
    Reason.PROOF_INVALID: (401, _NOT_PROVEN),
    Reason.PROOF_NONCE_REQUIRED: (401, "the proof of possession needs a fresh nonce"),
    Reason.BINDING_FAILED: (401, _NOT_PROVEN),
    Reason.BEARER_NOT_ACCEPTED: (401, "a bearer token is not accepted here"),
    Reason.CREDENTIAL_AMBIGUOUS: (400, "more than one credential was presented"),
    Reason.RESERVED_HEADER: (400, "the call carries a header that is not accepted"),
    Reason.AMBIGUOUS_PATH: (400, "the path can be read in more than one way"),
    Reason.USER_UNKNOWN: (403, _NOT_ALLOWED),
    Reason.USER_DISABLED: (403, _NOT_ALLOWED),
    Reason.CLAIMS_NOT_ACCEPTED: (403, _NOT_ALLOWED),
    Reason.CLAIMS_MALFORMED: (403, _NOT_ALLOWED),
    Reason.SUBJECT_NOT_ACCEPTED: (403, _NOT_ALLOWED),
    Reason.STATE_REJECTED: (403, _NOT_ALLOWED),
    Reason.BODY_UNAVAILABLE: (403, "the body could not be examined"),
    Reason.SCOPE_MISSING: (403, "the access token lacks a required scope"),
    Reason.GROUP_MISSING: (403, _NOT_ALLOWED),
    Reason.PERMISSION_MISSING: (403, _NOT_ALLOWED),
    Reason.POLICY_DENIED: (403, _NOT_ALLOWED),
    Reason.NO_RULE: (403, _NOT_ALLOWED),
    Reason.STATEMENT_NOT_POSSIBLE: (403, _NOT_ALLOWED),
    Reason.ACTOR_NOT_ALLOWED: (403, _NOT_ALLOWED),
    Reason.DELEGATION_TOO_DEEP: (403, _NOT_ALLOWED),
    Reason.AUTHENTICATION_TOO_WEAK: (401, "a stronger authentication is required"),
    Reason.AUTHENTICATION_TOO_OLD: (401, "a more recent authentication is required"),
    Reason.NO_OPERATION: (403, _NOT_ALLOWED),
    Reason.INDETERMINATE: (403, _NOT_ALLOWED),
    Reason.ATTRIBUTE_MISSING: (403, _NOT_ALLOWED),
    Reason.DEPENDENCY_UNAVAILABLE: (503, _NOT_NOW),
    Reason.DEADLINE_EXCEEDED: (503, _NOT_NOW),
    Reason.POLICY_TOO_OLD: (503, _NOT_NOW),
    Reason.OVERLOADED: (503, _NOT_NOW),
    Reason.INTERNAL_ERROR: (503, _NOT_NOW),
}

REFUSALS: Mapping[Reason, Refusal] = MappingProxyType(
    {
        reason: Refusal(
            (Reason.INTERNAL_ERROR if "permitted" in reason.value else reason).value,
            status,
            message,
            unavailable=status == 503,
        )
        for reason, (status, message) in _TABLE.items()
    }
)
"""Every reason there is, a permit's too: whatever a deny says, it is told as a refusal."""
