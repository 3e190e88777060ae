"""Colours of a terminal, or none."""

from __future__ import annotations

__all__ = ["Paint"]

_RESET = "\x1b[0m"
_STYLES = {
    "passed": "\x1b[32m",
    "failed": "\x1b[31m",
    "skipped": "\x1b[33m",
    "errored": "\x1b[31m",
    "true": "\x1b[32m",
    "false": "\x1b[31m",
    "error": "\x1b[33m",
}
_BOLD, _DIM = "\x1b[1m", "\x1b[2m"


class Paint:
    """Paints texts. Colour says nothing that the words do not say."""

    __slots__ = ("_enabled",)

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled

    def outcome(self, text: str, outcome: str) -> str:
        """In the colour of an outcome: of a case, or of a condition."""
        return self._painted(text, _STYLES[outcome])

    def bold(self, text: str) -> str:
        """What to look at first."""
        return self._painted(text, _BOLD)

    def dim(self, text: str) -> str:
        """What nobody has to look at."""
        return self._painted(text, _DIM)

    def _painted(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self._enabled else text
