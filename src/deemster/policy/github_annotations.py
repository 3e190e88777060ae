"""Findings as GitHub Actions shows them beside the lines of a pull request: workflow commands.

Whatever a policy file holds stays inside its own command: line ends and the separators of
properties are escaped as GitHub unescapes them.
"""

from __future__ import annotations

from collections.abc import Iterable

from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import Diagnostic, Severity
from deemster.policy.rendering import is_about_file, note_text, safe_text

__all__ = ["annotation", "github_annotations"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def github_annotations(diagnostics: Iterable[Diagnostic], *, folder: str) -> str:
    """One line for each finding. Paths below `folder` (absolute) are told relative to it."""
    return "".join(
        annotation(
            _COMMANDS[found.severity],
            found.span,
            title=f"deemster: {found.code}",
            message=_message(found),
            folder=folder,
        )
        for found in diagnostics
    )


def annotation(command: str, span: SourceSpan, *, title: str, message: str, folder: str) -> str:
    """One workflow command (`error`, `warning`, `notice`) with its line end."""
    properties = {"file": span.file.removeprefix(f"{folder}/")}
    if not is_about_file(span):
        properties |= {"line": str(span.line), "endLine": str(span.end_line)}
        if span.line == span.end_line:
            # Its last column belongs to a range.
            last = max(span.column, span.end_column - 1)
            properties |= {"col": str(span.column), "endColumn": str(last)}
    properties["title"] = title
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{command} {shown}::{_data(message)}\n"


def _message(found: Diagnostic) -> str:
    lines = [found.message, *[note_text(note) for note in found.notes]]
    if found.help is not None:
        lines.append(f"help: {found.help}")
    return "\n".join(safe_text(line) for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
