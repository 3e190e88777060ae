"""Checked terms ► Python source for the usual case: every value is there and of its type.

Each form is an expression that gives what the term's closure gives, or ends the usual case:
`unusual()` raises (`generated.py`). `and`, `or` and `not` are Python's own: they agree with the
language as long as nothing is in error.

INVARIANT: the source is made of the fragments of this module, and names that it numbers itself.
No name, text or number that an author wrote is in it: they are arguments.
"""

from __future__ import annotations

from collections.abc import Callable

from deemster.policy.expressions import terms
from deemster.policy.expressions.local_clock import LocalClock
from deemster.policy.expressions.parts import flattened
from deemster.policy.expressions.terms import RequestField, Term, UserField
from deemster.policy.expressions.times import TIMESTAMP_MAX, TIMESTAMP_MIN
from deemster.policy.expressions.types import INT_MAX, INT_MIN, STRING, Narrowing, Scalar
from deemster.policy.values import Values

__all__ = ["Source"]

Closure = Callable[[Values], object]

MAX_LEVEL = 24
"""Parts within parts that are written out: Python reads 200 parentheses one in another."""
MAX_TERMS = 256
"""Terms that are written out; of more the closures are called."""


class Source:
    """One condition being written out: its expression, and what the names in it stand for."""

    def __init__(self, closure_of: Callable[[Term], Closure]) -> None:
        self._closure_of = closure_of
        self._level = 0
        self._terms = 0
        self.arguments: list[object] = []
        """`a0`, `a1`, … of the source."""
        self.uses_claims = False
        self.uses_user = False

    def expression(self, term: Term) -> str:
        """Python's form of a term."""
        write = _FORMS.get(type(term))
        self._terms += 1
        if write is None or self._level >= MAX_LEVEL or self._terms > MAX_TERMS:
            return self.called(term)
        self._level += 1
        written = write(self, term)
        self._level -= 1
        return written if written is not None else self.called(term)

    def argument(self, value: object) -> str:
        """The name of a value that the source needs."""
        self.arguments.append(value)
        return f"a{len(self.arguments) - 1}"

    def called(self, term: Term) -> str:
        """The term's closure, which knows every case."""
        return f"{self.argument(self._closure_of(term))}(values)"


def _bound(condition: str, value: str) -> str:
    """A condition on `x`, with `x` bound to a value where it is first named."""
    return condition.replace("x", f"(x := {value})", 1)


# --- names --------------------------------------------------------------------------------------


def _claim(source: Source, term: terms.ClaimRead) -> str | None:
    source.uses_claims = True
    if term.name == "claims.scope" and term.declared_at is None:
        return "token.scopes"
    condition = _of_type(source, term.narrowing)
    if condition is None:
        return None
    value = _member(source, "claims", term.claim, term)
    return f"(x if {_bound(condition, value)} else unusual())"


def _member(source: Source, mapping: str, name: str, term: terms.ClaimRead | terms.UserRead) -> str:
    """A claim or an attribute; without a default an absent one is a KeyError."""
    key = source.argument(name)
    if term.has_default:
        return f"{mapping}.get({key}, {source.argument(term.default)})"
    return f"{mapping}[{key}]"


_ATTRIBUTES = "user is not None and type(x := user.attributes) is dict"


def _user(source: Source, term: terms.UserRead) -> str | None:
    source.uses_user = True
    if term.field is UserField.ID:
        return "(user.id if user is not None else unusual())"
    if term.field in (UserField.GROUPS, UserField.ROLES):
        fetched = f"user is not None and type(x := user.{term.field.value}) is frozenset"
        return f"(x if {fetched} else unusual())"
    condition = _of_type(source, term.narrowing)
    if term.field is not UserField.ATTRIBUTE or condition is None:
        return None
    value = _member(source, "x", term.attribute, term)
    return f"(x if {_ATTRIBUTES} and {_bound(condition, value)} else unusual())"


def _of_type(source: Source, narrowing: Narrowing) -> str | None:
    """Whether `x` is a value of a declaration; None where the closure has to look."""
    kind = narrowing.type
    if kind is Scalar.BOOL:
        return "type(x) is bool"
    if kind is STRING:
        if narrowing.enum is None:
            return "type(x) is str"
        return f"type(x) is str and x in {source.argument(frozenset(narrowing.enum))}"
    if kind is Scalar.TIMESTAMP:
        low, high = source.argument(TIMESTAMP_MIN), source.argument(TIMESTAMP_MAX)
        return f"type(x) is int and {low} <= x < {high}"
    if kind is Scalar.INT and narrowing.enum is None:
        least = INT_MIN if narrowing.minimum is None else narrowing.minimum
        most = INT_MAX if narrowing.maximum is None else narrowing.maximum
        return f"type(x) is int and {source.argument(least)} <= x <= {source.argument(most)}"
    return None


_REQUEST = {
    RequestField.METHOD: "values.call.method",
    RequestField.SCHEME: "values.url.scheme",
    RequestField.HOST: "values.url.host",
    RequestField.PATH: "values.url.path",
    RequestField.RELATIVE_PATH: "values.relative_path",
    RequestField.TIME: "values.now",
}


def _request(source: Source, term: terms.RequestRead) -> str | None:
    del source
    return _REQUEST.get(term.field)


def _header(source: Source, term: terms.HeaderRead) -> str | None:
    if term.is_sealed:
        return None
    return f"values.call.headers.get_all({source.argument(term.header)})"


def _parameter(source: Source, term: terms.ParameterRead) -> str:
    return f"values.params[{source.argument(term.parameter)}]"


def _local_time(source: Source, term: terms.LocalTimeRead) -> str:
    clock = source.argument(LocalClock(term.zone, term.field))
    # What it saw last is nearly always of this minute, and a call would cost as much again.
    seen = f"(x := {clock}.seen)[0] <= values.now < x[1]"
    return f"(x[2] if {seen} else {clock}.at(values.now))"


def _presence(source: Source, term: terms.Presence) -> str | None:
    read = term.read
    if not isinstance(read, terms.ClaimRead | terms.UserRead) or read.has_default:
        return None
    condition = _of_type(source, read.narrowing)
    if condition is None:
        return None
    if isinstance(read, terms.ClaimRead):
        source.uses_claims = True
        return _present(condition, f"claims.get({source.argument(read.claim)})")
    if read.field is not UserField.ATTRIBUTE:
        return None
    source.uses_user = True
    present = _present(condition, f"x.get({source.argument(read.attribute)})")
    return f"({present} if {_ATTRIBUTES} else unusual())"


def _present(condition: str, value: str) -> str:
    """True for a value of the type, false for none; for any other the closure says what it is."""
    return f"({_bound(condition, value)} or x is not None and unusual())"


def _user_presence(source: Source, term: terms.UserPresence) -> str:
    del term
    source.uses_user = True
    # Without claims nobody looked who calls: the closure says so.
    return "(user is not None or (values.claims is None and unusual()))"


# --- logic --------------------------------------------------------------------------------------


def _joined(sign: str) -> Callable[..., str]:
    def write(source: Source, term: terms.Conjunction | terms.Disjunction) -> str:
        return f"({sign.join([source.expression(operand) for operand in flattened(term)])})"

    return write


def _negation(source: Source, term: terms.Negation) -> str:
    return f"(not {source.expression(term.operand)})"


def _conditional(source: Source, term: terms.ConditionalTerm) -> str:
    condition, then = source.expression(term.condition), source.expression(term.then)
    return f"({then} if {condition} else {source.expression(term.otherwise)})"


# --- tests and values ---------------------------------------------------------------------------


def _constant(source: Source, term: terms.Constant) -> str:
    return source.argument(term.value)


def _comparison(source: Source, term: terms.ComparisonTerm) -> str:
    return f"({source.expression(term.left)} {term.operator} {source.expression(term.right)})"


def _membership(source: Source, term: terms.MembershipTerm) -> str:
    element = source.expression(term.element)
    collection = term.collection
    if isinstance(collection, terms.Constant) and isinstance(collection.value, tuple):
        return f"({element} in {source.argument(frozenset(collection.value))})"
    return f"({element} in {source.expression(collection)})"


def _list(source: Source, term: terms.ListTerm) -> str:
    return "(" + "".join(f"{source.expression(item)}, " for item in term.items) + ")"


def _text_test(source: Source, term: terms.TextTest) -> str:
    operand, argument = source.expression(term.operand), source.expression(term.argument)
    if term.kind == "contains":
        return f"({argument} in {operand})"
    return f"{operand}.{term.kind.lower()}({argument})"


def _network_test(source: Source, term: terms.NetworkTest) -> str | None:
    operand = term.operand
    if not isinstance(operand, terms.RequestRead) or operand.field is not RequestField.IP:
        return None
    address = "(x if (x := values.address) is not None else address(values))"
    firsts, lasts = term.networks.firsts, term.networks.lasts
    if len(firsts) == 2:
        return f"({source.argument(firsts[1])} <= {address} <= {source.argument(lasts[1])})"
    first, last = source.argument(firsts), source.argument(lasts)
    return f"({last}[bisect_right({first}, (y := {address})) - 1] >= y)"


def _arithmetic(source: Source, term: terms.ArithmeticTerm) -> str | None:
    if term.type is not Scalar.INT:
        return None
    left, right = source.expression(term.left), source.expression(term.right)
    return _in_64_bits(source, f"{left} {term.operator} {right}")


def _negative(source: Source, term: terms.NegativeTerm) -> str:
    return _in_64_bits(source, f"-{source.expression(term.operand)}")


def _in_64_bits(source: Source, value: str) -> str:
    least, most = source.argument(INT_MIN), source.argument(INT_MAX)
    return f"(x if {least} <= (x := {value}) <= {most} else unusual())"


def _size(source: Source, term: terms.SizeTerm) -> str:
    return f"len({source.expression(term.operand)})"


def _lower(source: Source, term: terms.LowerTerm) -> str:
    return f"ascii_lower({source.expression(term.operand)})"


_FORMS: dict[type, Callable[..., str | None]] = {
    terms.ClaimRead: _claim,
    terms.UserRead: _user,
    terms.RequestRead: _request,
    terms.HeaderRead: _header,
    terms.ParameterRead: _parameter,
    terms.LocalTimeRead: _local_time,
    terms.Presence: _presence,
    terms.UserPresence: _user_presence,
    terms.Conjunction: _joined(" and "),
    terms.Disjunction: _joined(" or "),
    terms.Negation: _negation,
    terms.ConditionalTerm: _conditional,
    terms.Constant: _constant,
    terms.ComparisonTerm: _comparison,
    terms.MembershipTerm: _membership,
    terms.ListTerm: _list,
    terms.TextTest: _text_test,
    terms.NetworkTest: _network_test,
    terms.ArithmeticTerm: _arithmetic,
    terms.NegativeTerm: _negative,
    terms.SizeTerm: _size,
    terms.LowerTerm: _lower,
}
"""What has no form here, such as `exists`, `matches` or a named condition, is called."""
