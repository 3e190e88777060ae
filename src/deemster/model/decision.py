"""The answer: effect, reason, and what the gateway must do with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

import msgspec

from deemster.model.identity import VerifiedClaims
from deemster.model.source import SourceSpan

if TYPE_CHECKING:
    from deemster.model.evidence import Evidence

__all__ = [
    "STEP_UP_ERROR",
    "Challenge",
    "Decision",
    "DeniedReason",
    "Effect",
    "LeftOut",
    "NodeRef",
    "Reason",
    "Requirement",
    "ServiceFacts",
    "Statement",
]


class Effect(Enum):
    """Two values, final. Only permit permits."""

    PERMIT = "permit"
    DENY = "deny"


class Reason(StrEnum):
    """Why, as a closed list; the value is the word on the wire (`service.md` 4)."""

    PERMITTED = "permitted"
    PERMITTED_PREFLIGHT = "permitted-preflight"
    NO_API_SERVICE = "no-api-service"
    TOKEN_MISSING = "token-missing"
    TOKEN_MALFORMED = "token-malformed"
    TOKEN_EXPIRED = "token-expired"
    TOKEN_NOT_YET_VALID = "token-not-yet-valid"
    TOKEN_SIGNATURE_INVALID = "token-signature-invalid"
    TOKEN_ISSUER_UNKNOWN = "token-issuer-unknown"
    TOKEN_AUDIENCE_MISMATCH = "token-audience-mismatch"
    TOKEN_TYPE_REJECTED = "token-type-rejected"
    TOKEN_INACTIVE = "token-inactive"
    TOKEN_REVOKED = "token-revoked"
    CLAIMS_MISSING = "claims-missing"
    PROOF_MISSING = "proof-missing"
    PROOF_INVALID = "proof-invalid"
    PROOF_NONCE_REQUIRED = "proof-nonce-required"
    BINDING_FAILED = "binding-failed"
    BEARER_NOT_ACCEPTED = "bearer-not-accepted"
    CREDENTIAL_AMBIGUOUS = "credential-ambiguous"
    RESERVED_HEADER = "reserved-header"
    AMBIGUOUS_PATH = "ambiguous-path"
    USER_UNKNOWN = "user-unknown"
    USER_DISABLED = "user-disabled"
    CLAIMS_NOT_ACCEPTED = "claims-not-accepted"
    CLAIMS_MALFORMED = "claims-malformed"
    SUBJECT_NOT_ACCEPTED = "subject-not-accepted"
    STATE_REJECTED = "state-rejected"
    BODY_UNAVAILABLE = "body-unavailable"
    SCOPE_MISSING = "scope-missing"
    GROUP_MISSING = "group-missing"
    PERMISSION_MISSING = "permission-missing"
    POLICY_DENIED = "policy-denied"
    NO_RULE = "no-rule"
    STATEMENT_NOT_POSSIBLE = "statement-not-possible"
    ACTOR_NOT_ALLOWED = "actor-not-allowed"
    DELEGATION_TOO_DEEP = "delegation-too-deep"
    AUTHENTICATION_TOO_WEAK = "authentication-too-weak"
    AUTHENTICATION_TOO_OLD = "authentication-too-old"
    NO_OPERATION = "no-operation"
    INDETERMINATE = "indeterminate"
    ATTRIBUTE_MISSING = "attribute-missing"
    DEPENDENCY_UNAVAILABLE = "dependency-unavailable"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    POLICY_TOO_OLD = "policy-too-old"
    OVERLOADED = "overloaded"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node of the policy tree: its id path (`invoices/pay-invoice/allow`) and its place."""

    id_path: str
    span: SourceSpan

    def __str__(self) -> str:
        return f"{self.id_path} ({self.span.place})"


@dataclass(frozen=True, slots=True)
class DeniedReason:
    """The author's own words on a deny (`otherwise`, `deniedReason`)."""

    code: str
    message: str
    detail: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an `allow` line asks for: shown as `missing` where the service discloses it.

    `kind` is `scopes`, `groups`, `permissions`, `acr` or `maxAge`; `any_of` and `all_of` are
    the names as written (for `maxAge`, `seconds`).
    """

    kind: str
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    seconds: int | None = None


STEP_UP_ERROR = "insufficient_user_authentication"
"""RFC 9470 3: the error code of a challenge that a stronger authentication meets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What goes into WWW-Authenticate (RFC 6750 3, RFC 9470 3, RFC 9449 7.1).

    None members are left out. `otherwise` is what would do as well. `nonce` goes into a header
    field of its own, `DPoP-Nonce` (RFC 9449 9).
    """

    realm: str
    scheme: str = "Bearer"
    error: str | None = None
    scope: str | None = None
    acr_values: str | None = None
    max_age: int | None = None
    algs: str | None = None
    nonce: str | None = None
    otherwise: Challenge | None = None

    def header(self) -> str:
        """The header's value, e.g. `Bearer realm="https://api.example.com/", error="…"`."""
        told = {
            "realm": self.realm,
            "error": self.error,
            "scope": self.scope,
            "acr_values": self.acr_values,
            "max_age": None if self.max_age is None else str(self.max_age),
            "algs": self.algs,
        }
        parts = [f"{name}={_quoted(value)}" for name, value in told.items() if value is not None]
        challenge = f"{self.scheme} {', '.join(parts)}"
        # RFC 9110 11.6.1: a field may hold several challenges.
        return challenge if self.otherwise is None else f"{challenge}, {self.otherwise.header()}"


def _quoted(text: str) -> str:
    # RFC 9110 5.6.4: only DQUOTE and backslash need escaping inside a quoted-string.
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Something the gateway must (`obligatory`) or may do with the answer."""

    id: str
    code: str
    payload: object
    obligatory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A statement that applies, or may have to, and is not carried out. `why` names no values."""

    id: str
    code: str
    obligatory: bool
    why: str


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What an adapter needs to know of the API service to word an answer."""

    id: str
    base_url: str
    unmatched_status: int
    disclose: str


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Final answer to one call.

    `reasons` are those reached, the deciding one first. `deciding` is None where no policy text
    decided (an unknown API service, a refused token). `statements` go with the answer, in tree
    order; `left_out` are those that do not. `token` is what the record's `token` member
    is derived from. `error` is private detail for the record: why a condition failed.
    `reads` are the dotted names that judging the operation may read. `kept` is what a permit of
    the request leaves behind for the answer, None where nobody looks at that; an adapter has it
    sealed, and nothing else reads it. `evidence` is there only where records can be replayed.
    """

    effect: Effect
    reason: Reason
    decision_id: str
    revision: str
    service: ServiceFacts | None = None
    operation: str | None = None
    deciding: NodeRef | None = None
    reasons: tuple[Reason, ...] = ()
    missing: tuple[Requirement, ...] = ()
    challenge: Challenge | None = None
    denied_reason: DeniedReason | None = None
    statements: tuple[Statement, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    subject: str | None = None
    client_id: str | None = None
    provider: str | None = None
    token: VerifiedClaims | None = None
    error: str | None = None
    reads: tuple[str, ...] = ()
    trace: tuple[object, ...] | None = None
    kept: object = None
    evidence: Evidence | None = None

    @property
    def permitted(self) -> bool:
        """True only for an effect that is PERMIT itself; nothing else opens a gateway."""
        return self.effect is Effect.PERMIT

    def __repr__(self) -> str:
        # Claims and traces hold what no log may.
        return f"Decision({self.effect.value}, {self.reason.value}, {self.decision_id!r})"
