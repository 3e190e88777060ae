"""The compiled tree: immutable, taken once for each decision, with the revision it was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deemster.errors import EvaluationError
from deemster.model.decision import (
    DeniedReason,
    LeftOut,
    NodeRef,
    Reason,
    Requirement,
    ServiceFacts,
    Statement,
)
from deemster.model.sender import DpopOverride
from deemster.model.urls import CanonicalUrl, PathFeature
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import Node, NodeResult
from deemster.policy.folding import fold_deny_overrides
from deemster.policy.routing.route_ids import RouteIds
from deemster.policy.routing.tables import BaseUrlTable, OperationTable
from deemster.policy.rules import AllowLine, AllowResult, evaluate_lines
from deemster.policy.tree import ApplicationDocument
from deemster.policy.values import NeedsValues, Values

if TYPE_CHECKING:
    from deemster.policy.access_table import AccessTable
    from deemster.policy.guards_alone import GuardsAlone
    from deemster.policy.statements.attached import AttachedStatement

__all__ = [
    "CompiledOperation",
    "CompiledService",
    "Evaluation",
    "PolicySnapshot",
    "RoutedCall",
    "StepUp",
]

_P, _D, _N = Outcome.PERMIT, Outcome.DENY, Outcome.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class StepUp:
    """What an `authentication` line would accept (RFC 9470 3): both members when both are asked."""

    acr_values: str | None
    max_age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What policy says of one call; six-valued, and never seen outside policy/ and decisions/.

    `reasons` are those reached, in the order of precedence; the first is `reason`. `statements`
    apply and could be made, `left_out` apply, or may have to, and could not. `challenge` is what
    an `auth-challenge` among them asks for.
    """

    outcome: Outcome
    reason: Reason
    reasons: tuple[Reason, ...]
    deciding: NodeRef | None
    error: EvaluationError | None = None
    denied_reason: DeniedReason | None = None
    missing: tuple[Requirement, ...] = ()
    statements: tuple[Statement, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    challenge: StepUp | None = None


class CompiledOperation:
    """One operation: guards that can only refuse, and grants of which each present must permit."""

    __slots__ = (
        "_attached",
        "_guards",
        "_lines",
        "_otherwise",
        "_permitted",
        "_policies",
        "changes_answer",
        "id",
        "id_path",
        "lists_options",
        "looks_at_answer",
        "opened",
        "preflight",
        "public",
        "reads",
        "ref",
        "required_scope",
        "response",
        "step_up",
    )

    def __init__(  # noqa: PLR0913  (keywords only, one for each part of an operation)
        self,
        *,
        ref: NodeRef,
        grant_ref: NodeRef,
        operation_id: str,
        public: bool,
        guards: tuple[Node, ...],
        lines: tuple[AllowLine, ...] | None,
        policies: tuple[Node, ...] | None,
        otherwise: DeniedReason | None,
        required_scope: str | None = None,
        step_up: StepUp | None = None,
        reads: tuple[str, ...] = (),
        opened: frozenset[PathFeature] = frozenset(),
        lists_options: bool = False,
        preflight: GuardsAlone | None = None,
        response: GuardsAlone | None = None,
        attached: Sequence[AttachedStatement] = (),
        changes_answer: bool = False,
    ) -> None:
        """`lines` None means no `allow`; the empty tuple means `public` or `authenticated`.

        `ref` is the operation itself, `grant_ref` its `allow` where it has one. `reads` are the
        dotted names that judging it may read. `opened` is what may occur in its paths, by the
        service's openings too. `preflight` judges CORS preflights that ask about it, `response`
        the upstream's answer, None where no policy looks at it. `attached` are its statements.
        `changes_answer`: a permit may come with a change to the body of the upstream's answer.

        INVARIANT: an operation without any grant cannot be built; absence must never permit.
        """
        if lines is None and not policies:
            raise ValueError(f"operation {ref.id_path} has no grant")
        self.id = operation_id
        self.id_path = ref.id_path
        self.ref = ref
        self.public = public
        self.required_scope = required_scope
        self.step_up = step_up
        self.reads = reads
        self.opened = opened
        self.lists_options = lists_options
        self.preflight = preflight
        self.response = response
        self.changes_answer = changes_answer
        self.looks_at_answer = changes_answer or response is not None
        self._attached = tuple(attached)
        self._guards = guards
        self._lines = lines
        self._policies = policies
        self._otherwise = otherwise
        self._permitted = Evaluation(
            outcome=_P, reason=Reason.PERMITTED, reasons=(Reason.PERMITTED,), deciding=grant_ref
        )

    def evaluate(self, values: Values) -> Evaluation | NeedsValues:
        """Judge the values at hand, or say which further ones are needed.

        permit iff guards in {P, N} and (allow absent or P) and (policies absent or P).
        """
        try:
            return self._judge(values)
        except NeedsValues as needs:
            return needs

    def _judge(self, values: Values) -> Evaluation:
        guards = fold_deny_overrides(self._guards, values) if self._guards else None
        if guards is not None and guards.outcome is _D:
            # Once a guard denied, `allow` is asked for the author's words on it alone.
            if self._lines is None or self._otherwise is None:
                return self._verdict(guards, None, None)
            return self._verdict(guards, evaluate_lines(self._lines, values), None)
        allow = evaluate_lines(self._lines, values) if self._lines is not None else None
        if allow is not None and allow.outcome is _D:
            return self._verdict(guards, allow, None)
        if self._policies:
            return self._verdict(guards, allow, fold_deny_overrides(self._policies, values))
        # What most calls come to.
        if (
            allow is not None
            and allow.outcome is _P
            and (guards is None or guards.outcome is _N or guards.outcome is _P)
        ):
            return self._permitted
        return self._verdict(guards, allow, None)

    def _verdict(
        self, guards: NodeResult | None, allow: AllowResult | None, policies: NodeResult | None
    ) -> Evaluation:
        """What the sections come to; one that was not asked is None, as one that is not there.

        INVARIANT: only what could change nothing was not asked.
        """
        if guards is not None and guards.outcome is _D:
            return self._refused_by_guard(guards, allow)
        if allow is not None and allow.outcome is _D:
            return self._refused_by_line(allow)
        if (
            (guards is None or guards.outcome is _P or guards.outcome is _N)
            and (allow is None or allow.outcome is _P)
            and (policies is None or policies.outcome is _P)
            and not (allow is None and policies is None)
        ):
            if policies is None or policies.deciding is None:
                return self._permitted
            return Evaluation(
                outcome=_P,
                reason=Reason.PERMITTED,
                reasons=(Reason.PERMITTED,),
                deciding=policies.deciding,
            )
        if policies is not None and policies.outcome is _D:
            return Evaluation(
                outcome=_D,
                reason=Reason.POLICY_DENIED,
                reasons=(Reason.POLICY_DENIED,),
                deciding=policies.deciding,
            )
        return self._undecided(guards, allow, policies)

    def _refused_by_guard(self, guards: NodeResult, allow: AllowResult | None) -> Evaluation:
        line = allow.line if allow is not None and allow.outcome is _D else None
        reasons = [Reason.POLICY_DENIED, *([line.reason] if line is not None else [])]
        return Evaluation(
            outcome=_D,
            reason=Reason.POLICY_DENIED,
            reasons=tuple(dict.fromkeys(reasons)),
            deciding=guards.deciding,
            denied_reason=self._otherwise if line is not None else None,
        )

    def _refused_by_line(self, allow: AllowResult) -> Evaluation:
        line = allow.line
        if line is None:
            raise RuntimeError("a refused `allow` names its line")
        return Evaluation(
            outcome=_D,
            reason=line.reason,
            reasons=(line.reason,),
            deciding=line.ref,
            denied_reason=self._otherwise,
            missing=(line.requirement,) if line.requirement is not None else (),
        )

    def _undecided(
        self, guards: NodeResult | None, allow: AllowResult | None, policies: NodeResult | None
    ) -> Evaluation:
        """No section denies, yet not all permit: an error, or nothing applied."""
        sections = [section for section in (guards, _as_node(allow), policies) if section]
        failed = [section for section in sections if section.outcome.is_indeterminate]
        if not failed:
            return Evaluation(
                outcome=_N, reason=Reason.NO_RULE, reasons=(Reason.NO_RULE,), deciding=self.ref
            )
        first = next((section for section in failed if section.error is not None), failed[0])
        reasons = (_reason_of(first), *[_reason_of(section) for section in failed])
        return Evaluation(
            outcome=first.outcome,
            reason=reasons[0],
            reasons=tuple(dict.fromkeys(reasons)),
            deciding=first.deciding or self.ref,
            error=first.error,
        )


def _as_node(allow: AllowResult | None) -> NodeResult | None:
    if allow is None:
        return None
    return NodeResult(allow.outcome, allow.line.ref if allow.line else None, allow.error)


def _reason_of(section: NodeResult) -> Reason:
    return section.error.reason if section.error is not None else Reason.INDETERMINATE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledService:
    """One API service. `role_permissions` are those of its Applications' roles.

    `dpop` is what it asks of presenters other than its provider does. `unmatched` judges what no
    operation matches, None where nothing is granted then. `response` judges the answers to such
    calls.
    """

    id: str
    provider_id: str
    internal: bool
    audience: str | None
    unmatched_status: int
    disclose: str
    operations: OperationTable[CompiledOperation]
    by_id: Mapping[str, CompiledOperation]
    opened: frozenset[PathFeature]
    role_permissions: Mapping[str, frozenset[str]]
    route_ids: RouteIds[CompiledOperation]
    answers_preflight: bool = False
    dpop: DpopOverride | None = None
    unmatched: GuardsAlone | None = None
    response: GuardsAlone | None = None

    @property
    def changes_unmatched(self) -> bool:
        """Whether a permit without an operation may come with a change to the answer's body."""
        preflights = (operation.preflight for operation in self.by_id.values())
        return any(
            guards is not None and guards.changes_answer for guards in (self.unmatched, *preflights)
        )

    @property
    def looks_at_answers(self) -> bool:
        """Whether it has anything to say of what the upstream answers."""
        return (
            self.response is not None
            or self.changes_unmatched
            or any(operation.looks_at_answer for operation in self.by_id.values())
        )


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """A service by one of its base URLs: what an answer says of it.

    One that answers AuthZEN questions alone may have none: then `facts.base_url` is "".
    """

    service: CompiledService
    facts: ServiceFacts
    realm: str


class PolicySnapshot:
    """Everything that decides, under one revision."""

    __slots__ = (
        "_base_urls",
        "access",
        "applications",
        "looking_at_answers",
        "revision",
        "routed",
        "services",
    )

    def __init__(
        self,
        *,
        revision: str,
        services: Mapping[str, CompiledService],
        base_urls: BaseUrlTable[RoutedCall],
        routed: Mapping[str, RoutedCall],
        access: AccessTable,
        applications: tuple[ApplicationDocument, ...] = (),
    ) -> None:
        """`routed`: every service by id, as it answers where no base URL was asked for."""
        self.revision = revision
        self.services = services
        self.applications = applications
        self.looking_at_answers = tuple(
            service for service in services.values() if service.looks_at_answers
        )
        """API services with policies over what the upstream answers, or changes to it."""
        self._base_urls = base_urls
        self.routed = routed
        self.access = access

    def find(self, url: CanonicalUrl) -> tuple[RoutedCall, str] | None:
        """The API service whose longest base URL covers `url`, and the path relative to it."""
        return self._base_urls.find(url)
