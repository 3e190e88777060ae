"""Whether single comparisons, tests and reads can hold together.

INVARIANT: `consistent` is False only where no call, token and user satisfy them all. Whatever it
does not understand it takes for a question with two possible answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deemster.policy.analysis.domains import COMPLEMENT, Domain, compare
from deemster.policy.analysis.goals import Goal
from deemster.policy.analysis.structure import Key, key_of
from deemster.policy.expressions import terms
from deemster.policy.expressions.ast import ComparisonOperator
from deemster.policy.expressions.declared import narrowing_of
from deemster.policy.expressions.terms import Term
from deemster.policy.expressions.types import BOOL, INT, Narrowing
from deemster.policy.routing.ascii_case import ascii_lower

__all__ = ["consistent"]

_SIGNS: dict[ComparisonOperator, frozenset[int]] = {
    "==": frozenset({0}),
    "!=": frozenset({-1, 1}),
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
}
"""How the left side lies to the right one."""

_STRICT = (
    terms.ComparisonTerm,
    terms.MembershipTerm,
    terms.TextTest,
    terms.PatternTest,
    terms.NetworkTest,
    terms.ArithmeticTerm,
    terms.NegativeTerm,
    terms.SizeTerm,
    terms.LowerTerm,
)
"""Terms that have a value only if all their operands have one."""

_ANY_SIGN = frozenset({-1, 0, 1})
_TURNED: dict[ComparisonOperator, ComparisonOperator] = {
    "==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<=",
}  # fmt: skip


def consistent(atoms: Sequence[Goal]) -> bool:
    """Whether requirements on terms without logical parts may hold together."""
    if len(atoms) == 1 and _is_open(atoms[0].term):
        return True
    facts = _Facts()
    for atom in atoms:
        if atom.want.is_hard:
            facts.add(atom.term, holds=atom.want.is_towards_true)
    for atom in atoms:
        # It may be in error instead, but not where its names are known to have values.
        if not atom.want.is_hard and facts.cannot_fail(atom.term):
            facts.add(atom.term, holds=atom.want.is_towards_true)
    return not facts.are_contradictory()


def _is_open(term: Term) -> bool:
    """Whether either answer is possible, as far as this term alone goes; seen without effort."""
    if isinstance(term, terms.ComparisonTerm):
        left, right = term.left, term.right
        if isinstance(right, terms.Constant):
            read, constant = left, right
        elif isinstance(left, terms.Constant):
            read, constant = right, left
        else:
            return False
        return (
            isinstance(read, _NARROWED)
            and read.narrowing.enum is None
            and read.narrowing.minimum is None
            and read.narrowing.maximum is None
            and (term.operator in _EQUALITY or _is_amid(constant.value))
        )
    return isinstance(term, terms.Presence)


def _is_amid(value: object) -> bool:
    """Whether there are values on both sides of a number."""
    return type(value) is int and abs(value) < _AMID


_EQUALITY = ("==", "!=")
_AMID = 2**53
_NARROWED = (terms.ClaimRead, terms.UserRead)


class _Facts:
    """What was learned of each name and each pair of names, by structural key."""

    def __init__(self) -> None:
        self._domains: dict[Key, Domain] = {}
        self._signs: dict[tuple[Key, Key], frozenset[int]] = {}
        self._members: dict[tuple[Key, object], bool] = {}
        self._answers: dict[Key, bool] = {}
        self._present: set[Key] = set()
        self._absent: set[Key] = set()
        self._is_user_known = False
        self._is_user_unknown = False
        self._is_broken = False

    def are_contradictory(self) -> bool:
        """Whether nothing satisfies all that was added."""
        return (
            self._is_broken
            or not self._present.isdisjoint(self._absent)
            or (self._is_user_known and self._is_user_unknown)
            or any(not signs for signs in self._signs.values())
            or any(domain.is_empty for domain in self._joined_domains())
        )

    def cannot_fail(self, term: Term) -> bool:
        """Whether a term has a value wherever the names have one that are known to have one."""
        if key_of(term) in self._answers:
            return True
        parts = terms.operands(term)
        return (
            bool(parts)
            and all(
                isinstance(part, terms.Constant) or key_of(part) in self._present for part in parts
            )
            and not terms.can_fail_alone(term)
        )

    def add(self, term: Term, *, holds: bool) -> None:
        """`term` has a value, and this one."""
        if isinstance(term, terms.ComparisonTerm):
            self._compare(term, holds=holds)
        elif isinstance(term, terms.MembershipTerm):
            self._look_up(term, holds=holds)
        elif isinstance(term, terms.TextTest) and isinstance(term.argument, terms.Constant):
            self._test_text(term, str(term.argument.value), holds=holds)
        elif isinstance(term, terms.Presence):
            self._ask_for(term, holds=holds)
        elif isinstance(term, terms.UserPresence):
            self._know_user(is_known=holds)
        elif isinstance(term, terms.DeclaredRead) and term.type is BOOL:
            self._domain(term).only((holds,))
        else:
            self._answer(term, holds=holds)
        self._read_operands(term)

    # --- kinds of terms -------------------------------------------------------------------------

    def _compare(self, term: terms.ComparisonTerm, *, holds: bool) -> None:
        operator = term.operator if holds else COMPLEMENT[term.operator]
        left, right = term.left, term.right
        if isinstance(left, terms.Constant) and isinstance(right, terms.Constant):
            self._is_broken |= not compare(left.value, operator, right.value)
        elif isinstance(right, terms.Constant):
            self._domain(left).compared(operator, right.value)
        elif isinstance(left, terms.Constant):
            self._domain(right).compared(_TURNED[operator], left.value)
        else:
            self._relate(left, operator, right)

    def _relate(self, left: Term, operator: ComparisonOperator, right: Term) -> None:
        pair = (key_of(left), key_of(right))
        if pair[0] == pair[1]:
            self._is_broken |= 0 not in _SIGNS[operator]
            return
        self._domain(left)
        self._domain(right)
        if (pair[1], pair[0]) in self._signs:
            pair, operator = (pair[1], pair[0]), _TURNED[operator]
        self._signs[pair] = self._signs.get(pair, _ANY_SIGN) & _SIGNS[operator]

    def _look_up(self, term: terms.MembershipTerm, *, holds: bool) -> None:
        element, collection = term.element, term.collection
        if isinstance(collection, terms.Constant) and isinstance(collection.value, tuple):
            if isinstance(element, terms.Constant):
                self._is_broken |= (element.value in collection.value) is not holds
            elif holds:
                self._domain(element).only(collection.value)
            else:
                self._domain(element).without(collection.value)
        elif isinstance(element, terms.Constant) and isinstance(collection, terms.Read):
            known = self._members.setdefault((key_of(collection), element.value), holds)
            self._is_broken |= known is not holds
            if holds:
                size = terms.SizeTerm(collection, term.span)
                self._domain(size).compared(">=", 1)
        else:
            self._answer(term, holds=holds)

    def _test_text(self, term: terms.TextTest, argument: str, *, holds: bool) -> None:
        domain = self._domain(term.operand)
        if term.kind == "startsWith":
            if holds:
                domain.starts(argument)
            else:
                domain.tested(lambda value: not str(value).startswith(argument))
        elif term.kind == "endsWith":
            if holds:
                domain.ends(argument)
            else:
                domain.tested(lambda value: not str(value).endswith(argument))
        else:
            domain.tested(lambda value: (argument in str(value)) is holds)

    def _ask_for(self, term: terms.Presence, *, holds: bool) -> None:
        read = term.read
        if isinstance(read, terms.UserRead):
            self._know_user(is_known=True)  # `has(user.x)` of a client token is an error
        self._answer(term, holds=holds)
        if not holds and _may_be_absent(read):
            self._absent.add(key_of(read))
        # That it is there says nothing of a value: the place where it is read may narrow it.

    def _answer(self, term: Term, *, holds: bool) -> None:
        self._is_broken |= self._answers.setdefault(key_of(term), holds) is not holds

    # --- names ----------------------------------------------------------------------------------

    def _read_operands(self, term: Term) -> None:
        """All that a term which has a value must have read."""
        if isinstance(term, _STRICT):
            for operand in terms.operands(term):
                if isinstance(operand, terms.Read):
                    self._present.add(key_of(operand))
                    if isinstance(operand, terms.UserRead):
                        self._know_user(is_known=True)
                self._read_operands(operand)

    def _know_user(self, *, is_known: bool) -> None:
        if is_known:
            self._is_user_known = True
        else:
            self._is_user_unknown = True

    def _domain(self, term: Term) -> Domain:
        key = key_of(term)
        found = self._domains.get(key)
        if found is None:
            self._domains[key] = found = _declared_domain(term)
        return found

    def _joined_domains(self) -> Iterable[Domain]:
        """The domains, those of two names that are equal as one."""
        for (left, right), signs in self._signs.items():
            if signs == _SIGNS["=="]:
                self._domains[left].absorb(self._domains[right])
        return self._domains.values()


def _may_be_absent(read: Term) -> bool:
    """A declared name whose absence `has()` tells, and whose reading fails then."""
    return (
        isinstance(read, terms.DeclaredRead)
        and read.declared_at is not None
        and not read.has_default
    )


def _declared_domain(term: Term) -> Domain:
    domain = Domain(term.type)
    if isinstance(term, terms.DeclaredRead):
        _narrow(domain, term.narrowing, _stand_ins(term))
    elif isinstance(term, terms.LocalTimeRead):
        narrowing = narrowing_of(term)
        if narrowing is not None:
            _narrow(domain, narrowing, [])
    elif isinstance(term, terms.SizeTerm) or (
        isinstance(term, terms.ParameterRead) and term.type is INT
    ):
        domain.compared(">=", 0)
    elif isinstance(term, terms.LowerTerm):
        domain.tested(lambda value: ascii_lower(str(value)) == value)
    return domain


def _stand_ins(read: terms.DeclaredRead) -> list[object]:
    """Values that a read may have though the source did not say so."""
    if isinstance(read, terms.AttributeRead):
        found = [read.attribute.default] if read.has_default else []
        return found if read.attribute.substitute is None else [*found, read.attribute.substitute]
    return [read.default] if read.has_default else []


def _narrow(domain: Domain, narrowing: Narrowing, defaults: list[object]) -> None:
    """A value that is read is one of these, or it is an error."""
    if narrowing.enum is not None:
        domain.only([*narrowing.enum, *defaults])
    elif all(narrowing.admits(default) for default in defaults):
        if narrowing.minimum is not None:
            domain.compared(">=", narrowing.minimum)
        if narrowing.maximum is not None:
            domain.compared("<=", narrowing.maximum)
