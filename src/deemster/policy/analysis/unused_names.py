"""Constants, conditions and attributes that nothing uses. Statements: `checking/statements`."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from deemster.policy import tree
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Severity
from deemster.policy.resolved import ResolvedTree

__all__ = ["report_unused_names"]

_Declaring = tree.ApiServiceDocument | tree.PolicyDocument | tree.LibraryDocument


def report_unused_names(parsed: tree.Tree, resolved: ResolvedTree, sink: DiagnosticSink) -> None:
    """A warning where the file is the only one that could use it; of a Library, a hint."""
    documents = [each for each in parsed.documents if isinstance(each, _Declaring)]
    used = _used(documents, resolved)
    for document in documents:
        for what, name in _declared(document.declarations):
            own = f"attr.{name.value}" if what == "attribute" else name.value
            if used[document.file].isdisjoint({own, f"*.{name.value}"}):
                sink.add(_finding(document, what, name))


def _used(documents: list[_Declaring], resolved: ResolvedTree) -> dict[str, set[str]]:
    """Names of each file that it uses itself, and `*.name` of those that others import."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for document in documents:
        names = resolved.named.get(document.file, frozenset())
        used[document.file].update(names)
        files = {
            written.alias.value: _joined(document.file, written.path.value)
            for written in document.declarations.imports
        }
        for name in names:
            alias, dot, imported = name.partition(".")
            if dot and alias in files:
                used[files[alias]].add(f"*.{imported}")
    return used


def _joined(file: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def _declared(declarations: tree.Declarations) -> Iterator[tuple[str, tree.Text]]:
    for constant in declarations.constants:
        yield "constant", constant.name
    for named in declarations.conditions:
        yield "condition", named.name
    for attribute in declarations.attributes:
        yield "attribute", attribute.name


def _finding(document: _Declaring, what: str, name: tree.Text) -> Diagnostic:
    is_library = isinstance(document, tree.LibraryDocument)
    where = "nothing in the tree" if is_library else "nothing in this file"
    return Diagnostic(
        Code.UNUSED_NAME,
        Severity.HINT if is_library else Severity.WARNING,
        f"{where} uses the {what} `{name.value}`",
        name.span,
        help="remove it"
        if what != "condition" or is_library
        else "remove it, or use it where it was meant to restrict something",
    )
