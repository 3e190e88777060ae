"""Findings that only follow from others: what a broken file would have declared is not reported.

A part of a document that has an error is left out of the tree (`Tree.broken` names the file), so
later stages miss its names. Telling the author of each place that uses them would bury the one
mistake that is to be mended.
"""

from __future__ import annotations

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic
from deemster.policy.tree import ApplicationDocument, Tree

__all__ = ["Consequences"]

_OF_DECLARATIONS = frozenset({Code.UNKNOWN_NAME, Code.UNKNOWN_STATEMENT})
_OF_OPERATIONS = frozenset(
    {
        Code.UNKNOWN_OPERATION,
        Code.GUARD_EXEMPT,
        # The operation that answers those methods may be the one that was left out.
        Code.METHOD_LEAK,
        Code.METHOD_HINT,
    }
)
_OF_APPLICATIONS = frozenset({Code.UNKNOWN_PERMISSION, Code.UNKNOWN_APPLICATION})


class Consequences:
    """Tells which findings a tree's broken files explain."""

    __slots__ = ("_applications", "_unread", "_without_names", "_without_operations")

    def __init__(self, tree: Tree, incomplete: frozenset[str], *, unread: bool) -> None:
        """`incomplete`: files that may miss names (`DocumentGraph.incomplete`).

        `unread`: whether an error was told before the tree was looked at as a whole.
        """
        by_file = tree.by_file()
        shown = {file: document.metadata.id.span.file for file, document in by_file.items()}
        self._without_names = {shown[file] for file in shown.keys() & incomplete}
        self._without_operations = {shown[file] for file in shown.keys() & tree.broken}
        self._unread = unread
        # A file that gave no document at all may have been an Application.
        self._applications = any(
            isinstance(by_file.get(file), ApplicationDocument | None) for file in tree.broken
        )

    def explain(self, finding: Diagnostic) -> bool:
        """Whether the finding may be wrong, and will be looked at again once all is readable."""
        if finding.code in _OF_DECLARATIONS:
            return finding.span.file in self._without_names
        if finding.code in _OF_OPERATIONS:
            return finding.span.file in self._without_operations
        if finding.code is Code.EMPTY_TREE:
            return self._unread
        return self._applications and finding.code in _OF_APPLICATIONS
