"""Expected against got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deemster.model.decision import Challenge, Decision, DeniedReason, Reason, Statement
from deemster.policytest.cases import Expectation, ExpectedStatement

__all__ = ["Mismatch", "covers", "doubt_about", "mismatches"]


_NEVER_CAME_TO_POLICY = frozenset(
    {Reason.NO_API_SERVICE, Reason.NO_OPERATION, Reason.USER_UNKNOWN, Reason.AMBIGUOUS_PATH}
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One member of `expect` that is not so; both sides as text."""

    what: str
    expected: str
    got: str


def mismatches(
    expectation: Expectation, decision: Decision, status: int | None
) -> tuple[Mismatch, ...]:
    """Empty where the decision is as expected.

    `status` is what the end user would be told, None on a permit.
    """
    return tuple(_compared(expectation, decision, status))


def doubt_about(expectation: Expectation, decision: Decision) -> str | None:
    """Why a deny as expected may have nothing to do with policy: a URL or a user misspelt, say."""
    if decision.reason not in _NEVER_CAME_TO_POLICY:
        return None
    if (expectation.reason, expectation.operation, expectation.rule) != (None, None, None):
        return None
    return (
        f"denied before any policy was asked, as `{decision.reason.value}`; "
        "if that is meant, expect the reason"
    )


def _compared(
    expectation: Expectation, decision: Decision, status: int | None
) -> Iterator[Mismatch]:
    # INVARIANT: what counts as a permit is asked of the decision itself, as an adapter does.
    if expectation.decision.value != ("permit" if decision.permitted else "deny"):
        yield Mismatch("decision", expectation.decision.value, decision.effect.value)
    if expectation.reason is not None and expectation.reason is not decision.reason:
        yield Mismatch("reason", expectation.reason.value, decision.reason.value)
    if expectation.operation is not None and expectation.operation != decision.operation:
        yield Mismatch("operation", expectation.operation, decision.operation or "none")
    rule = decision.deciding.id_path if decision.deciding is not None else None
    if expectation.rule is not None and expectation.rule != rule:
        yield Mismatch("rule", expectation.rule, rule or "none")
    if expectation.status is not None and expectation.status != status:
        yield Mismatch("status", str(expectation.status), str(status or "none"))
    yield from _subset("deniedReason", expectation.denied_reason, _words_of(decision.denied_reason))
    yield from _subset("challenge", expectation.challenge, _members_of(decision.challenge))
    if expectation.statements is not None:
        yield from _statements(expectation.statements, decision.statements)


def _subset(
    what: str, expected: Mapping[str, object] | None, got: Mapping[str, object]
) -> Iterator[Mismatch]:
    for name, value in (expected or {}).items():
        found = got.get(name)
        if found != value or isinstance(found, bool) is not isinstance(value, bool):
            yield Mismatch(f"{what}.{name}", str(value), "none" if found is None else str(found))


def _words_of(words: DeniedReason | None) -> Mapping[str, object]:
    if words is None:
        return {}
    return {
        "code": words.code,
        "message": words.message,
        "detail": words.detail,
        "status": words.status,
    }


def _members_of(challenge: Challenge | None) -> Mapping[str, object]:
    if challenge is None:
        return {}
    return {
        "realm": challenge.realm,
        "error": challenge.error,
        "scope": challenge.scope,
        "acr_values": challenge.acr_values,
        "max_age": challenge.max_age,
    }


def _statements(
    expected: Sequence[ExpectedStatement], got: Sequence[Statement]
) -> Iterator[Mismatch]:
    told = "; ".join(_told(statement) for statement in got) or "none"
    if not expected and got:
        yield Mismatch("statements", "none", told)
    for wanted in expected:
        if not any(_is_among(wanted, statement) for statement in got):
            yield Mismatch("statements", str(wanted), told)


def _is_among(wanted: ExpectedStatement, statement: Statement) -> bool:
    return (
        wanted.code == statement.code
        and wanted.id in (None, statement.id)
        and wanted.obligatory in (None, statement.obligatory)
        and (not wanted.has_payload or covers(statement.payload, wanted.payload))
    )


def covers(got: object, wanted: object) -> bool:
    """Whether JSON `got` has all of `wanted`: members of objects, items of lists in any order."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            name in got and covers(got[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return isinstance(got, list | tuple) and all(
            any(covers(item, value) for item in got) for value in wanted
        )
    return got == wanted and isinstance(got, bool) is isinstance(wanted, bool)


def _told(statement: Statement) -> str:
    word = "obligatory" if statement.obligatory else "advice"
    return f"{statement.code} {json.dumps(statement.payload, default=str)} ({word})"
