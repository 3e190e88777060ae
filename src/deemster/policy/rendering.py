"""Diagnostics for people (text with the source line and carets) and for machines (JSON)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import Diagnostic, Note, Severity
from deemster.policy.suppression import SuppressedFinding

__all__ = [
    "is_about_file",
    "note_text",
    "render_text",
    "safe_text",
    "summary",
    "suppressed_json",
    "to_json",
]

_TAB = "    "
_MARGIN = 40
_WIDEST = 160
"""Columns of a source line that are shown; a longer line is cut around the carets."""

_WHOLE_FILE = (1, 1, 1, 1)
"""An empty span at the very start: the finding is about the file, not about a place in it."""

_BOLD = "\x1b[1m"
_BLUE = "\x1b[34m"
_RESET = "\x1b[0m"
_COLOURS = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.HINT: "\x1b[1;36m",
}
# Control, surrogate and format characters (escape sequences, bidirectional controls) and Unicode
# line breaks: a policy file must not steer the terminal of the person who checks it.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def render_text(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], *, colour: bool = False
) -> str:
    """One block for each diagnostic, in order, each line ended by LF.

    `sources` maps shown paths (`SourceSpan.file`) to text; where a text is not there, the source
    line is left out. `colour` adds ANSI sequences.
    """
    lines_of: dict[str, list[str]] = {}
    paint = _Paint(enabled=colour)
    rendered: list[str] = []
    for diagnostic in diagnostics:
        file = diagnostic.span.file
        if file not in lines_of:
            lines_of[file] = sources.get(file, "").split("\n")
        rendered.extend(_block(diagnostic, lines_of[file], paint))
    return "".join(f"{line}\n" for line in rendered)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`; `no errors` for none."""
    counts = dict.fromkeys(Severity, 0)
    for diagnostic in diagnostics:
        counts[diagnostic.severity] += 1
    parts = [
        f"{count} {severity.value}{'' if count == 1 else 's'}"
        for severity, count in counts.items()
        if count
    ]
    return ", ".join(parts) or "no errors"


def to_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """One object for each diagnostic; lines and columns from 1, `endColumn` exclusive.

    Members that do not apply (`help`, `notes`) are left out. Texts are as written, unescaped.
    """
    return [_json_object(diagnostic) for diagnostic in diagnostics]


def suppressed_json(suppressed: Iterable[SuppressedFinding]) -> list[dict[str, object]]:
    """As `to_json`, each with its `suppression`: the reason, and where it is written."""
    return [
        {
            **_json_object(each.diagnostic),
            "suppression": {
                "reason": each.suppression.reason,
                **_json_place(each.suppression.span),
            },
        }
        for each in suppressed
    ]


class _Paint:
    """Colour, or none."""

    __slots__ = ("_enabled",)

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled

    def __call__(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._enabled else text


def _block(diagnostic: Diagnostic, lines: list[str], paint: _Paint) -> Iterator[str]:
    severity = diagnostic.severity
    span = diagnostic.span
    whole = is_about_file(span)
    place = paint(f"{safe_text(span.file if whole else str(span))}:", _BOLD)
    label = paint(f"{severity.value}[{diagnostic.code}]", _COLOURS[severity])
    yield f"{place} {label}: {safe_text(diagnostic.message)}"
    if not whole:
        yield from _excerpt(span, lines, _COLOURS[severity], paint)
    for note in diagnostic.notes:
        yield f"   {safe_text(note_text(note))}"
    if diagnostic.help is not None:
        yield f"   {paint('help:', _BOLD)} {safe_text(diagnostic.help)}"


def is_about_file(span: SourceSpan) -> bool:
    """Whether a finding is about a file as a whole, and not about a place in it."""
    return (span.line, span.column, span.end_line, span.end_column) == _WHOLE_FILE


def note_text(note: Note) -> str:
    """A note with its place."""
    if note.span is None:
        return note.message
    if "…" in note.message:
        return note.message.replace("…", str(note.span), 1)
    return f"{note.message} at {note.span}"


def _excerpt(span: SourceSpan, lines: list[str], colour: str, paint: _Paint) -> Iterator[str]:
    if not 1 <= span.line <= len(lines):
        return
    line = lines[span.line - 1].removesuffix("\r")
    if not line.strip():
        return
    start = min(span.column - 1, len(line))
    end = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line)
    first, last = _window(len(line), start)
    end = min(end, last)
    lead = "…" if first else ""
    before, marked, after = (
        safe_text(line[first:start]),
        safe_text(line[start:end]),
        safe_text(line[end:last]),
    )
    shown = f"{lead}{before}{marked}{after}"
    indent = " " * _width(lead + before)
    carets = "^" * max(1, _width(marked))
    number = f"{span.line:>5}"
    yield f"{paint(number + ' |', _BLUE)} {shown}{'…' if last < len(line) else ''}".rstrip()
    yield f"{paint('      |', _BLUE)} {indent}{paint(carets, colour)}"


def _window(length: int, start: int) -> tuple[int, int]:
    """Which characters of a line are shown, so that `start` is among them."""
    if length <= _WIDEST:
        return 0, length
    first = max(0, min(start - _MARGIN, length - _WIDEST))
    return first, first + _WIDEST


def safe_text(text: str) -> str:
    """Text without anything that a terminal obeys; tabs as four spaces."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe_character(character) for character in text)


def _safe_character(character: str) -> str:
    if character == "\t":
        return _TAB
    if unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _width(text: str) -> int:
    """Terminal columns: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _json_object(diagnostic: Diagnostic) -> dict[str, object]:
    found: dict[str, object] = {
        "code": diagnostic.code.value,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_json_place(diagnostic.span),
    }
    if diagnostic.help is not None:
        found["help"] = diagnostic.help
    if diagnostic.notes:
        found["notes"] = [
            {"message": note.message, **(_json_place(note.span) if note.span else {})}
            for note in diagnostic.notes
        ]
    return found


def _json_place(span: SourceSpan) -> dict[str, object]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
