"""Conditions over the upstream's answer: what was known of the request may be missing there.

Source: policy-language section 8. Who called, the path's parameters and the request's header
fields come from the sealed state; without it, reading one is an error.
"""

from __future__ import annotations

from dataclasses import replace

from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.scope import Scope

__all__ = ["in_its_phase"]

_SEALED = frozenset({"claims", "user", "params"})
_SEALED_OF_REQUEST = ("request.headers.", "request.ip", "request.certificate")


def in_its_phase(checked: CheckedExpr, scope: Scope) -> CheckedExpr:
    """The condition, which may be in error in the response phase if it reads what is sealed."""
    if not scope.in_response or checked.can_fail or not any(map(_is_sealed, checked.reads)):
        return checked
    return replace(checked, can_fail=True)


def _is_sealed(name: str) -> bool:
    return name.partition(".")[0] in _SEALED or name.startswith(_SEALED_OF_REQUEST)
