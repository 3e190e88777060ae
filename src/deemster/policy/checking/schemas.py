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
    """Claims and user attributes that a document may name, its imports' included."""

    claims: Mapping[str, Declaration]
    user: Mapping[str, Declaration]

    @property
    def names(self) -> frozenset[str]:
        """As conditions write them: `claims.tenant`, `user.level`."""
        return frozenset(
            [f"claims.{name}" for name in self.claims] + [f"user.{name}" for name in self.user]
        )


def merged_schema(
    own: Iterable[Declaration], imported: Iterable[VisibleSchema], sink: DiagnosticSink
) -> VisibleSchema:
    """What a document sees; every clash is told at the later declaration."""
    claims: dict[str, Declaration] = {}
    user: dict[str, Declaration] = {}
    for visible in imported:
        _merge(claims, visible.claims, sink)
        _merge(user, visible.user, sink)
    for declaration in own:
        if not _is_built_in(declaration, sink):
            into = claims if declaration.scope is DeclarationScope.CLAIMS else user
            _merge(into, {declaration.name.value: declaration}, sink)
    return VisibleSchema(claims, user)


def _merge(
    into: dict[str, Declaration], declarations: Mapping[str, Declaration], sink: DiagnosticSink
) -> None:
    for name, declaration in declarations.items():
        first = into.setdefault(name, declaration)
        if first is not declaration:
            sink.error(
                Code.REDECLARED,
                f"`{declaration.scope.value}.{name}` is declared twice",
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
    if name in REGISTERED_CLAIMS:
        _refuse_built_in(declaration, str(REGISTERED_CLAIMS[name]), sink)
    return name in REGISTERED_CLAIMS


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
