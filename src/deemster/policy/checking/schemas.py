"""The schema a document sees: its own declarations merged with those of its imports.

Source: policy-language section 1. Redeclaring a name is an error; one declaration reached by
several ways is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.expressions.registered import REGISTERED_CLAIMS, USER_BUILT_INS
from deemster.policy.tree import Declaration, DeclarationScope

__all__ = ["VisibleSchema", "merged_schema"]


@dataclass(frozen=True, slots=True)
class VisibleSchema:
    """Declarations that a document may name, its imports' included."""

    declared: Mapping[DeclarationScope, Mapping[str, Declaration]]

    @property
    def claims(self) -> Mapping[str, Declaration]:
        """Of `claims.x`."""
        return self.declared[DeclarationScope.CLAIMS]

    @property
    def user(self) -> Mapping[str, Declaration]:
        """Of `user.x`."""
        return self.declared[DeclarationScope.USER]

    @property
    def size(self) -> int:
        """How many declarations."""
        return sum(len(declared) for declared in self.declared.values())

    @property
    def names(self) -> frozenset[str]:
        """As conditions write them: `claims.tenant`, `user.level`, `resource.properties.owner`."""
        return frozenset(
            scope.dotted(name) for scope, declared in self.declared.items() for name in declared
        )


def merged_schema(
    own: Iterable[Declaration], imported: Iterable[VisibleSchema], sink: DiagnosticSink
) -> VisibleSchema:
    """What a document sees; every clash is told at the later declaration."""
    found: dict[DeclarationScope, dict[str, Declaration]] = {
        scope: {} for scope in DeclarationScope
    }
    for visible in imported:
        for scope, declared in visible.declared.items():
            _merge(found[scope], declared, sink)
    for declaration in own:
        if not _is_built_in(declaration, sink):
            _merge(found[declaration.scope], {declaration.name.value: declaration}, sink)
    return VisibleSchema(found)


def _merge(
    into: dict[str, Declaration], declarations: Mapping[str, Declaration], sink: DiagnosticSink
) -> None:
    for name, declaration in declarations.items():
        first = into.setdefault(name, declaration)
        if first is not declaration:
            sink.error(
                Code.REDECLARED,
                f"`{declaration.scope.dotted(name)}` is declared twice",
                declaration.name.span,
                help="remove one of them, or declare it once in a Library that both import",
                notes=(Note("first declared", first.name.span),),
            )


def _is_built_in(declaration: Declaration, sink: DiagnosticSink) -> bool:
    name = declaration.name.value
    if declaration.scope is DeclarationScope.USER:
        if name in USER_BUILT_INS:
            _refuse_built_in(declaration, str(USER_BUILT_INS[name]), sink)
        return name in USER_BUILT_INS
    if declaration.scope is not DeclarationScope.CLAIMS or name not in REGISTERED_CLAIMS:
        return False
    _refuse_built_in(declaration, str(REGISTERED_CLAIMS[name]), sink)
    return True


def _refuse_built_in(declaration: Declaration, type_: str, sink: DiagnosticSink) -> None:
    name = declaration.name.value
    advice = "remove the declaration"
    if declaration.scope is DeclarationScope.CLAIMS:
        advice += f", or give yours another name with `claim: {name}`"
    sink.error(
        Code.REDECLARED,
        f"`{declaration.scope.value}.{name}` is declared from the start, as `{type_}`",
        declaration.name.span,
        help=advice,
    )
