"""Asks Cedar and the real decision point, and says what Cedar's answer says of the other.

Cedar leaves out a policy whose condition fails; Deemster does not decide without it. And Cedar's
`&&` and `||` stop at an error, where CEL's go on to an operand that settles the matter. So what
Deemster must say follows from Cedar's answer, in three steps (docs/policy/cedar.md):

1. Cedar evaluated every policy: permit exactly where Cedar allows, and a deny for the same cause.
2. Some policies failed: each is asked again with its operands in every other order. One that does
   not fail in some order counts with what it says there, which is the same in all such orders.
3. The others are errors. A forbid that is satisfied denies. Else a forbid in error, or a permit in
   error where nothing else permits, makes the answer a deny for an error. Else as Cedar says.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from cedarpy import AuthzResult, Decision, Entities, PolicySet, is_authorized_batch

from tests.cedar.drawing import CommonTree, random_call, random_common_tree
from tests.cedar.language import cedar_text, orders
from tests.cedar.requests import entities_of, request_of
from tests.reference.emission import files_of
from tests.reference.real import RealDecisionPoint
from tests.reference.shape import Call, Expression

__all__ = ["Disagreement", "Figures", "compare", "described"]

ERROR_REASONS = frozenset({"attribute-missing", "indeterminate"})
CAUSES = {"permitted": "permit", "policy-denied": "forbid", "no-rule": "nothing"} | dict.fromkeys(
    ERROR_REASONS, "error"
)
"""What the real decision point's reasons are in Cedar's terms."""


@dataclass(frozen=True)
class Disagreement:
    """One pair; `said` and `wanted` are causes."""

    tree: CommonTree
    call: Call
    policies: str
    said: str
    wanted: str
    cedar: str


@dataclass
class Figures:
    """`order_dependent`: pairs in which Cedar met an error only because of the order."""

    pairs: int = 0
    trees: int = 0
    with_errors: int = 0
    order_dependent: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def summary(self) -> str:
        """For people, after a run."""
        causes = ", ".join(f"{name} {number}" for name, number in self.causes.most_common())
        return (
            f"{self.pairs} pairs on {self.trees} trees; Cedar met an error in {self.with_errors}, "
            f"in {self.order_dependent} of them because of the order of operands; "
            f"{len(self.disagreements)} wrong; {causes}"
        )


def compare(
    seed: str, trees: int, calls: int, *, mistake: str | None = None, stop_at: int | None = None
) -> Figures:
    """`calls` calls on each of `trees` trees; `mistake` is made in what Cedar is asked."""
    figures = Figures()
    with asyncio.Runner() as runner:
        for number in range(trees):
            rng = Random(f"{seed}/{number}")
            tree = random_common_tree(rng)
            drawn = [random_call(rng, tree) for _ in range(calls)]
            runner.run(compared(tree, drawn, figures, mistake))
            if stop_at is not None and len(figures.disagreements) >= stop_at:
                break
    return figures


async def compared(
    tree: CommonTree, calls: list[Call], figures: Figures, mistake: str | None
) -> None:
    figures.trees += 1
    for _, condition in tree.rules:
        count_forms(condition, figures.forms)
    real = RealDecisionPoint(tree.tree, seed=figures.trees)
    cedar = Cedar(tree, calls, mistake)
    for number, call in enumerate(calls):
        figures.pairs += 1
        answer = await real.answer(call)
        wanted, result = cedar.wanted(number), cedar.results[number]
        said = CAUSES.get(answer.reason, answer.reason)
        figures.causes[wanted.cause] += 1
        figures.with_errors += bool(result.diagnostics.errors)
        figures.order_dependent += wanted.is_order_dependent
        allowed = result.decision == Decision.Allow
        if answer.permit and not allowed and not wanted.is_order_dependent:
            said = "permit where Cedar denies"
        if answer.permit != (said == "permit") or said != wanted.cause:
            shown = f"{result.decision} {result.diagnostics.reasons} {result.diagnostics.errors}"
            figures.disagreements.append(
                Disagreement(tree, call, cedar.text, said, wanted.cause, shown)
            )


@dataclass(frozen=True)
class Wanted:
    """What the real decision point must say, and whether Cedar was asked in other orders."""

    cause: str
    is_order_dependent: bool = False


class Cedar:
    """Cedar's answers to all calls on one tree."""

    def __init__(self, tree: CommonTree, calls: list[Call], mistake: str | None) -> None:
        self.tree = tree
        self.calls = calls
        self.declared = {
            ({"claims": "claim"}.get(entry.scope, entry.scope), entry.name): entry
            for entry in tree.declared
        }
        self.mistake = mistake
        self.text = "\n".join(self.policy(effect, condition) for effect, condition in tree.rules)
        self.entities = Entities.from_json_str(json.dumps(entities_of(tree, calls)))
        requests = [request_of(call, number) for number, call in enumerate(calls)]
        self.requests = requests
        self.results: list[AuthzResult] = is_authorized_batch(
            requests, PolicySet.from_str(self.text), self.entities
        )

    def policy(self, effect: str, condition: Expression) -> str:
        text = cedar_text(condition, self.declared, self.mistake)
        return f"{effect}(principal, action, resource) when {{ {text} }};"

    def wanted(self, number: int) -> Wanted:
        """By the three steps above."""
        diagnostics = self.results[number].diagnostics
        failed = numbers_in(diagnostics.errors)
        satisfied = {int(name.removeprefix("policy")) for name in diagnostics.reasons}
        effects = [effect for effect, _ in self.tree.rules]
        if not failed:
            return Wanted(cause(effects, satisfied, set()))
        if any(effects[rule] == "forbid" for rule in satisfied):
            return Wanted("forbid")
        # Cedar names the permits only where it allows; and a failed forbid hides none of them.
        settled = {rule: self.in_other_orders(rule, number) for rule in failed}
        satisfied |= {rule for rule, value in settled.items() if value is True}
        errors = {rule for rule, value in settled.items() if value is None}
        return Wanted(cause(effects, satisfied, errors), errors != failed)

    def in_other_orders(self, rule: int, number: int) -> bool | None:
        """What a policy that failed says in an order in which it does not; None: there is none."""
        condition = self.tree.rules[rule][1]
        arranged = PolicySet.from_str(
            "\n".join(self.policy("permit", order) for order in orders(condition))
        )
        [result] = is_authorized_batch([self.requests[number]], arranged, self.entities)
        failed = numbers_in(result.diagnostics.errors)
        every = sum(1 for _ in orders(condition))
        said = set()
        if result.diagnostics.reasons:
            said.add(True)
        if len(failed) + len(result.diagnostics.reasons) < every:
            said.add(False)
        assert len(said) < 2, "Cedar itself says two things"
        return said.pop() if said else None


def cause(effects: list[str], satisfied: set[int], errors: set[int]) -> str:
    """Deny-overrides over what is satisfied and what is in error."""
    permits = {rule for rule in satisfied if effects[rule] == "permit"}
    if satisfied - permits:
        return "forbid"
    if any(effects[rule] == "forbid" for rule in errors) or (errors and not permits):
        return "error"
    return "permit" if permits else "nothing"


def numbers_in(errors: list[str]) -> set[int]:
    """Which policies Cedar left out."""
    found = [re.search(r"policy `policy(\d+)`", error) for error in errors]
    assert all(found), errors
    return {int(match[1]) for match in found if match is not None}


def described(found: Disagreement) -> str:
    """Both sides of a disagreement, to be pasted."""
    texts = files_of(found.tree.tree)
    listing = "\n".join(f"--- {path}\n{text}" for path, text in texts.items())
    return (
        f"Deemster says {found.said}, Cedar's answer makes it {found.wanted}\n{listing}\n"
        f"--- Cedar\n{found.policies}\n{found.cedar}\ncall: {found.call}"
    )


def count_forms(condition: Expression, forms: Counter[str]) -> None:
    name = f"{condition[0]} {condition[1]}" if condition[0] == "cmp" else condition[0]
    forms[name] += 1
    for item in condition[1:]:
        if isinstance(item, tuple):
            count_forms(item, forms)
