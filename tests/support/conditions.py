"""Conditions under test: text to closure in one step, declarations and values with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deemster.model.http import ApiCall, Headers
from deemster.model.identity import UserContext, VerifiedClaims
from deemster.model.source import SourceSpan
from deemster.model.urls import canonical_url
from deemster.policy import tree
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.expressions import ast
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.checker import check, check_expression
from deemster.policy.expressions.conditions import parse_condition
from deemster.policy.expressions.scope import ConditionDefinition, LexicalScope, Scope
from deemster.policy.expressions.types import STRING, Type
from deemster.policy.reading.nodes import ScalarNode, ScalarStyle
from deemster.policy.values import Values

__all__ = [
    "FILE",
    "LIBRARY",
    "a_library",
    "a_scope",
    "a_token",
    "a_user",
    "checked_condition",
    "checked_value",
    "constant",
    "declaration",
    "findings_of",
    "marked",
    "parsed",
    "span",
    "text_condition",
    "values",
]

FILE = "policies/invoices.yaml"
LIBRARY = "policies/lib/standard.yaml"
NOW = 1_795_424_400  # Monday 2026-11-23T09:00:00Z


def span(line: int = 1, column: int = 1, length: int = 1, file: str = LIBRARY) -> SourceSpan:
    return SourceSpan(file, line, column, line, column + length)


def text_condition(text: str, *, line: int = 1, file: str = FILE) -> tree.ConditionText:
    """An expression in double quotes that begin in the first column."""
    place = SourceSpan(file, line, 1, line, len(text) + 3)
    return tree.ConditionText(ScalarNode(text, ScalarStyle.DOUBLE_QUOTED, place, line, 2, True))


def marked(text: str, place: SourceSpan) -> str:
    """What the carets of a diagnostic stand under, of a `text_condition`."""
    return text[place.column - 2 : place.end_column - 2]


def declaration(
    name: str,
    type_: str,
    *,
    scope: tree.DeclarationScope = tree.DeclarationScope.CLAIMS,
    line: int = 10,
    **more: object,
) -> tree.Declaration:
    place = span(line, 5, len(name))
    enum, minimum, maximum = more.get("enum"), more.get("min"), more.get("max")
    claim = more.get("claim")
    assert enum is None or isinstance(enum, list | tuple)
    assert minimum is None or isinstance(minimum, int)
    assert maximum is None or isinstance(maximum, int)
    assert claim is None or isinstance(claim, str)
    default = more.get("default")
    return tree.Declaration(
        scope=scope,
        name=tree.Text(name, place),
        type=type_,
        optional=bool(more.get("optional", False)),
        has_default="default" in more,
        default=tuple(default) if isinstance(default, list) else default,
        enum=None if enum is None else tuple(enum),
        minimum=minimum,
        maximum=maximum,
        claim=claim,
        span=place,
    )


def constant(name: str, value: object, line: int = 20) -> tree.Constant:
    place = span(line, 3, len(name))
    return tree.Constant(tree.Text(name, place), value, place)


def a_library(
    constants: Mapping[str, object] | None = None, conditions: Mapping[str, str] | None = None
) -> LexicalScope:
    """A file's own names; its conditions may use each other."""
    definitions: dict[str, ConditionDefinition] = {}
    lexical = LexicalScope(
        {name: constant(name, value) for name, value in (constants or {}).items()}, definitions
    )
    for line, (name, text) in enumerate((conditions or {}).items(), start=30):
        sink = DiagnosticSink()
        definitions[name] = ConditionDefinition(
            name,
            parse_condition(text_condition(text, line=line, file=LIBRARY), sink),
            lexical,
            span(line, 3, len(name)),
        )
    return lexical


CLAIMS = (
    declaration("partner", "string", line=4),
    declaration("tenant", "string", line=5, optional=True),
    declaration("tier", "string", line=6, enum=["gold", "silver"], optional=True),
    declaration("plan", "string", line=7, default="free"),
    declaration("age", "int", line=8, min=0, max=150),
    declaration("admin", "bool", line=9),
    declaration("born", "timestamp", line=11, optional=True),
    declaration("perms", "list<string>", line=12, claim="p1.permissions", default=[]),
    declaration("levels", "list<int>", line=13, optional=True),
    declaration("colours", "list<string>", line=14, enum=["red", "blue"], optional=True),
    declaration("count", "int", line=15),
)
_USER = tree.DeclarationScope.USER
USER = (
    declaration("level", "int", scope=_USER, line=40, min=0, max=9, optional=True),
    declaration("department", "string", scope=_USER, line=41, optional=True),
    declaration("country", "string", scope=_USER, line=42),
    declaration("seat", "string", scope=_USER, line=43, default="none"),
    declaration("hired", "timestamp", scope=_USER, line=44, optional=True),
)
NO_NAMES = LexicalScope({}, {})


def a_scope(
    lexical: LexicalScope = NO_NAMES,
    *,
    params: Mapping[str, Type] | None = None,
    is_external: bool = False,
) -> Scope:
    """The names of `CLAIMS` and `USER`, one path parameter `id`, and those of `lexical`."""
    return Scope(
        lexical,
        {one.name.value: one for one in CLAIMS},
        None if is_external else {one.name.value: one for one in USER},
        {"id": STRING} if params is None else params,
    )


@dataclass
class Findings:
    """What was said of a text, and what was made of it."""

    checked: CheckedExpr | None
    items: tuple[Diagnostic, ...] = field(default_factory=tuple)


def parsed(text: str) -> ast.Expr:
    sink = DiagnosticSink()
    expr = parse_condition(text_condition(text), sink)
    assert expr is not None, [item.message for item in sink.finish()]
    return expr


def findings_of(
    text: str,
    scope: Scope | None = None,
    *,
    is_value: bool = False,
    under_deny: bool = False,
    not_last: bool = False,
    guarded: frozenset[str] = frozenset(),
) -> Findings:
    """Parse and check a text; nothing is raised for what is wrong with it."""
    sink = DiagnosticSink()
    where = a_scope() if scope is None else scope
    expr = parse_condition(text_condition(text), sink)
    checked = None
    if expr is not None and is_value:
        checked = check_expression(expr, where, sink)
    elif expr is not None:
        checked = check(
            expr, where, sink, under_deny=under_deny, not_last=not_last, guarded=guarded
        )
    return Findings(checked, sink.finish().items)


def checked_condition(text: str, scope: Scope | None = None) -> CheckedExpr:
    found = findings_of(text, scope)
    assert found.checked is not None, [item.message for item in found.items]
    return found.checked


def checked_value(text: str, scope: Scope | None = None) -> CheckedExpr:
    found = findings_of(text, scope, is_value=True)
    assert found.checked is not None, [item.message for item in found.items]
    return found.checked


def a_token(
    claims: Mapping[str, object] | None = None,
    *,
    scopes: frozenset[str] = frozenset({"invoices.read"}),
    permissions: frozenset[str] | None = None,
) -> VerifiedClaims:
    return VerifiedClaims(
        provider="bizpro",
        claims={"sub": "alice"} if claims is None else claims,
        scopes=scopes,
        user_id="alice",
        client_id="app",
        asserted=False,
        permissions=permissions,
    )


def a_user(**parts: object) -> UserContext:
    known: dict[str, object] = {
        "groups": frozenset({"finance"}),
        "roles": frozenset({"accountant"}),
        "attributes": {"level": 3, "country": "de"},
    }
    known.update(parts)
    return UserContext(id="alice", **known)  # type: ignore[arg-type]  # a test names the parts


def values(
    *,
    claims: VerifiedClaims | None = None,
    is_public: bool = False,
    user: UserContext | None = None,
    method: str = "POST",
    url: str = "https://api.example.com/billing/invoices/12",
    headers: tuple[tuple[str, str], ...] = (),
    ip: str | None = "10.1.2.3",
    params: Mapping[str, str | int] | None = None,
    now: float = NOW,
    role_permissions: Mapping[str, frozenset[str]] | None = None,
) -> Values:
    """One call; `user` None is a client token, `is_public` one without any."""
    canonical = canonical_url(url)
    made = Values(
        ApiCall(method=method, url=url, headers=Headers(headers), client_ip=ip),
        canonical,
        canonical.path.removeprefix("/billing"),
        {"id": "12"} if params is None else params,
        None if is_public else (a_token() if claims is None else claims),
        user,
        now,
    )
    if role_permissions is not None:
        made.role_permissions = role_permissions
    return made
