"""YAML syntax errors in words for people who write policies, not parsers."""

from __future__ import annotations

import re

import yaml

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note

__all__ = ["report_syntax_error"]

_QUOTE_HELP = "put the whole value in double quotes"
_OPENERS = {"[": "]", "{": "}", '"': '"', "'": "'"}
# A key with nothing but indentation before it.
_LONE_KEY = re.compile(r" *(?:- +)*[\w$.-]+ *")
_ALIGN_HELP = "check the indentation of this line against the lines above it"

# What the parser found ► our sentence and help. libyaml and PyYAML's own parser word some
# findings differently; a finding that is not listed is shown as the parser words it.
_WORDINGS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), message, help_)
    for pattern, message, help_ in (
        (
            r"mapping values are not allowed",
            "a second `: ` in one value",
            _QUOTE_HELP + ", or start a new line",
        ),
        (
            r"cannot start any token",
            "a value cannot begin with this character",
            _QUOTE_HELP,
        ),
        (
            r"expected key|expected <block end>",
            "expected a key, the next line or the end of this block",
            _QUOTE_HELP + " if it goes on here, or check the indentation",
        ),
        (
            r"expected '-' indicator",
            "expected the next `- ` of this list",
            _ALIGN_HELP,
        ),
        (
            r"expected ',' or '[\]}]'",
            "expected `,` or the closing bracket",
            "a value with `{ } [ ] ,` in it needs double quotes inside brackets",
        ),
        (
            r"unexpected end of stream",
            "the file ends inside a quoted text",
            "add the closing quote",
        ),
        (
            r"unknown escape character",
            "unknown escape in a double-quoted text",
            r"write `\\` for a backslash, or use a `|` block",
        ),
        (r"expected node content", "expected a value here", "write one, or remove the comma"),
        (r"could not find expected ':'", "expected `:` after this key", _ALIGN_HELP),
        (
            r"block sequence entries are not allowed|sequence entries are not allowed",
            "a list item cannot stand here",
            "start the list on a line of its own",
        ),
        (r"block mapping in|mapping keys are not allowed", "a key cannot stand here", _ALIGN_HELP),
        (r"undefined tag handle|undefined alias", "YAML tags are not used in policy files",
         _QUOTE_HELP),
        (r"tab character", "a tab where spaces are needed", "indent with spaces"),
        (r"leading spaces|indentation", "the indentation of this block is unclear", _ALIGN_HELP),
    )
)  # fmt: skip


def report_syntax_error(
    error: yaml.YAMLError | ValueError, text: str, file: str, sink: DiagnosticSink
) -> None:
    """Add one `yaml-syntax` error at the place where the YAML parser stopped."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.split("\n")
    if not "".join([_line_at(lines, line)[column - 1 :], *lines[line:]]).strip():
        _report_early_end(error, lines, file, sink)
        return
    found = str(getattr(error, "problem", None) or "this is not YAML")
    before = _line_at(lines, line)[: column - 1]
    here = _line_at(lines, line)[column - 1 : column]
    message, help_ = _worded_by_place(found, before, here) or _worded(found)
    span = SourceSpan(file, line, column, line, column + 1)
    sink.error(Code.YAML_SYNTAX, message, span, help=help_, notes=_context(error, file, line))


def _line_at(lines: list[str], line: int) -> str:
    return lines[line - 1] if line <= len(lines) else ""


def _report_early_end(
    error: yaml.YAMLError | ValueError, lines: list[str], file: str, sink: DiagnosticSink
) -> None:
    """Point at what was never closed if that is known, else at the end of the last line."""
    opened = getattr(error, "context_mark", None)
    if opened is not None and (found := _line_at(lines, opened.line + 1)[opened.column :][:1]):
        span = SourceSpan(
            file, opened.line + 1, opened.column + 1, opened.line + 1, opened.column + 2
        )
        if found in _OPENERS:
            sink.error(Code.YAML_SYNTAX, f"this `{found}` is never closed", span,
                       help=f"close it with `{_OPENERS[found]}`")  # fmt: skip
            return
    last = max((n for n, line in enumerate(lines, start=1) if line.strip()), default=1)
    column = len(_line_at(lines, last).rstrip()) + 1
    sink.error(
        Code.YAML_SYNTAX,
        "the file ends too early",
        SourceSpan(file, last, column, last, column),
        help="finish what this line began, or close the bracket or quote that is still open",
    )


def _worded(found: str) -> tuple[str, str | None]:
    for pattern, message, help_ in _WORDINGS:
        if pattern.search(found):
            return message, help_
    return found, None


def _worded_by_place(found: str, before: str, here: str) -> tuple[str, str] | None:
    """Mistakes that the parser words unhelpfully, told from the text around the place."""
    if here == "\t":
        return "a tab where spaces are needed", "indent with spaces"
    if here == ":" and "mapping values" in found and _LONE_KEY.fullmatch(before):
        return "this key does not fit the lines above it", "check its indentation"
    if not here.strip() or "expected" not in found:
        return None
    if before.rstrip().endswith(("'", '"')):
        return "text after a closing quote", _QUOTE_HELP
    if before and not before.strip():
        return "this line does not fit the lines above it", "check its indentation"
    return None


def _context(error: yaml.YAMLError | ValueError, file: str, line: int) -> tuple[Note, ...]:
    """Where the construct began that is broken, if that is another line."""
    mark = getattr(error, "context_mark", None)
    if mark is None or mark.line + 1 == line:
        return ()
    span = SourceSpan(file, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    return (Note("the block or text began", span),)
