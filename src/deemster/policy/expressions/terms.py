"""Conditions after checking: every name resolved, every constant folded, every type known.

`checker` makes them of `ast` nodes; `closures` and, later, the analysis read them. A term's
`span` is the place an evaluation error points at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from deemster.model.source import SourceSpan
from deemster.policy.expressions.access_terms import AccessRead
from deemster.policy.expressions.ast import (
    ArithmeticOperator,
    ComparisonOperator,
    QuantifierKind,
)
from deemster.policy.expressions.attribute_terms import AttributeRead
from deemster.policy.expressions.certificates import CertificateRead
from deemster.policy.expressions.networks import NetworkSet
from deemster.policy.expressions.response_terms import ResponseHeaderRead, ResponseStatusRead
from deemster.policy.expressions.types import (
    BOOL,
    INT,
    INT_MIN,
    LIST_OF_STRING,
    STRING,
    TIMESTAMP,
    ListType,
    Narrowing,
    Scalar,
    Type,
)
from deemster.policy.patterns.compiling import Pattern

if TYPE_CHECKING:
    from deemster.policy.expressions.checked import CheckedExpr

__all__ = [
    "AccessRead",
    "ArithmeticTerm",
    "AttributeRead",
    "CertificateRead",
    "ClaimRead",
    "ComparisonTerm",
    "ConditionTerm",
    "ConditionalTerm",
    "Conjunction",
    "Constant",
    "ConstantValue",
    "DeclaredRead",
    "Disjunction",
    "HeaderRead",
    "ListTerm",
    "LocalTimeField",
    "LocalTimeRead",
    "LowerTerm",
    "MemberTerm",
    "MembershipTerm",
    "Negation",
    "NegativeTerm",
    "NetworkTest",
    "ParameterRead",
    "PatternTest",
    "Presence",
    "QuantifierTerm",
    "QueryRead",
    "Read",
    "RequestField",
    "RequestRead",
    "SizeTerm",
    "Term",
    "TextTest",
    "TextTestKind",
    "UserField",
    "UserPresence",
    "UserRead",
    "can_fail_alone",
    "operands",
]

ConstantValue = bool | int | float | str | tuple[object, ...]
"""A timestamp is seconds since 1970, a duration seconds: int where whole, else float."""

TextTestKind = Literal["startsWith", "endsWith", "contains"]


class RequestField(Enum):
    """`request.x`, as written."""

    METHOD = "method"
    SCHEME = "scheme"
    HOST = "host"
    PATH = "path"
    RELATIVE_PATH = "relativePath"
    IP = "ip"
    TIME = "time"


class UserField(Enum):
    """The built-in members of `user`; ATTRIBUTE is any declared one."""

    ID = "id"
    GROUPS = "groups"
    ROLES = "roles"
    PERMISSIONS = "permissions"
    ATTRIBUTE = "attribute"


class LocalTimeField(Enum):
    """`time.local(zone).x`, as written."""

    HOUR = "hour"
    MINUTE_OF_DAY = "minute_of_day"
    WEEKDAY = "weekday"
    DATE = "date"


# --- leaves -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal, a declared constant (`declared_at`), or what was folded from them."""

    value: ConstantValue
    type: Type
    span: SourceSpan
    declared_at: SourceSpan | None = None


@dataclass(frozen=True, slots=True)
class ClaimRead:
    """`claims.x`. `claim` is its name in the token; a registered claim has no `declared_at`."""

    name: str
    claim: str
    narrowing: Narrowing
    optional: bool
    has_default: bool
    default: object
    declared_at: SourceSpan | None
    span: SourceSpan

    @property
    def type(self) -> Type:
        return self.narrowing.type


@dataclass(frozen=True, slots=True)
class UserRead:
    """`user.x`; a built-in member has no `declared_at`."""

    name: str
    field: UserField
    attribute: str
    narrowing: Narrowing
    optional: bool
    has_default: bool
    default: object
    declared_at: SourceSpan | None
    span: SourceSpan

    @property
    def type(self) -> Type:
        return self.narrowing.type


@dataclass(frozen=True, slots=True)
class ParameterRead:
    """`params.x`."""

    name: str
    parameter: str
    type: Type
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class RequestRead:
    """`request.x`."""

    name: str
    field: RequestField
    span: SourceSpan

    @property
    def type(self) -> Type:
        return TIMESTAMP if self.field is RequestField.TIME else STRING


@dataclass(frozen=True, slots=True)
class HeaderRead:
    """`request.headers['x']`; `header` is lower-case.

    `is_sealed`: read in the response phase, where only the sealed state may know it.
    """

    name: str
    header: str
    span: SourceSpan
    is_sealed: bool = False
    type: Type = LIST_OF_STRING


@dataclass(frozen=True, slots=True)
class QueryRead:
    """`request.query['x']`; `parameter` is as decoded."""

    name: str
    parameter: str
    span: SourceSpan
    type: Type = LIST_OF_STRING


@dataclass(frozen=True, slots=True)
class LocalTimeRead:
    """`time.local('Europe/Berlin').hour`."""

    name: str
    zone: ZoneInfo
    field: LocalTimeField
    span: SourceSpan

    @property
    def type(self) -> Type:
        return STRING if self.field is LocalTimeField.DATE else INT


DeclaredRead = ClaimRead | UserRead | AccessRead | AttributeRead
"""Names with a declaration; what was built in has no `declared_at`."""

Read = (
    DeclaredRead
    | ParameterRead
    | RequestRead
    | HeaderRead
    | QueryRead
    | LocalTimeRead
    | CertificateRead
    | ResponseStatusRead
    | ResponseHeaderRead
)


@dataclass(frozen=True, slots=True)
class Presence:
    """`has(claims.x)`."""

    read: Read
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class UserPresence:
    """`has(user)`."""

    span: SourceSpan
    type: Type = BOOL


# --- logic --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Negation:
    """`!x`"""

    operand: Term
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Conjunction:
    """`x && y && …`"""

    operands: tuple[Term, ...]
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Disjunction:
    """`x || y || …`"""

    operands: tuple[Term, ...]
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class ConditionalTerm:
    """`c ? x : y`"""

    condition: Term
    then: Term
    otherwise: Term
    type: Type
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class ConditionTerm:
    """The use of a named condition: `name` as written (`std.office_hours`), `body` its meaning."""

    name: str
    body: CheckedExpr
    span: SourceSpan
    type: Type = BOOL


# --- tests and values ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ComparisonTerm:
    """`x < y`: both sides of one scalar type."""

    operator: ComparisonOperator
    left: Term
    right: Term
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class MembershipTerm:
    """`x in y`: the element's type is that of the list's members."""

    element: Term
    collection: Term
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class MemberTerm:
    """The variable of a quantifier: each member of `collection` in turn."""

    name: str
    narrowing: Narrowing
    collection: Term
    span: SourceSpan

    @property
    def type(self) -> Type:
        return self.narrowing.type


@dataclass(frozen=True, slots=True)
class QuantifierTerm:
    """`list.exists(m, …)`, `list.all(m, …)`: no quantifier lies in `predicate`."""

    kind: QuantifierKind
    collection: Term
    predicate: Term
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class TextTest:
    """`x.startsWith(y)` and its siblings."""

    kind: TextTestKind
    operand: Term
    argument: Term
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class PatternTest:
    """`x.matches('…')`: whether some part of the text fits."""

    operand: Term
    pattern: Pattern
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class NetworkTest:
    """`x.inCidr('…')`, `x.inAny([…])`."""

    operand: Term
    networks: NetworkSet
    span: SourceSpan
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class ArithmeticTerm:
    """`x + y` over int, timestamp and duration; a result out of range is an error."""

    operator: ArithmeticOperator
    left: Term
    right: Term
    type: Scalar
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class NegativeTerm:
    """`-x`"""

    operand: Term
    span: SourceSpan
    type: Type = INT


@dataclass(frozen=True, slots=True)
class SizeTerm:
    """`size(x)`: code points of a string, members of a list."""

    operand: Term
    span: SourceSpan
    type: Type = INT


@dataclass(frozen=True, slots=True)
class LowerTerm:
    """`x.lower()`"""

    operand: Term
    span: SourceSpan
    type: Type = STRING


@dataclass(frozen=True, slots=True)
class ListTerm:
    """`[x, 'y']` with a member that is not constant."""

    items: tuple[Term, ...]
    type: ListType
    span: SourceSpan


Term = (
    Constant
    | Read
    | Presence
    | UserPresence
    | Negation
    | Conjunction
    | Disjunction
    | ConditionalTerm
    | ConditionTerm
    | ComparisonTerm
    | MembershipTerm
    | MemberTerm
    | QuantifierTerm
    | TextTest
    | PatternTest
    | NetworkTest
    | ArithmeticTerm
    | NegativeTerm
    | SizeTerm
    | LowerTerm
    | ListTerm
)


def operands(term: Term) -> tuple[Term, ...]:
    """The terms a term is made of, in source order; `()` for a leaf. `has` is a leaf."""
    parts = _PARTS.get(type(term))
    return parts(term) if parts is not None else ()


def can_fail_alone(term: Term) -> bool:
    """Whether the term itself may be in error though its operands have values."""
    if isinstance(term, Presence):
        # That there is no certificate is an answer; so is that it has no such member.
        return not isinstance(term.read, CertificateRead) and can_fail_alone(term.read)
    if isinstance(term, Read):
        return _can_fail_when_read(term)
    if isinstance(term, NetworkTest):
        # A read of request.ip fails itself where it is no address; any other text is just text.
        return not (isinstance(term.operand, RequestRead) and term.operand.field is RequestField.IP)
    if isinstance(term, QuantifierTerm):
        # A list may be too long.
        return not isinstance(term.collection, Constant)
    if isinstance(term, ArithmeticTerm | PatternTest):
        # A text may be too long for the pattern.
        return True
    if isinstance(term, NegativeTerm):
        return not isinstance(term.operand, Constant) or term.operand.value == INT_MIN
    return False


def _can_fail_when_read(read: Read) -> bool:
    if isinstance(read, RequestRead):
        return read.field is RequestField.IP
    if isinstance(read, AccessRead):
        return read.field.is_property
    if isinstance(read, AttributeRead):
        return read.attribute.can_fail
    return isinstance(read, ClaimRead | UserRead | QueryRead | CertificateRead)


_PARTS: dict[type, Callable[..., tuple[Term, ...]]] = {
    Negation: lambda term: (term.operand,),
    Conjunction: lambda term: term.operands,
    Disjunction: lambda term: term.operands,
    ConditionalTerm: lambda term: (term.condition, term.then, term.otherwise),
    ConditionTerm: lambda term: (term.body.term,),
    ComparisonTerm: lambda term: (term.left, term.right),
    MembershipTerm: lambda term: (term.element, term.collection),
    QuantifierTerm: lambda term: (term.collection, term.predicate),
    TextTest: lambda term: (term.operand, term.argument),
    PatternTest: lambda term: (term.operand,),
    NetworkTest: lambda term: (term.operand,),
    ArithmeticTerm: lambda term: (term.left, term.right),
    NegativeTerm: lambda term: (term.operand,),
    SizeTerm: lambda term: (term.operand,),
    LowerTerm: lambda term: (term.operand,),
    ListTerm: lambda term: term.items,
}
