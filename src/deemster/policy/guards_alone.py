"""Guards asked without a grant: on a preflight, of an answer, and where no operation matches.

Source: policy-language sections 2 (`preflight`), 3 (`unmatched`) and 8 (`response`). On a preflight
guards can only refuse, as everywhere; so can policies over the upstream's answer. Where no
operation matches, under `unmatched: guards`, their own permit is the grant.
"""

from __future__ import annotations

from dataclasses import replace

from deemster.model.decision import NodeRef, Reason
from deemster.policy.combining import Outcome
from deemster.policy.evaluation import NOTHING_CARRIED, Node, NodeResult
from deemster.policy.folding import fold_deny_overrides
from deemster.policy.snapshot import Evaluation
from deemster.policy.statements.gathering import fold_section, gathered
from deemster.policy.values import NeedsValues, Values

__all__ = ["GuardsAlone"]

_P, _D, _N = Outcome.PERMIT, Outcome.DENY, Outcome.NOT_APPLICABLE


class GuardsAlone:
    """Judges as an operation does, by guards only. `public`: no credential is read."""

    __slots__ = (
        "_carries",
        "_guards",
        "_on_silence",
        "_permits_by_guard",
        "_permitted",
        "changes_answer",
        "public",
        "reads",
        "ref",
    )

    def __init__(
        self,
        guards: tuple[Node, ...],
        *,
        ref: NodeRef,
        public: bool,
        permitted: Reason,
        silence: tuple[Outcome, Reason],
        reads: tuple[str, ...] = (),
    ) -> None:
        """`ref` is where the service says that guards decide alone. Afterwards `changes_answer`
        says whether a permit may come with a change to the body of the upstream's answer.

        `permitted` is the reason of a permit; `silence` what it means that no guard applies.
        """
        self.ref = ref
        self.public = public
        self.reads = reads
        self._guards = guards
        self._carries = any(guard.carries != NOTHING_CARRIED for guard in guards)
        self.changes_answer = any(guard.carries.body for guard in guards)
        self._permitted = Evaluation(
            outcome=_P, reason=permitted, reasons=(permitted,), deciding=ref
        )
        outcome, reason = silence
        # Where silence grants nothing, a guard did: it is named.
        self._permits_by_guard = outcome is _N
        self._on_silence = Evaluation(
            outcome=outcome, reason=reason, reasons=(reason,), deciding=ref
        )

    @classmethod
    def on_preflight(
        cls, guards: tuple[Node, ...], ref: NodeRef, reads: tuple[str, ...]
    ) -> GuardsAlone:
        """Guards that read no identity may refuse a preflight; what none refuses is permitted."""
        permitted = Reason.PERMITTED_PREFLIGHT
        return cls(
            guards,
            ref=ref,
            public=True,
            permitted=permitted,
            silence=(_P, permitted),
            reads=reads,
        )

    @classmethod
    def where_none_matches(
        cls, guards: tuple[Node, ...], ref: NodeRef, reads: tuple[str, ...]
    ) -> GuardsAlone:
        """A call that no operation matches: only what the guards permit, of accepted callers."""
        return cls(
            guards,
            ref=ref,
            public=False,
            permitted=Reason.PERMITTED,
            silence=(_N, Reason.NO_OPERATION),
            reads=reads,
        )

    @classmethod
    def over_response(
        cls, policies: tuple[Node, ...], ref: NodeRef, reads: tuple[str, ...]
    ) -> GuardsAlone:
        """Policies over the upstream's answer may refuse it; what none refuses passes."""
        permitted = Reason.PERMITTED
        return cls(
            policies,
            ref=ref,
            public=False,
            permitted=permitted,
            silence=(_P, permitted),
            reads=reads,
        )

    def evaluate(self, values: Values) -> Evaluation | NeedsValues:
        """Judge the values at hand, or say which further ones are needed."""
        try:
            if not self._carries:
                return self._verdict(
                    fold_deny_overrides(self._guards, values) if self._guards else None
                )
            guards = fold_section(self._guards, values)
            return gathered(self._verdict(guards), [guards], None, [], (), values)
        except NeedsValues as needs:
            return needs

    def _verdict(self, guards: NodeResult | None) -> Evaluation:
        if guards is None or guards.outcome is _N:
            return self._on_silence
        if guards.outcome is _P:
            if self._permits_by_guard and guards.deciding is not None:
                return replace(self._permitted, deciding=guards.deciding)
            return self._permitted
        return _refusal(guards, self.ref)


def _refusal(guards: NodeResult, place: NodeRef) -> Evaluation:
    if guards.outcome is _D:
        reason = Reason.POLICY_DENIED
    else:
        reason = guards.error.reason if guards.error is not None else Reason.INDETERMINATE
    return Evaluation(
        outcome=guards.outcome,
        reason=reason,
        reasons=(reason,),
        deciding=guards.deciding or place,
        error=guards.error,
    )
