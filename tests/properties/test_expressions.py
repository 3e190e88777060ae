"""Laws of the expression language, on random texts, syntax and situations."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.errors import EvaluationError
from deemster.model.decision import Reason
from deemster.model.identity import NOT_FETCHED
from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import DiagnosticSink, Severity
from deemster.policy.expressions import ast
from deemster.policy.expressions.checked import measured
from deemster.policy.expressions.checker import check, check_expression
from deemster.policy.expressions.closures import compile_condition, compile_expression
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.explaining import ConditionExplainer
from deemster.policy.expressions.networks import (
    NetworkSet,
    canonical_address,
    parse_address,
    parse_network,
)
from deemster.policy.expressions.parser import MAX_LENGTH
from deemster.policy.expressions.parts import parts
from deemster.policy.expressions.printing import expression_text
from deemster.policy.expressions.strings import quoted
from deemster.policy.expressions.terms import Term
from deemster.policy.values import NeedsValues, Values
from tests.support.conditions import (
    FILE,
    a_scope,
    a_token,
    a_user,
    checked_condition,
    findings_of,
    parsed,
    text_condition,
    values,
)
from tests.support.scale import scaled

SPAN = SourceSpan(FILE, 1, 1, 1, 2)

# --- any text -----------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        "claims",
        "user",
        "request",
        "params",
        "attr",
        "time",
        ".",
        ".sub",
        ".level",
        ".groups",
        ".ip",
        ".headers",
        "['x-a']",
        "has(",
        "size(",
        "timestamp(",
        "duration(",
        ".inCidr(",
        ".inAny(",
        ".lower()",
        ".startsWith(",
        ".exists(x, ",
        ".local('UTC')",
        ".hour",
        "'10.0.0.0/8'",
        "'a'",
        "'",
        '"',
        "\\",
        "r'",
        "1",
        "-1",
        "9223372036854775808",
        "0x1",
        "1.5",
        "true",
        "false",
        "null",
        "in",
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "?",
        ":",
        "(",
        ")",
        "[",
        "]",
        ",",
        " ",
        "\n",
        "\t",
        "é",
        "\ud800",
        "(((((((((((((((((((((((((((((((((",
        "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
    ]
)
TEXTS = st.one_of(
    st.lists(FRAGMENTS, max_size=24).map("".join),
    st.lists(FRAGMENTS, max_size=24).map(" ".join),
    st.text(st.characters(), max_size=60),
)


@given(TEXTS)
@settings(max_examples=scaled(20_000))
def test_any_text_is_a_condition_or_has_diagnostics(text: str) -> None:
    found = findings_of(text)
    errors = [item for item in found.items if item.severity is Severity.ERROR]
    assert (found.checked is None) == bool(errors)
    for item in errors:
        assert 0 < item.span.column <= item.span.end_column <= len(text) + 3 or "\n" in text


@given(TEXTS, TEXTS)
@settings(max_examples=scaled(2_000))
def test_a_condition_that_checks_has_a_value_or_an_evaluation_error(one: str, two: str) -> None:
    for text in (one, two, f"({one}) && ({two})"):
        checked = findings_of(text).checked
        if checked is not None:
            assert outcome(compile_condition(checked), SITUATIONS[0]) is not None


# --- random syntax reads back -------------------------------------------------------------------

NAMES = st.sampled_from(["a", "claims", "user", "std", "x1", "_y", "exists1", "inside"])
LEAVES = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda n: ast.IntLiteral(n, SPAN)),
    st.text(max_size=8).map(lambda t: ast.StringLiteral(t, SPAN)),
    st.booleans().map(lambda b: ast.BoolLiteral(b, SPAN)),
    st.just(ast.NullLiteral(SPAN)),
    NAMES.map(lambda n: ast.Name(n, SPAN)),
)


def grown(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    any_number = st.lists(inner, max_size=3).map(tuple)
    signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(lambda a, n: ast.Member(a, n, SPAN, SPAN), inner, NAMES),
        st.builds(lambda a, b: ast.Index(a, b, SPAN), inner, inner),
        st.builds(lambda a: ast.Not(a, SPAN), inner),
        st.builds(lambda a: ast.Negate(a, SPAN), inner),
        st.builds(lambda a: ast.Has(a, SPAN), inner),
        st.builds(lambda a: ast.And(a, SPAN), several),
        st.builds(lambda a: ast.Or(a, SPAN), several),
        st.builds(lambda s, a, b: ast.Comparison(s, a, b, SPAN), signs, inner, inner),
        st.builds(lambda a, b: ast.Membership(a, b, SPAN), inner, inner),
        st.builds(
            lambda s, a, b: ast.Arithmetic(s, a, b, SPAN), st.sampled_from(["+", "-"]), inner, inner
        ),
        st.builds(lambda a, b, c: ast.Conditional(a, b, c, SPAN), inner, inner, inner),
        st.builds(lambda a: ast.ListLiteral(a, SPAN), any_number),
        st.builds(lambda n, a: ast.Call(n, a, SPAN, SPAN), NAMES, any_number),
        st.builds(lambda o, n, a: ast.MethodCall(o, n, a, SPAN, SPAN), inner, NAMES, any_number),
        st.builds(
            lambda k, o, n, a: ast.Quantifier(k, o, n, a, SPAN, SPAN, SPAN),
            st.sampled_from(["exists", "all"]),
            inner,
            NAMES,
            inner,
        ),
    )


SYNTAX: st.SearchStrategy[ast.Expr] = st.recursive(LEAVES, grown, max_leaves=12)


@given(SYNTAX)
@settings(max_examples=scaled(10_000))
def test_printed_syntax_reads_back_as_itself(expr: ast.Expr) -> None:
    text = expression_text(expr)
    if len(text.encode()) <= MAX_LENGTH:
        assert parsed(text) == expr


@given(st.text(max_size=40))
@settings(max_examples=scaled(5_000))
def test_a_quoted_string_reads_back_as_itself(content: str) -> None:
    assert parsed(quoted(content)) == ast.StringLiteral(content, SPAN)


@given(SYNTAX)
@settings(max_examples=scaled(3_000))
def test_checking_random_syntax_never_raises(expr: ast.Expr) -> None:
    sink = DiagnosticSink()
    checked = check_expression(expr, a_scope(), sink)
    assert (checked is None) == sink.has_errors


# --- laws of three-valued logic -----------------------------------------------------------------

ATOMS = [
    "true",
    "false",
    "claims.admin",
    "claims.sub == 'alice'",
    "claims.sub != 'alice'",
    "claims.tenant == 'acme'",
    "has(claims.tenant)",
    "claims.tier in ['gold']",
    "claims.acr in ['mfa', 'hwk']",
    "'invoices.read' in claims.scope",
    "'finance' in user.groups",
    "user.level >= 3",
    "has(user)",
    "has(user.level)",
    "user.department == 'x'",
    "claims.count + 1 > 0",
    "request.ip.inCidr('10.0.0.0/8')",
    "request.method == 'POST'",
    "'a' in request.query.page",
]
FORMULAS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map(lambda a: f"!({a})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda a: f"({' && '.join(a)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda a: f"({' || '.join(a)})"),
        st.tuples(inner, inner, inner).map(lambda a: f"({a[0]} ? {a[1]} : {a[2]})"),
    ),
    max_leaves=8,
)
CLAIMS: list[dict[str, object]] = [
    {"sub": "alice", "admin": True, "tenant": "acme", "tier": "gold", "acr": "mfa", "count": 1},
    {"sub": "bob", "admin": False, "tier": "tin", "acr": 5, "count": 2**63 - 1},
    {"sub": None, "admin": "yes", "tenant": ["acme"]},
    {},
]
USERS = [
    a_user(),
    a_user(groups=frozenset(), attributes={"level": 12, "department": "x"}),
    a_user(groups=OSError("down"), attributes=OSError("down")),
    None,
]
SITUATIONS = [
    values(claims=a_token(claims), user=user, ip=ip, url=f"https://api.example.com/b?page={page}")
    for claims in CLAIMS
    for user in USERS
    for ip, page in (("10.1.2.3", "a"), (None, "%zz"), ("192.0.2.1", "b"))
]
STANDING = st.sampled_from(SITUATIONS)


def outcome(closure: object, at: Values) -> object:
    """True, False, or the reason of an error."""
    assert callable(closure)
    try:
        found = closure(at)
    except EvaluationError as error:
        return error.reason
    except NeedsValues as needed:
        return needed.parts
    assert type(found) is bool
    return found


def truth(text: str, at: Values) -> object:
    return outcome(compile_condition(checked_condition(text)), at)


def sort(found: object) -> object:
    """Errors of all reasons alike: which is first depends on the order, that there is one not."""
    return "error" if isinstance(found, Reason) else found


@given(FORMULAS, FORMULAS, STANDING)
@settings(max_examples=scaled(3_000))
def test_de_morgan_holds_with_errors_and_their_order(a: str, b: str, at: Values) -> None:
    assert truth(f"!({a} && {b})", at) == truth(f"!{p(a)} || !{p(b)}", at)
    assert truth(f"!({a} || {b})", at) == truth(f"!{p(a)} && !{p(b)}", at)


@given(FORMULAS, FORMULAS, FORMULAS, STANDING)
@settings(max_examples=scaled(2_000))
def test_operands_may_be_reordered(a: str, b: str, c: str, at: Values) -> None:
    for sign in ("&&", "||"):
        texts = [f" {sign} ".join(map(p, order)) for order in permutations((a, b, c))]
        assert len({sort(truth(text, at)) for text in texts}) == 1


@given(FORMULAS, FORMULAS, FORMULAS, STANDING)
@settings(max_examples=scaled(2_000))
def test_operands_may_be_grouped(a: str, b: str, c: str, at: Values) -> None:
    for sign in ("&&", "||"):
        left = f"({p(a)} {sign} {p(b)}) {sign} {p(c)}"
        right = f"{p(a)} {sign} ({p(b)} {sign} {p(c)})"
        assert truth(left, at) == truth(right, at)


@given(FORMULAS, STANDING)
@settings(max_examples=scaled(2_000))
def test_negating_twice_changes_nothing(a: str, at: Values) -> None:
    assert truth(f"!!{p(a)}", at) == truth(a, at)


@given(FORMULAS, STANDING)
@settings(max_examples=scaled(3_000))
def test_a_formula_agrees_with_a_walk_of_its_syntax(a: str, at: Values) -> None:
    assert truth(a, at) == walked(parsed(a), at)


@given(FORMULAS)
@settings(max_examples=scaled(2_000))
def test_what_cannot_fail_does_not_fail(a: str) -> None:
    checked = checked_condition(a)
    found = {outcome(compile_condition(checked), at) for at in SITUATIONS}
    assert checked.can_fail or found <= {True, False}


@given(FORMULAS, STANDING)
@settings(max_examples=scaled(3_000))
def test_an_explanation_ends_as_the_condition_and_each_part_as_it_does_alone(
    a: str, at: Values
) -> None:
    checked = checked_condition(a)
    truth_of_all = outcome(compile_condition(checked), at)
    seen = EXPLAINER.explain(checked, at)
    if isinstance(truth_of_all, bool | Reason):
        assert seen[-1][0] is checked.term
        assert shown(seen[-1][1]) == truth_of_all
    known = {id(part) for part in with_parts(checked.term)}
    for part, ended in seen:
        assert id(part) in known
        assert outcome(compile_condition(measured(part)), at) == shown(ended)


EXPLAINER = ConditionExplainer()


def shown(ended: bool | EvaluationError) -> bool | Reason:
    return ended.reason if isinstance(ended, EvaluationError) else ended


def with_parts(term: Term) -> Iterator[Term]:
    yield term
    for part in parts(term):
        yield from with_parts(part)


def p(text: str) -> str:
    return f"({text})"


def walked(expr: ast.Expr, at: Values) -> object:
    """The truth tables applied to every operand's outcome; nothing is passed over."""
    if isinstance(expr, ast.Not):
        inner = walked(expr.operand, at)
        return inner if isinstance(inner, Reason) else not inner
    if isinstance(expr, ast.And | ast.Or):
        winner = isinstance(expr, ast.Or)
        found = [walked(operand, at) for operand in expr.operands]
        if winner in found:
            return winner
        return next((one for one in found if isinstance(one, Reason)), not winner)
    if isinstance(expr, ast.Conditional):
        asked = walked(expr.condition, at)
        if isinstance(asked, Reason):
            return asked
        return walked(expr.then if asked else expr.otherwise, at)
    sink = DiagnosticSink()
    checked = check(expr, a_scope(), sink)
    assert checked is not None
    return outcome(compile_condition(checked), at)


# --- one function or two: the same answer -------------------------------------------------------

TESTS = [
    ("claims.sub == 'alice'", "claims.sub == ('alice' == '' ? '' : 'alice')"),
    ("claims.sub != 'alice'", "!(claims.sub == 'alice')"),
    ("claims.acr in ['mfa', 'hwk']", "claims.acr == 'mfa' || claims.acr == 'hwk'"),
    ("'invoices.read' in claims.scope", "(true ? 'invoices.read' : '') in claims.scope"),
    ("'finance' in user.groups", "(true ? 'finance' : '') in user.groups"),
    ("request.method == 'POST'", "request.method in ['POST']"),
]


@given(st.sampled_from(TESTS), STANDING)
@settings(max_examples=scaled(2_000))
def test_a_test_written_in_two_ways_has_one_outcome(pair: tuple[str, str], at: Values) -> None:
    assert truth(pair[0], at) == truth(pair[1], at)


def test_parts_not_fetched_are_asked_for_through_every_operator() -> None:
    at = values(user=a_user(groups=NOT_FETCHED))
    for text in ("!({})", "{} && true", "true && {}", "{} || false", "{} ? true : false"):
        found = truth(text.format("'a' in user.groups"), at)
        assert isinstance(found, frozenset), text


# --- networks -----------------------------------------------------------------------------------

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
NETWORKS = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
).map(lambda pair: str(ipaddress.ip_network(pair, strict=False)))


@given(st.lists(NETWORKS, max_size=6), ADDRESSES)
@settings(max_examples=scaled(3_000))
def test_a_set_of_networks_holds_what_one_of_them_holds(texts: list[str], address: str) -> None:
    held = NetworkSet.of([parse_network(text) for text in texts])
    candidates = [address]
    for text in texts:
        network = ipaddress.ip_network(text)
        ends = (int(network.network_address), int(network.broadcast_address))
        largest = network.max_prefixlen
        candidates += [
            str(type(network.network_address)(number))
            for end in ends
            for number in (end - 1, end, end + 1)
            if 0 <= number < 2**largest
        ]
    for text in candidates:
        found = ipaddress.ip_address(text)
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            continue
        expected = any(holds(ipaddress.ip_network(one), found) for one in texts)
        parsed_address = parse_address(text)
        assert parsed_address is not None
        assert (parsed_address in held) == expected, text


def holds(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> bool:
    """A network within ::ffff:0:0/96 is one of IPv4; a wider one of IPv6 holds no IPv4 address."""
    if isinstance(network, ipaddress.IPv6Network) and isinstance(address, ipaddress.IPv4Address):
        mapped = ipaddress.IPv6Address(f"::ffff:{address}")
        return network.prefixlen >= 96 and mapped in network
    return address in network


@given(st.one_of(ADDRESSES, st.text("0123456789.:abcf", max_size=20)))
@settings(max_examples=scaled(3_000))
def test_addresses_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        expected = ipaddress.ip_address(text)
    except ValueError:
        assert parse_address(text) is None
        return
    mapped = getattr(expected, "ipv4_mapped", None)
    address = parse_address(text)
    assert address is not None
    assert canonical_address(address) == str(mapped or expected)


def test_measures_of_a_term_are_those_of_its_parts() -> None:
    checked = checked_condition("claims.admin && (user.level == 1 || has(user))")
    assert (checked.weight, checked.depth) == (7, 4)
    assert measured(checked.term).reads == {"claims.admin", "user.level", "user"}
    assert compile_expression(checked)(values(claims=a_token({"admin": False}))) is False
    assert parse_condition(text_condition("a"), DiagnosticSink()) is not None
