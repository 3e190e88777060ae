"""`unmatched: guards`: the guards' own permit grants what no operation matches.

Source: policy-language section 3. It is there to move a PingOne tree over piece by piece; while it
stands, a path that nobody wrote an operation for may be permitted, so it is warned of.
"""

from __future__ import annotations

from collections.abc import Sequence

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.resolved import ResolvedChild, ResolvedPolicy
from deemster.policy.tree import ApiServiceDocument, CombiningAlgorithm, RuleEffect

__all__ = ["check_unmatched"]


def check_unmatched(
    document: ApiServiceDocument,
    guards: Sequence[ResolvedPolicy],
    sink: DiagnosticSink,
    *,
    refused: bool,
) -> None:
    """A warning where it is written; an error where no guard could ever grant.

    `refused`: something was left out of some policy, which may have been meant to grant.
    """
    place = document.service.unmatched
    if place is None:
        return
    if not refused and not any(_can_permit(guard) for guard in guards):
        lacking = "none of them can permit" if guards else "this service has none"
        sink.error(
            Code.NO_GRANT,
            f"`unmatched: guards` lets guards grant, and {lacking}",
            place,
            help="write a guard with a permit rule, or leave `unmatched` out",
        )
        return
    sink.warning(
        Code.UNMATCHED_GUARDS,
        "calls that no operation matches are permitted where the guards permit",
        place,
        help="write operations for what callers need, then leave `unmatched` out",
    )


def _can_permit(node: ResolvedChild) -> bool:
    if not node.enabled:
        return False
    if not isinstance(node, ResolvedPolicy):
        return node.effect is RuleEffect.PERMIT
    return node.combining is CombiningAlgorithm.PERMIT_UNLESS_DENY or any(
        _can_permit(child) for child in node.children
    )
