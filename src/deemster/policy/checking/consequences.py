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

_OF_THE_FILE = frozenset(
    {
        Code.UNKNOWN_NAME,
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

    __slots__ = ("_applications", "_shown", "_unread")

    def __init__(self, tree: Tree, incomplete: frozenset[str], *, unread: bool) -> None:
        """`incomplete`: the broken files, and those that miss an import.

        `unread`: whether an error was told before the tree was looked at as a whole.
        """
        by_file = tree.by_file()
        self._shown = {
            document.metadata.id.span.file
            for file, document in by_file.items()
            if file in incomplete
        }
        self._unread = unread
        # A file that gave no document at all may have been an Application.
        self._applications = any(
            isinstance(by_file.get(file), ApplicationDocument | None) for file in tree.broken
        )

    def explain(self, finding: Diagnostic) -> bool:
        """Whether the finding may be wrong, and will be looked at again once all is readable."""
        if finding.code in _OF_THE_FILE:
            return finding.span.file in self._shown
        if finding.code is Code.EMPTY_TREE:
            return self._unread
        return self._applications and finding.code in _OF_APPLICATIONS
