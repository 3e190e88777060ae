"""What a policy test is about: the call, what it presents, and what is expected of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from deemster.model.decision import Effect, Reason
from deemster.model.source import SourceSpan

__all__ = [
    "NOTHING",
    "CallRecipe",
    "Expectation",
    "Fault",
    "Presented",
    "PresentedAs",
    "Suite",
    "SuiteCase",
    "SuiteUser",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecipe:
    """The HTTP exchange that a case asks about. Header names are lower-case."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be so; a member that is None is not looked at.

    `challenge` and `denied_reason` match as subsets.
    """

    decision: Effect
    reason: Reason | None = None
    operation: str | None = None
    rule: str | None = None
    status: int | None = None
    denied_reason: Mapping[str, object] | None = None
    challenge: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCase:
    """One question and the answer expected. `now` is epoch seconds."""

    name: str
    span: SourceSpan
    now: float
    call: CallRecipe
    presented: Presented
    expectation: Expectation
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
