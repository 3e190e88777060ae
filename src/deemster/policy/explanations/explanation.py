"""What people are told of a code beyond one finding: a title, and why and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass

from deemster.policy.diagnostics import Severity

__all__ = ["Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`title` completes "found:" in a few words, `text` is two to five sentences in Markdown.

    `severities` are those that findings of the code may have, the usual one first.
    """

    title: str
    text: str
    severities: tuple[Severity, ...] = (Severity.ERROR,)
