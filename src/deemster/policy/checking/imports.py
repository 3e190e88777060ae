"""Which document sees which: imports, and the policies that `$ref` names.

Source: policy-language section 1. Paths are relative to the file that writes them and confined
to the tree. A Library's names are used as `alias.name`; its schema is merged into the importer's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from deemster.policy.checking.circles import shown_circle
from deemster.policy.checking.schemas import VisibleSchema, merged_schema
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.tree import (
    ApiServiceDocument,
    Document,
    Import,
    LibraryDocument,
    PolicyDocument,
    Text,
    Tree,
)

__all__ = ["DeclaringDocument", "DocumentGraph"]

MOST_MERGED_NAMES = 500_000
"""Declared names of imports, counted anew in each file that merges several."""

DeclaringDocument = ApiServiceDocument | LibraryDocument | PolicyDocument


class DocumentGraph:
    """Resolves paths once for a tree; every failure is a diagnostic at the path that failed."""

    def __init__(self, tree: Tree, sink: DiagnosticSink) -> None:
        self._documents = tree.by_file()
        self._incomplete = {file for file in tree.broken if not self._names_are_known(file)}
        self._sink = sink
        self._libraries: dict[str, dict[str, LibraryDocument]] = {}
        self._schemas: dict[str, VisibleSchema] = {}
        self._merged_names = 0
        self._is_refused = False
        declaring = [d for d in tree.documents if isinstance(d, DeclaringDocument)]
        for document in declaring:
            self._libraries[document.file] = self._resolved_imports(document)
        self.ordered = tuple(self._in_order(declaring))
        """Every document that declares something, after all that it imports."""
        for document in self.ordered:
            self._merge(document)

    def _names_are_known(self, file: str) -> bool:
        document = self._documents.get(file)
        return isinstance(document, DeclaringDocument) and document.declarations.complete

    @property
    def incomplete(self) -> frozenset[str]:
        """Files that may miss names: declarations with an error, or an import that is missing.

        A file whose operations alone have errors misses none.
        """
        return frozenset(self._incomplete)

    def libraries(self, document: DeclaringDocument) -> Mapping[str, LibraryDocument]:
        """Imported libraries by alias."""
        return self._libraries[document.file]

    def schema(self, document: DeclaringDocument) -> VisibleSchema:
        """The document's own declarations merged with those of its imports."""
        return self._schemas[document.file]

    def referenced_policy(self, file: str, path: Text) -> PolicyDocument | None:
        """The Policy document that `$ref: path`, written in `file`, names; None after an error.

        Also None, and nothing said, where that document's own errors were told.
        """
        found = self._document_at(file, path, PolicyDocument)
        if found is None or isinstance(found, PolicyDocument):
            return found
        self._sink.error(
            Code.IMPORT_KIND,
            f"`$ref` needs a document of kind Policy, but `{path.value}` is {_kind(found)}",
            path.span,
            help=_IMPORTED if isinstance(found, LibraryDocument) else None,
        )
        return None

    # --- imports ------------------------------------------------------------------------------

    def _resolved_imports(self, document: DeclaringDocument) -> dict[str, LibraryDocument]:
        resolved: dict[str, LibraryDocument] = {}
        for written in document.declarations.imports:
            found = self._document_at(document.file, written.path, LibraryDocument)
            if isinstance(found, LibraryDocument):
                resolved[written.alias.value] = found
                continue
            # Its names are missing here: that they are is not news.
            self._incomplete.add(document.file)
            if found is not None:
                self._sink.error(
                    Code.IMPORT_KIND,
                    f"only a Library can be imported, but `{written.path.value}` is {_kind(found)}",
                    written.path.span,
                    help=_REFERENCED if isinstance(found, PolicyDocument) else None,
                )
        return resolved

    def _document_at(self, file: str, path: Text, wanted: type[Document]) -> Document | None:
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
        if found is None and joined not in self._incomplete:
            directory = posixpath.dirname(file) or "."
            known = [
                posixpath.relpath(other, directory)
                for other, document in self._documents.items()
                if isinstance(document, wanted) and other != file
            ]
            self._sink.error(
                Code.IMPORT_NOT_FOUND,
                f"there is no document `{joined}` in the tree",
                path.span,
                help=did_you_mean(path.value, known) or "paths are relative to this file",
            )
        return found

    # --- order and cycles ---------------------------------------------------------------------

    def _in_order(self, documents: list[DeclaringDocument]) -> Iterator[DeclaringDocument]:
        """Imports first. Cycles are reported and cut, so that every later walk ends.

        Without recursion: a chain of imports may be as long as the tree has files.
        """
        finished: set[str] = set()
        for root in documents:
            if root.file in finished:
                continue
            walk = [(root, iter(root.declarations.imports))]
            open_files = {root.file: None}
            while walk:
                document, imports = walk[-1]
                target = self._next_unfinished(document, imports, finished, open_files)
                if target is None:
                    walk.pop()
                    del open_files[document.file]
                    finished.add(document.file)
                    yield document
                else:
                    walk.append((target, iter(target.declarations.imports)))
                    open_files[target.file] = None

    def _next_unfinished(
        self,
        document: DeclaringDocument,
        imports: Iterator[Import],
        finished: set[str],
        open_files: Mapping[str, None],
    ) -> LibraryDocument | None:
        for written in imports:
            target = self._libraries[document.file].get(written.alias.value)
            if target is None or target.file in finished:
                continue
            if target.file not in open_files:
                return target
            chain = [*open_files]
            circle = [*chain[chain.index(target.file) :], target.file]
            self._sink.error(
                Code.IMPORT_CYCLE,
                f"this import closes a circle: {shown_circle(circle)}",
                written.path.span,
                help="move what both need into a third Library",
            )
            del self._libraries[document.file][written.alias.value]
            self._incomplete.add(document.file)
        return None

    def _merge(self, document: DeclaringDocument) -> None:
        imported = {library.file: library for library in self._libraries[document.file].values()}
        if not self._incomplete.isdisjoint(imported):
            self._incomplete.add(document.file)
        schemas = [self._schemas[file] for file in imported]
        if not document.declarations.schema and len(schemas) == 1:
            # What a thousand services see through one Library exists once.
            self._schemas[document.file] = schemas[0]
            return
        self._merged_names += sum(schema.size for schema in schemas)
        if self._merged_names > MOST_MERGED_NAMES:
            self._refuse_merging(document)
            schemas = []
        self._schemas[document.file] = merged_schema(
            document.declarations.schema, schemas, self._sink
        )

    def _refuse_merging(self, document: DeclaringDocument) -> None:
        if not self._is_refused:
            self._sink.error(
                Code.TREE_TOO_LARGE,
                f"with this file, files see more than {MOST_MERGED_NAMES:,} declared names "
                "through their imports, all together",
                document.metadata.id.span,
                help="schemas add up along imports: declare names where they are used",
            )
        self._is_refused = True
        self._incomplete.add(document.file)


_IMPORTED = "a Library is used by `imports: {alias: path}` at the top of the file"
_REFERENCED = "a whole policy is used by `- $ref: path` in `policies` or `guards`"


def _kind(document: Document) -> str:
    kind = type(document).__name__.removesuffix("Document")
    return f"{'an' if kind.startswith('A') else 'a'} {kind}"
