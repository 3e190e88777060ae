"""Which document sees which: imports, references, and the schema merged from them.

Source: policy-language section 1. Paths are relative to the file that writes them and confined
to the tree. A Library's names are used as `alias.name`; its schema is merged into the importer's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.expressions.registered import REGISTERED_CLAIMS, USER_BUILT_INS
from deemster.policy.tree import (
    ApiServiceDocument,
    Declaration,
    DeclarationScope,
    Document,
    LibraryDocument,
    PolicyDocument,
    Text,
    Tree,
)

__all__ = ["DeclaringDocument", "DocumentGraph", "VisibleSchema"]

DeclaringDocument = ApiServiceDocument | LibraryDocument | PolicyDocument


@dataclass(frozen=True, slots=True)
class VisibleSchema:
    """Claims and user attributes that a document may name, its imports' included."""

    claims: Mapping[str, Declaration]
    user: Mapping[str, Declaration]


class DocumentGraph:
    """Resolves paths once for a tree; every failure is a diagnostic at the path that failed."""

    def __init__(self, tree: Tree, sink: DiagnosticSink) -> None:
        self._documents = tree.by_file()
        self._incomplete = set(tree.broken)
        self._sink = sink
        self._libraries: dict[str, Mapping[str, LibraryDocument]] = {}
        self._schemas: dict[str, VisibleSchema] = {}
        for document in tree.documents:
            if isinstance(document, DeclaringDocument):
                self._libraries[document.file] = self._resolved_imports(document)
        self._refuse_cycles()
        self._spread_incompleteness()

    @property
    def incomplete(self) -> frozenset[str]:
        """Files that were refused in part or whole, and those that import such a file."""
        return frozenset(self._incomplete)

    def libraries(self, document: DeclaringDocument) -> Mapping[str, LibraryDocument]:
        """Imported libraries by alias."""
        return self._libraries.get(document.file, {})

    def schema(self, document: DeclaringDocument) -> VisibleSchema:
        """The document's own declarations merged with those of its imports."""
        known = self._schemas.get(document.file)
        if known is None:
            known = self._merged_schema(document)
            self._schemas[document.file] = known
        return known

    def referenced_policy(self, file: str, path: Text) -> PolicyDocument | None:
        """The Policy document that `$ref: path`, written in `file`, names; None after an error."""
        found = self._document_at(file, path)
        if found is None:
            return None
        if not isinstance(found, PolicyDocument):
            self._sink.error(
                Code.IMPORT_KIND,
                f"`$ref` needs a document of kind Policy, but `{path.value}` is {_kind(found)}",
                path.span,
            )
            return None
        return found

    def _resolved_imports(self, document: DeclaringDocument) -> Mapping[str, LibraryDocument]:
        resolved: dict[str, LibraryDocument] = {}
        for written in document.declarations.imports:
            found = self._document_at(document.file, written.path)
            if found is None:
                continue
            if not isinstance(found, LibraryDocument):
                self._sink.error(
                    Code.IMPORT_KIND,
                    f"only a Library can be imported, but `{written.path.value}` is {_kind(found)}",
                    written.path.span,
                    help="a whole policy is used by `- $ref: path` in `policies` or `guards`",
                )
                continue
            resolved[written.alias.value] = found
        return resolved

    def _document_at(self, file: str, path: Text) -> Document | None:
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(file), path.value))
        if path.value.startswith("/") or joined == ".." or joined.startswith("../"):
            self._sink.error(
                Code.IMPORT_OUTSIDE,
                f"`{path.value}` leads out of the policy tree",
                path.span,
                help="paths are relative to this file and stay inside the tree",
            )
            return None
        found = self._documents.get(joined)
        if found is None and joined in self._incomplete:
            self._incomplete.add(file)
        elif found is None:
            directory = posixpath.dirname(file) or "."
            known = [posixpath.relpath(other, directory) for other in self._documents]
            self._sink.error(
                Code.IMPORT_NOT_FOUND,
                f"there is no usable document at `{path.value}`",
                path.span,
                help=did_you_mean(path.value, known) or "paths are relative to this file",
            )
        return found

    def _refuse_cycles(self) -> None:
        finished: set[str] = set()
        for document in self._documents.values():
            if isinstance(document, DeclaringDocument):
                self._visit(document, [], finished)

    def _visit(self, document: DeclaringDocument, chain: list[str], finished: set[str]) -> None:
        if document.file in finished:
            return
        chain.append(document.file)
        for written in document.declarations.imports:
            target = self._libraries[document.file].get(written.alias.value)
            if target is None:
                continue
            if target.file in chain:
                circle = [*chain[chain.index(target.file) :], target.file]
                self._sink.error(
                    Code.IMPORT_CYCLE,
                    f"this import closes a circle: {' ► '.join(circle)}",
                    written.path.span,
                    help="move what both need into a third Library",
                )
                # The link is cut, so that later stages end.
                remaining = dict(self._libraries[document.file])
                del remaining[written.alias.value]
                self._libraries[document.file] = remaining
                continue
            self._visit(target, chain, finished)
        chain.pop()
        finished.add(document.file)

    def _spread_incompleteness(self) -> None:
        grown = True
        while grown:
            grown = False
            for file, libraries in self._libraries.items():
                if file not in self._incomplete and any(
                    library.file in self._incomplete for library in libraries.values()
                ):
                    self._incomplete.add(file)
                    grown = True

    def _merged_schema(self, document: DeclaringDocument) -> VisibleSchema:
        merged: dict[DeclarationScope, dict[str, Declaration]] = {
            DeclarationScope.CLAIMS: {},
            DeclarationScope.USER: {},
        }
        for library in self._libraries.get(document.file, {}).values():
            visible = self.schema(library)
            self._merge(merged[DeclarationScope.CLAIMS], visible.claims)
            self._merge(merged[DeclarationScope.USER], visible.user)
        for declaration in document.declarations.schema:
            self._refuse_built_in(declaration)
            self._merge(merged[declaration.scope], {declaration.name.value: declaration})
        return VisibleSchema(merged[DeclarationScope.CLAIMS], merged[DeclarationScope.USER])

    def _merge(self, into: dict[str, Declaration], declarations: Mapping[str, Declaration]) -> None:
        for name, declaration in declarations.items():
            first = into.setdefault(name, declaration)
            # One declaration reached by several ways is one.
            if first is not declaration:
                self._sink.error(
                    Code.REDECLARED,
                    f"`{declaration.scope.value}.{name}` is declared twice",
                    declaration.name.span,
                    help="declare it once, in the Library that both import",
                    notes=(Note("first declared here", first.name.span),),
                )

    def _refuse_built_in(self, declaration: Declaration) -> None:
        name = declaration.name.value
        built_in = (
            REGISTERED_CLAIMS if declaration.scope is DeclarationScope.CLAIMS else USER_BUILT_INS
        )
        if name in built_in:
            self._sink.error(
                Code.REDECLARED,
                f"`{declaration.scope.value}.{name}` is declared from the start",
                declaration.name.span,
                help="use it as it is, or give yours another name and say `claim:`",
            )


def _kind(document: Document) -> str:
    return f"a {type(document).__name__.removesuffix('Document')}".replace("a A", "an A")
