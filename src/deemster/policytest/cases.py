"""What a policy test is about: the call, what it presents, and what is expected of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from deemster.model.certificate import ClientCertificate
from deemster.model.decision import Effect, Reason
from deemster.model.source import SourceSpan

__all__ = [
    "NOTHING",
    "AccessRecipe",
    "AttributeFault",
    "CallRecipe",
    "EntityRecipe",
    "Expectation",
    "ExpectedStatement",
    "Fault",
    "GivenAttribute",
    "Presented",
    "PresentedAs",
    "Suite",
    "SuiteCase",
    "SuiteUser",
    "UpstreamAnswer",
]


class Fault(StrEnum):
    """What may be wrong with a token; the value is a reserved name (policy-language 13)."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_AUDIENCE = "wrong-audience"
    WRONG_ISSUER = "wrong-issuer"
    WRONG_KEY = "wrong-key"
    ALG_NONE = "alg-none"
    TAMPERED = "tampered"

    @property
    def concerns_signature(self) -> bool:
        """Whether only a token that is verified here can have this fault."""
        return self in {Fault.WRONG_KEY, Fault.ALG_NONE, Fault.TAMPERED}


class PresentedAs(Enum):
    """How the end user is made known."""

    NOTHING = "none"
    TOKEN = "token"  # noqa: S105  (a word of the language)
    CLAIMS = "claims"


@dataclass(frozen=True, slots=True)
class Presented:
    """A bearer token to be minted, claims to be asserted, or nothing.

    `label` is how the author called it. `claims` are JSON values, timestamps already NumericDate.
    """

    kind: PresentedAs
    label: str
    claims: Mapping[str, object] = field(default_factory=dict)
    fault: Fault | None = None


NOTHING = Presented(PresentedAs.NOTHING, "none")


class AttributeFault(StrEnum):
    """How a source of attributes may fail; the value is the word of the language."""

    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class GivenAttribute:
    """What the source of an attribute answers: a JSON value (None is absent), or a fault.

    `attributes` are `file#name` of what the name means: of one attribute, where a case is asked.
    """

    attributes: frozenset[str]
    value: object
    fault: AttributeFault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecipe:
    """The HTTP exchange that a case asks about. Header names are lower-case."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    ip: str | None = None
    certificate: ClientCertificate | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class EntityRecipe:
    """A subject or a resource of AuthZEN. `properties` are JSON values."""

    type: str
    id: str
    properties: Mapping[str, object]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecipe:
    """The question of AuthZEN 1.0 that a case asks; all values are JSON."""

    subject: EntityRecipe
    action: str
    action_properties: Mapping[str, object]
    resource: EntityRecipe
    surroundings: Mapping[str, object]
    """`context` of the question."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.action} {self.resource}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAnswer:
    """What the API answered. Header names are lower-case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStatement:
    """A statement that must be among those of the decision; None members are not looked at.

    `payload` matches as a subset; `has_payload` tells an expected `null` from none expected.
    """

    code: str
    id: str | None = None
    obligatory: bool | None = None
    has_payload: bool = False
    payload: object = None

    def __str__(self) -> str:
        parts = [self.code]
        if self.id is not None:
            parts.append(f"id {self.id}")
        if self.has_payload:
            parts.append(json.dumps(self.payload, ensure_ascii=False))
        if self.obligatory is not None:
            parts.append("(obligatory)" if self.obligatory else "(advice)")
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be so; a member that is None is not looked at.

    `challenge`, `denied_reason` and `statements` match as subsets; an empty tuple of statements
    means that there must be none.
    """

    decision: Effect
    reason: Reason | None = None
    operation: str | None = None
    rule: str | None = None
    status: int | None = None
    denied_reason: Mapping[str, object] | None = None
    challenge: Mapping[str, object] | None = None
    statements: tuple[ExpectedStatement, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCase:
    """One question and the answer expected. `now` is epoch seconds.

    With a `response` the question is about the upstream's answer to the call.
    """

    name: str
    span: SourceSpan
    now: float
    call: CallRecipe | AccessRecipe
    presented: Presented
    expectation: Expectation
    attributes: tuple[GivenAttribute, ...] = ()
    response: UpstreamAnswer | None = None
    skip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteUser:
    """A user of every internal provider while this suite runs."""

    enabled: bool = True
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One PolicyTest document. `service` is the id of the API service it is about."""

    id: str
    title: str | None
    span: SourceSpan
    service: str
    users: Mapping[str, SuiteUser]
    cases: tuple[SuiteCase, ...]
