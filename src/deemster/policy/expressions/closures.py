"""Checked terms ► functions of the values at hand.

Three truth values: true, false, and an error, which is an EvaluationError raised. Only `&&` and
`||` catch it: false wins over an error in a conjunction, true in a disjunction, on either side;
otherwise the first error in source order is raised (policy-language section 9, Kleene's logic).
NeedsValues passes through everything.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Container, Iterable, Sized

from deemster.errors import EvaluationError
from deemster.model.source import SourceSpan
from deemster.policy.expressions import failures, terms
from deemster.policy.expressions.arithmetic import in_range
from deemster.policy.expressions.ast import ComparisonOperator
from deemster.policy.expressions.checked import CheckedExpr, measured
from deemster.policy.expressions.environment import read_address
from deemster.policy.expressions.generated import generated
from deemster.policy.expressions.networks import parse_address
from deemster.policy.expressions.parts import flattened
from deemster.policy.expressions.reading import presence_of, reader_of, user_presence
from deemster.policy.expressions.terms import RequestField, Term
from deemster.policy.expressions.times import added, subtracted
from deemster.policy.expressions.types import BOOL, Scalar
from deemster.policy.patterns.compiling import TextTooLongError
from deemster.policy.routing.ascii_case import ascii_lower
from deemster.policy.values import Values

__all__ = ["MAX_MEMBERS", "Test", "Watch", "compile_condition", "compile_expression"]

MAX_MEMBERS = 10_000
"""Members of a list that are asked one by one; a list constant has no more either."""

Test = Callable[[Values], bool]
Closure = Callable[[Values], object]
Watch = Callable[[Term, Test], Test]


def compile_condition(checked: CheckedExpr, *, watch: Watch | None = None) -> Test:
    """True or false of the values. Raises EvaluationError and NeedsValues when called.

    `watch` may put a function around that of each part (`parts.py`) and of the condition itself;
    without it there is nothing around any. Raises TypeError for an expression that is no
    condition: `check` lets none through.
    """
    if checked.type is not BOOL:
        raise TypeError(f"an expression of type {checked.type} is not a condition")
    compiler = _Compiler(watch)
    test = compiler.test(checked.term)
    return test if watch is not None else generated(checked.term, test, compiler.closure)


def compile_expression(checked: CheckedExpr) -> Closure:
    """The value of the expression, of its type. Raises EvaluationError and NeedsValues."""
    return _Compiler().closure(checked.term)


class _Compiler:
    """Compiles each named condition once, however often it is used."""

    def __init__(self, watch: Watch | None = None) -> None:
        self._bodies: dict[int, Closure] = {}
        self._watch = watch

    def closure(self, term: Term) -> Closure:
        if isinstance(term, terms.Read):
            return reader_of(term)
        return _CLOSURES[type(term)](self, term)

    def test(self, term: Term) -> Test:
        # INVARIANT: a term of type bool gives nothing but True and False.
        test: Test = self.closure(term)  # type: ignore[assignment]
        return test if self._watch is None else self._watch(term, test)

    def tests(self, found: tuple[Term, ...]) -> tuple[Test, ...]:
        return tuple(self.test(term) for term in found)

    def body(self, term: terms.ConditionTerm) -> Closure:
        key = id(term.body)
        closure = self._bodies.get(key)
        if closure is None:
            test = self.test(term.body.term)
            closure = self._bodies[key] = (
                test if self._watch is not None else generated(term.body.term, test, self.closure)
            )
        return closure


# --- logic --------------------------------------------------------------------------------------


def _negation(compiler: _Compiler, term: terms.Negation) -> Closure:
    operand = compiler.test(term.operand)
    return lambda values: not operand(values)


def _conjunction(compiler: _Compiler, term: terms.Conjunction) -> Closure:
    tests = compiler.tests(flattened(term))
    return _all_of(tests) if len(tests) != 2 else _both_of(*tests)


def _disjunction(compiler: _Compiler, term: terms.Disjunction) -> Closure:
    return _any_of(compiler.tests(flattened(term)))


def _both_of(left: Test, right: Test) -> Test:
    def both(values: Values) -> bool:
        try:
            if not left(values):
                return False
        except EvaluationError as error:
            _refute_or_raise((right,), values, error)
            return False
        return right(values)

    return both


def _all_of(tests: tuple[Test, ...]) -> Test:
    def conjunction(values: Values) -> bool:
        remaining = iter(tests)
        try:
            for test in remaining:
                if not test(values):
                    return False
        except EvaluationError as error:
            _refute_or_raise(remaining, values, error)
            return False
        return True

    return conjunction


def _refute_or_raise(remaining: Iterable[Test], values: Values, first: EvaluationError) -> None:
    """Return if one of the remaining tests is false; else raise the first error."""
    for test in remaining:
        try:
            if not test(values):
                return
        except EvaluationError:
            continue  # a later error; only the first is reported
    raise first


def _any_of(tests: tuple[Test, ...]) -> Test:
    def disjunction(values: Values) -> bool:
        remaining = iter(tests)
        try:
            for test in remaining:
                if test(values):
                    return True
        except EvaluationError as error:
            _affirm_or_raise(remaining, values, error)
            return True
        return False

    return disjunction


def _affirm_or_raise(remaining: Iterable[Test], values: Values, first: EvaluationError) -> None:
    """Return if one of the remaining tests is true; else raise the first error."""
    for test in remaining:
        try:
            if test(values):
                return
        except EvaluationError:
            continue
    raise first


def _conditional(compiler: _Compiler, term: terms.ConditionalTerm) -> Closure:
    condition = compiler.test(term.condition)
    branch = compiler.test if term.type is BOOL else compiler.closure
    then, otherwise = branch(term.then), branch(term.otherwise)
    return lambda values: then(values) if condition(values) else otherwise(values)


# --- comparisons --------------------------------------------------------------------------------

_OPERATORS: dict[ComparisonOperator, Callable[..., bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparison(compiler: _Compiler, term: terms.ComparisonTerm) -> Closure:
    compare = _OPERATORS[term.operator]
    left, right = compiler.closure(term.left), compiler.closure(term.right)
    if isinstance(term.right, terms.Constant):
        constant = term.right.value
        return lambda values: compare(left(values), constant)
    return lambda values: compare(left(values), right(values))


def _membership(compiler: _Compiler, term: terms.MembershipTerm) -> Closure:
    element = compiler.closure(term.element)
    if isinstance(term.collection, terms.Constant) and isinstance(term.collection.value, tuple):
        members = frozenset(term.collection.value)
        return lambda values: element(values) in members
    collection: Callable[[Values], Container[object]] = compiler.closure(  # type: ignore[assignment]
        term.collection  # a term of a list type
    )
    if isinstance(term.element, terms.Constant):
        constant = term.element.value
        return lambda values: constant in collection(values)
    return lambda values: element(values) in collection(values)


def _quantifier(compiler: _Compiler, term: terms.QuantifierTerm) -> Closure:
    collection: Callable[[Values], Collection[object]] = compiler.closure(  # type: ignore[assignment]
        term.collection  # a term of a list type
    )
    # Nobody watches what is asked of each member.
    predicate = _Compiler().test(term.predicate)
    deciding, span = term.kind == "exists", term.span
    # INVARIANT: which error is reported, and what is fetched, never depends on a set's order.
    in_order = measured(term.predicate).can_fail

    def quantified(values: Values) -> bool:
        members = collection(values)
        if len(members) > MAX_MEMBERS:
            raise failures.not_usable(f"the list has more than {MAX_MEMBERS} members", span)
        first: EvaluationError | None = None
        for member in sorted(members) if in_order and type(members) is frozenset else members:
            values.member = member
            try:
                if predicate(values) is deciding:
                    return deciding
            except EvaluationError as error:
                first = first or error
        if first is not None:
            raise first
        return not deciding

    return quantified


# --- text, networks, numbers --------------------------------------------------------------------


def _text_test(compiler: _Compiler, term: terms.TextTest) -> Closure:
    operand: Callable[[Values], str] = compiler.closure(term.operand)  # type: ignore[assignment]
    argument: Callable[[Values], str] = compiler.closure(term.argument)  # type: ignore[assignment]
    if term.kind == "startsWith":
        return lambda values: operand(values).startswith(argument(values))
    if term.kind == "endsWith":
        return lambda values: operand(values).endswith(argument(values))
    return lambda values: operator.contains(operand(values), argument(values))


def _pattern_test(compiler: _Compiler, term: terms.PatternTest) -> Closure:
    operand: Callable[[Values], str] = compiler.closure(term.operand)  # type: ignore[assignment]
    is_found_in, span = term.pattern.is_found_in, term.span

    def matches(values: Values) -> bool:
        text = operand(values)
        try:
            return is_found_in(text)
        except TextTooLongError:
            raise failures.not_usable("the text is too long for `matches`", span) from None
        except UnicodeEncodeError:
            raise failures.not_usable("the text is not Unicode", span) from None

    return matches


def _lower(compiler: _Compiler, term: terms.LowerTerm) -> Closure:
    operand: Callable[[Values], str] = compiler.closure(term.operand)  # type: ignore[assignment]
    return lambda values: ascii_lower(operand(values))


def _size(compiler: _Compiler, term: terms.SizeTerm) -> Closure:
    operand: Callable[[Values], Sized] = compiler.closure(term.operand)  # type: ignore[assignment]
    return lambda values: len(operand(values))


def _network_test(compiler: _Compiler, term: terms.NetworkTest) -> Closure:
    networks, span = term.networks, term.span
    if isinstance(term.operand, terms.RequestRead) and term.operand.field is RequestField.IP:
        place = term.operand.span
        return lambda values: read_address(values, place) in networks
    operand: Callable[[Values], str] = compiler.closure(term.operand)  # type: ignore[assignment]

    def within(values: Values) -> bool:
        address = parse_address(operand(values))
        if address is None:
            raise failures.not_usable("the text is not an IP address", span)
        return address in networks

    return within


def _arithmetic(compiler: _Compiler, term: terms.ArithmeticTerm) -> Closure:
    left: Callable[[Values], int] = compiler.closure(term.left)  # type: ignore[assignment]
    right: Callable[[Values], int] = compiler.closure(term.right)  # type: ignore[assignment]
    if term.type is Scalar.INT:
        join = operator.add if term.operator == "+" else operator.sub
    else:
        join = added if term.operator == "+" else subtracted
    kind, span = term.type, term.span

    def joined(values: Values) -> int | float:
        return _bounded(join(left(values), right(values)), kind, span)

    return joined


def _negative(compiler: _Compiler, term: terms.NegativeTerm) -> Closure:
    operand: Callable[[Values], int] = compiler.closure(term.operand)  # type: ignore[assignment]
    span = term.span
    return lambda values: _bounded(-operand(values), Scalar.INT, span)


def _bounded(value: int | float, kind: Scalar, span: SourceSpan) -> int | float:
    if not in_range(value, kind):
        raise failures.not_usable(f"the {kind} is out of range", span)
    return value


# --- leaves -------------------------------------------------------------------------------------


def _constant(compiler: _Compiler, term: terms.Constant) -> Closure:
    del compiler
    value = term.value
    return lambda _: value


def _member(values: Values) -> object:
    return values.member


def _list(compiler: _Compiler, term: terms.ListTerm) -> Closure:
    items = tuple(compiler.closure(item) for item in term.items)
    return lambda values: tuple([item(values) for item in items])


_CLOSURES: dict[type, Callable[..., Closure]] = {
    terms.Constant: _constant,
    terms.Presence: lambda _, term: presence_of(term.read),
    terms.UserPresence: lambda _, term: user_presence(term),
    terms.Negation: _negation,
    terms.Conjunction: _conjunction,
    terms.Disjunction: _disjunction,
    terms.ConditionalTerm: _conditional,
    terms.ConditionTerm: _Compiler.body,
    terms.ComparisonTerm: _comparison,
    terms.MembershipTerm: _membership,
    terms.MemberTerm: lambda _, term: _member,
    terms.QuantifierTerm: _quantifier,
    terms.TextTest: _text_test,
    terms.PatternTest: _pattern_test,
    terms.NetworkTest: _network_test,
    terms.ArithmeticTerm: _arithmetic,
    terms.NegativeTerm: _negative,
    terms.SizeTerm: _size,
    terms.LowerTerm: _lower,
    terms.ListTerm: _list,
}
