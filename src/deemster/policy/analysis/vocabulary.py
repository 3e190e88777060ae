"""The free words of a tree: scopes, groups, permissions and other texts that nothing declares.

Each belongs to the name that it is compared with: `claims.scope`, `user.groups`, `claims.acr`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from deemster.model.source import SourceSpan
from deemster.policy import tree
from deemster.policy.analysis.structure import Key
from deemster.policy.expressions import terms
from deemster.policy.expressions.checked import CheckedExpr
from deemster.policy.expressions.terms import Term
from deemster.policy.resolved import (
    ResolvedChild,
    ResolvedOperation,
    ResolvedRule,
    ResolvedTree,
)

__all__ = ["Vocabulary"]


class Vocabulary:
    """`places[name][word]`: where each word is written that is compared with a name.

    A word counts once for each place in the text, however many operations use that place. Names
    themselves are words too, under `claims`, `user` and `subject.properties`, and headers under
    `request.headers`.
    """

    def __init__(self, parsed: tree.Tree, resolved: ResolvedTree) -> None:
        self.places: defaultdict[str, defaultdict[str, set[SourceSpan]]] = defaultdict(
            lambda: defaultdict(set)
        )
        self._seen: set[int] = set()
        for document in parsed.documents:
            if isinstance(
                document, tree.ApiServiceDocument | tree.PolicyDocument | tree.LibraryDocument
            ):
                for declared in document.declarations.schema:
                    dotted = declared.scope.dotted(declared.name.value)
                    self._add(dotted.rpartition(".")[0], declared.name)
        for service in resolved.services:
            for operation in service.operations:
                self._operation(operation)

    def _add(self, name: str, text: tree.Text) -> None:
        self.places[name][text.value].add(text.span)

    # --- operations -----------------------------------------------------------------------------

    def _operation(self, operation: ResolvedOperation) -> None:
        allow = operation.operation.allow
        if isinstance(allow, tree.AllowLines):
            for name, texts in _lines(allow):
                for text in texts:
                    self._add(name, text)
        if operation.when is not None:
            self._condition(operation.when)
        for policy in (*operation.guards, *operation.policies):
            self._node(policy)

    def _node(self, node: ResolvedChild) -> None:
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if isinstance(node, ResolvedRule):
            if node.when is not None:
                self._condition(node.when)
            return
        if node.target is not None:
            self._condition(node.target)
        for child in node.children:
            self._node(child)

    # --- conditions -----------------------------------------------------------------------------

    def _condition(self, condition: CheckedExpr) -> None:
        ahead: list[Term] = [condition.term]
        while ahead:
            term = ahead.pop()
            if isinstance(term, terms.ConditionTerm):
                if id(term.body) in self._seen:
                    continue
                self._seen.add(id(term.body))
            elif isinstance(term, terms.Presence):
                ahead.append(term.read)
            else:
                self._take(term)
            ahead.extend(terms.operands(term))

    def _take(self, term: Term) -> None:
        if isinstance(term, terms.ComparisonTerm):
            self._compared(term.left, term.right)
            self._compared(term.right, term.left)
        elif isinstance(term, terms.MembershipTerm):
            self._compared(term.element, term.collection)
            self._compared(term.collection, term.element)
        elif isinstance(term, terms.ClaimRead | terms.UserRead | terms.AccessRead):
            scope, _, name = term.name.rpartition(".")
            self.places[scope][name].add(term.span)
        elif isinstance(term, terms.HeaderRead):
            self.places["request.headers"][term.header].add(term.span)

    def _compared(self, constant: Term, read: Term) -> None:
        if not isinstance(constant, terms.Constant) or not isinstance(read, terms.Read):
            return
        words: Iterable[Key] = (
            constant.value if isinstance(constant.value, tuple) else (constant.value,)
        )
        for word in words:
            if isinstance(word, str):
                self.places[read.name][word].add(constant.declared_at or constant.span)


def _lines(allow: tree.AllowLines) -> Iterator[tuple[str, tuple[tree.Text, ...]]]:
    if allow.scopes is not None:
        yield "claims.scope", (*allow.scopes.any_of, *allow.scopes.all_of)
    if allow.groups is not None and allow.groups.match is tree.GroupMatch.EXACT:
        yield "user.groups", (*allow.groups.names.any_of, *allow.groups.names.all_of)
    if allow.permissions is not None:
        yield "user.permissions", (*allow.permissions.any_of, *allow.permissions.all_of)
    if allow.acr is not None:
        yield "claims.acr", allow.acr
