"""Section 10 of the language page: six outcomes, two tables as data, six ways to combine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.reference.shape import Bug

__all__ = [
    "ALGORITHMS",
    "DENY_OVERRIDES",
    "ID",
    "IDP",
    "IP",
    "OUTCOMES",
    "PERMIT_OVERRIDES",
    "D",
    "N",
    "P",
    "combined",
    "in_error",
]

P, D, N, IP, ID, IDP = OUTCOMES = ("P", "D", "N", "IP", "ID", "IDP")

ALGORITHMS = (
    "deny-overrides",
    "permit-overrides",
    "first-applicable",
    "only-one-applicable",
    "deny-unless-permit",
    "permit-unless-deny",
)


def table(text: str) -> dict[tuple[str, str], str]:
    """Cells by (row, column) of a table written with its header line."""
    header, *rows = [line.split() for line in text.strip().splitlines()]
    return {
        (row[0], column): cell for row in rows for column, cell in zip(header, row[1:], strict=True)
    }


DENY_OVERRIDES = table("""
        P    D    N    IP   ID   IDP
   P    P    D    P    P    IDP  IDP
   D    D    D    D    D    D    D
   N    P    D    N    IP   ID   IDP
   IP   P    D    IP   IP   IDP  IDP
   ID   IDP  D    ID   IDP  ID   IDP
   IDP  IDP  D    IDP  IDP  IDP  IDP
""")

PERMIT_OVERRIDES = table("""
        P    D    N    IP   ID   IDP
   P    P    P    P    P    P    P
   D    P    D    D    IDP  D    IDP
   N    P    D    N    IP   ID   IDP
   IP   P    IDP  IP   IP   IDP  IDP
   ID   P    D    ID   IDP  ID   IDP
   IDP  P    IDP  IDP  IDP  IDP  IDP
""")


def in_error(outcome: str) -> bool:
    """Whether the outcome is one of the three indeterminate ones."""
    return outcome in (IP, ID, IDP)


def combined(
    algorithm: str, outcomes: Sequence[str], bug: str | None = None, *, simple: bool = False
) -> str:
    """What the children's outcomes make, in tree order. `simple`: PingOne's published reading."""
    overriding = {"deny-overrides": D, "permit-overrides": P}.get(algorithm)
    if simple and overriding is not None and bug != Bug.SIMPLE_IGNORED:
        if overriding in outcomes:
            return overriding
        if any(in_error(outcome) for outcome in outcomes):
            return IDP
    ways: dict[str, Callable[[Sequence[str], str | None], str]] = {
        "deny-overrides": deny_overrides,
        "permit-overrides": lambda outcomes, _bug: folded(PERMIT_OVERRIDES, outcomes),
        "first-applicable": first_applicable,
        "only-one-applicable": only_one_applicable,
        "deny-unless-permit": lambda outcomes, _bug: P if P in outcomes else D,
        "permit-unless-deny": lambda outcomes, _bug: D if D in outcomes else P,
    }
    return ways[algorithm](outcomes, bug)


def deny_overrides(outcomes: Sequence[str], bug: str | None) -> str:
    if bug == Bug.COMBINING_CELL:
        return folded({**DENY_OVERRIDES, (P, ID): P, (ID, P): P}, outcomes)
    return folded(DENY_OVERRIDES, outcomes)


def first_applicable(outcomes: Sequence[str], bug: str | None) -> str:
    applicable = [outcome for outcome in outcomes if outcome != N] or [N]
    return applicable[-1] if bug == Bug.FIRST_APPLICABLE_ORDER else applicable[0]


def only_one_applicable(outcomes: Sequence[str], _bug: str | None) -> str:
    applicable = [outcome for outcome in outcomes if outcome != N] or [N]
    return applicable[0] if len(applicable) == 1 else IDP


def folded(cells: dict[tuple[str, str], str], outcomes: Sequence[str]) -> str:
    """From N over all children: N is neutral in both tables."""
    result = N
    for outcome in outcomes:
        result = cells[result, outcome]
    return result
