"""Files ► tree: every document parsed, everything wrong in any of them reported together."""

from __future__ import annotations

from collections.abc import Sequence

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Note, Severity
from deemster.policy.parsing.documents import parse_document
from deemster.policy.reading.files import PolicyFile, PolicyFiles
from deemster.policy.reading.reader import NodeBudget, read_document
from deemster.policy.tree import Document, Text, Tree

__all__ = ["MAX_ERRORS_PER_FILE", "parse_tree"]

MAX_ERRORS_PER_FILE = 100

MAX_ERRORS = 2_000
"""Errors after which no further file is read."""

MAX_TREE_NODES = 1_000_000
"""Keys, values and lists of all files; 1,000 operations have about 30,000."""


def parse_tree(files: PolicyFiles, sink: DiagnosticSink) -> Tree:
    """The tree of all documents. Files with errors are named in `Tree.broken`.

    Never raises, whatever the files hold. A broken file does not stop the others, until there are
    too many errors or nodes: then the rest is not read, and counts as broken.
    """
    documents: list[Document] = []
    broken: set[str] = set()
    budget = NodeBudget(MAX_TREE_NODES)
    errors_at_start = sink.error_count
    for number, file in enumerate(files.files):
        before = sink.error_count
        document = _parse_file(file, sink, budget)
        if document is not None:
            documents.append(document)
        if sink.error_count > before:
            broken.add(file.path)
        if budget.left < 0 or sink.error_count - errors_at_start > MAX_ERRORS:
            rest = files.files[number + 1 :]
            broken.update(each.path for each in rest)
            if rest and budget.left >= 0:
                _end_for_errors(rest, sink)
            break
    _refuse_equal_ids(documents, sink)
    return Tree(
        documents=tuple(documents),
        digests=tuple((file.path, file.digest) for file in files.files),
        broken=frozenset(broken),
    )


def _end_for_errors(rest: Sequence[PolicyFile], sink: DiagnosticSink) -> None:
    sink.error(
        Code.TOO_MANY_ERRORS,
        f"too many errors in the files before this one: it was not read, and {len(rest) - 1} more",
        SourceSpan(rest[0].shown, 1, 1, 1, 1),
    )


def _parse_file(file: PolicyFile, sink: DiagnosticSink, budget: NodeBudget) -> Document | None:
    found = _FileSink()
    document: Document | None = None
    try:
        root = read_document(file.content, file.shown, found, budget=budget)
        if root is not None:
            document = parse_document(root, file.path, found)
    except _EnoughErrors:
        document = None
    for diagnostic in found.finish():
        sink.add(diagnostic)
    return document


class _EnoughErrors(Exception):  # noqa: N818  (a full sink, not a failure)
    """A file has so many errors that reading on helps nobody and would take its time."""


class _FileSink(DiagnosticSink):
    """Findings of one file, up to a bound."""

    __slots__ = ()

    def add(self, diagnostic: Diagnostic) -> None:
        super().add(diagnostic)
        if self.error_count == MAX_ERRORS_PER_FILE:
            super().add(
                Diagnostic(
                    Code.TOO_MANY_ERRORS,
                    Severity.ERROR,
                    f"{MAX_ERRORS_PER_FILE} errors found, the rest of this file was not read",
                    diagnostic.span,
                )
            )
            raise _EnoughErrors


def _refuse_equal_ids(documents: list[Document], sink: DiagnosticSink) -> None:
    first_by_id: dict[tuple[type[Document], str], Text] = {}
    for document in documents:
        id_ = document.metadata.id
        first = first_by_id.setdefault((type(document), id_.value), id_)
        if first is not id_:
            sink.error(
                Code.DUPLICATE_ID,
                f"the id `{id_.value}` belongs to another document of this kind",
                id_.span,
                help="ids are unique in their kind; choose another one",
                notes=(Note("first used", first.span),),
            )
