"""Section 8 of the language page: which statements go with an answer, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.reference.declared import Scope, Statement
from tests.reference.judged import Attached, Judged
from tests.reference.outcomes import ID, IDP, IP, D, P
from tests.reference.payloads import conflict, json_text, payload_of
from tests.reference.shape import Bug, Carried, Denied, Value
from tests.reference.situation import Error, Situation

__all__ = ["APPLIES_TO", "Answered", "answered", "denied_statement"]

Way = tuple[Judged, ...]
"""From the operation down to a node."""

EFFECTS = {P: "permit", D: "deny", IP: "indeterminate", ID: "indeterminate", IDP: "indeterminate"}
MIGHT_BE = {IP: {"permit"}, ID: {"deny"}, IDP: {"permit", "deny"}}
APPLIES_TO = {
    "permit": {"permit"},
    "deny": {"deny"},
    "permit-or-deny": {"permit", "deny"},
    "indeterminate": {"indeterminate"},
    "anything": {"permit", "deny", "indeterminate"},
}


@dataclass(frozen=True)
class Answered:
    """What goes with an answer. `possible` False: the permit is none, for what it lacks."""

    possible: bool = True
    statements: tuple[Carried, ...] = ()


def denied_statement(denied: Denied) -> Attached:
    """What `deniedReason` and `otherwise` are short for."""
    payload: dict[str, Value] = {"code": denied.code, "message": f"Refused: {denied.code}."}
    if denied.status is not None:
        payload["status"] = denied.status
    return Attached(Statement("deniedReason", "denied-reason", "deny", payload), Scope())


def answered(root: Judged, at: Situation, before: Sequence[Carried] = ()) -> Answered:
    """`root` is the operation; its children are the guards, `allow` and its policies.

    `before`: what the request phase left to be done with the upstream's answer.
    """
    everything = list(attachments((root,)))
    everything += [((root,), attached) for attached in root.attached]  # itself comes last
    applying = [attached for way, attached in everything if applies(attached, way, at.bug)]
    if root.outcome == P:
        missed = [attached for way, attached in everything if is_missed(attached, way, at.bug)]
        missed += unreached((root,))
        there = [attached.statement for attached in applying]
        missed = [attached for attached in missed if attached.statement not in there]
        if missed:
            at.seen["statement", "doubtful"] += 1
        if missed and at.bug != Bug.DOUBT_IGNORED:
            return Answered(possible=False)
        return built_for_permit(applying, at, before)
    return built_for_deny(applying, at)


def attachments(way: Way) -> Iterator[tuple[Way, Attached]]:
    """Everything below the last node of the way, a node's own before its children's."""
    for child in way[-1].children:
        yield from (((*way, child), attached) for attached in child.attached)
        yield from attachments((*way, child))


def applies(attached: Attached, way: Way, bug: str | None = None) -> bool:
    effect = EFFECTS.get(way[-1].outcome)
    if effect is None or effect not in APPLIES_TO[attached.statement.applies_to]:
        return False
    if attached.statement.path_matches and bug != Bug.PATH_MATCHES_IGNORED:
        return True
    return all(EFFECTS.get(node.outcome) == effect for node in way)


# --- what an error hides --------------------------------------------------------------------------


def is_missed(attached: Attached, way: Way, bug: str | None) -> bool:
    """An obligatory one that would apply if what is in error were what it might have been."""
    statement = attached.statement
    if not statement.obligatory or applies(attached, way, bug):
        return False
    if statement.path_matches:
        possible = MIGHT_BE.get(way[-1].outcome, set())
        return bool(possible & APPLIES_TO[statement.applies_to])
    return "permit" in APPLIES_TO[statement.applies_to] and all(
        node.outcome in (P, IP, IDP) for node in way
    )


def unreached(way: Way) -> Iterator[Attached]:
    """Obligatory ones that first-applicable did not come to, for an error before them.

    Where a node above denies all the same, only those that ask for no node's effect but their own.
    """
    denied = any(node.outcome == D for node in way)
    for attached in way[-1].unreached:
        statement = attached.statement
        may_permit = not denied and "permit" in APPLIES_TO[statement.applies_to]
        if statement.obligatory and (statement.path_matches or may_permit):
            yield attached
    for child in way[-1].children:
        yield from unreached((*way, child))


# --- what becomes of those that apply -------------------------------------------------------------


def once(applying: Sequence[Attached]) -> list[Attached]:
    """Attached to several nodes, carried at the first of them."""
    found: list[Attached] = []
    for attached in applying:
        if not any(
            attached.statement is other.statement and attached.statement.name != "deniedReason"
            for other in found
        ):
            found.append(attached)
    return found


def built_for_permit(
    applying: Sequence[Attached], at: Situation, before: Sequence[Carried]
) -> Answered:
    """All that is obligatory, or no permit."""
    found = list(before)
    for attached in once(applying):
        one = built(attached, at)
        if one is not None:
            found.append(one)
        elif attached.statement.obligatory:
            at.seen["statement", "obligatory and not possible"] += 1
            if at.bug != Bug.OBLIGATION_IGNORED:
                return Answered(possible=False)
    if any(conflict(one, two) for index, one in enumerate(found) for two in found[:index]):
        at.seen["statement", "contradicts on a permit"] += 1
        return Answered(possible=False)
    return Answered(statements=tuple(found))


def built_for_deny(applying: Sequence[Attached], at: Situation) -> Answered:
    """What can be said; of several words and challenges the first."""
    found: list[Carried] = []
    for attached in once(applying):
        one = built(attached, at)
        if one is None:
            continue
        if any(conflict(one, other) for other in found):
            at.seen["statement", "contradicts on a deny"] += 1
            continue
        if one.code in ("denied-reason", "auth-challenge") and any(
            one.code == other.code for other in found
        ):
            continue
        found.append(one)
    return Answered(statements=tuple(found))


def built(attached: Attached, at: Situation) -> Carried | None:
    """None where a value is missing or unfit, or the calling protocol cannot carry it out."""
    statement = attached.statement
    payload = payload_of(statement, attached.scope, at)
    if isinstance(payload, Error):
        at.seen[f"statement {statement.code}", "cannot be built"] += 1
        return None
    possible = at.call.possible
    # Words go with any deny: every protocol has room for them.
    if possible is not None and statement.code not in {*possible, "denied-reason"}:
        at.seen[f"statement {statement.code}", "beyond the protocol"] += 1
        return None
    at.seen[f"statement {statement.code}", "built"] += 1
    at.seen["statement for", statement.applies_to] += 1
    at.seen["statement path-matches", str(statement.path_matches)] += 1
    return Carried(statement.name, statement.code, json_text(payload), statement.obligatory)
