"""What the checker knows of a term beyond its type: where its name is declared, what it admits."""

from __future__ import annotations

from deemster.policy import tree
from deemster.policy.attribute_tree import AttributeDeclaration
from deemster.policy.diagnostics import Note
from deemster.policy.expressions import terms
from deemster.policy.expressions.response_terms import ResponseStatusRead
from deemster.policy.expressions.terms import LocalTimeField, Term
from deemster.policy.expressions.types import INT, Narrowing, type_named

__all__ = ["declared_note", "narrowing_of", "narrowing_of_declaration"]


def narrowing_of_declaration(declaration: tree.Declaration | AttributeDeclaration) -> Narrowing:
    """The type of a declared name with its enumeration or range."""
    return Narrowing(
        type_named(declaration.type),
        declaration.enum,
        declaration.minimum,
        declaration.maximum,
    )


_STATUS = Narrowing(INT, None, 100, 599)
_LOCAL_TIME = {
    LocalTimeField.HOUR: Narrowing(INT, None, 0, 23),
    LocalTimeField.MINUTE_OF_DAY: Narrowing(INT, None, 0, 1439),
    LocalTimeField.WEEKDAY: Narrowing(INT, None, 1, 7),
}


def narrowing_of(term: Term) -> Narrowing | None:
    """The values that a name can have, or None where its type says all."""
    if isinstance(term, terms.DeclaredRead | terms.MemberTerm):
        return term.narrowing
    if isinstance(term, terms.LocalTimeRead):
        return _LOCAL_TIME.get(term.field)
    if isinstance(term, ResponseStatusRead):
        return _STATUS
    return None


def declared_note(term: Term) -> tuple[Note, ...]:
    """`declared at lib/standard.yaml:10:5 as int 0..9`, or nothing for a literal."""
    if isinstance(term, terms.DeclaredRead):
        if term.declared_at is None:
            return (Note(f"`{term.name}` is built in as {term.narrowing}"),)
        return (Note(f"declared at … as {term.narrowing}", term.declared_at),)
    if isinstance(term, terms.Constant) and term.declared_at is not None:
        return (Note(f"declared at … as {term.type}", term.declared_at),)
    if isinstance(term, terms.MemberTerm):
        return (Note(f"`{term.name}` is each member of the list"), *declared_note(term.collection))
    if isinstance(term, terms.ParameterRead):
        return (Note(f"the operation's path gives `{term.name}` as {term.type}"),)
    if isinstance(term, terms.Read):
        return (Note(f"`{term.name}` is built in as {narrowing_of(term) or term.type}"),)
    return ()
