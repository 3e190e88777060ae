"""Findings as SARIF 2.1.0, for code scanning and for editors.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0; numbers are its sections.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from urllib.parse import quote

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSet, Note, Severity
from deemster.policy.explanations import EXPLANATIONS, Explanation
from deemster.policy.rendering import is_about_file
from deemster.policy.suppression import SuppressedFinding

__all__ = ["sarif_log"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
_ROOT = "%SRCROOT%"

_Json = dict[str, object]


def sarif_log(
    diagnostics: DiagnosticSet,
    suppressed: Iterable[SuppressedFinding],
    *,
    version: str,
    exit_code: int,
) -> _Json:
    """The whole log: one run, with a rule for every code. `version` is Deemster's own."""
    rules = {code: index for index, code in enumerate(EXPLANATIONS)}
    results = [_result(found, rules, None) for found in diagnostics]
    results += [_result(each.diagnostic, rules, each) for each in suppressed]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "deemster",
                        "version": version,
                        "rules": [_rule(code, EXPLANATIONS[code]) for code in EXPLANATIONS],
                    }
                },
                # 3.14.17: a column is a character, not a unit of UTF-16.
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "exitCode": exit_code}],
                "results": results,
            }
        ],
    }


def _rule(code: Code, explanation: Explanation) -> _Json:
    text = f"{explanation.title[0].upper()}{explanation.title[1:]}."
    return {
        "id": str(code),
        "shortDescription": {"text": _text(text)},
        "fullDescription": {"text": _text(explanation.text)},
        "help": {
            "text": _text(explanation.text),
            "markdown": _text(f"{text}\n\n{explanation.text}"),
        },
        "defaultConfiguration": {"level": _LEVELS[explanation.severities[0]]},
    }


def _result(
    found: Diagnostic, rules: dict[Code, int], suppressed: SuppressedFinding | None
) -> _Json:
    message = found.message if found.help is None else f"{found.message}\nhelp: {found.help}"
    result: _Json = {
        "ruleId": str(found.code),
        "level": _LEVELS[found.severity],
        "message": {"text": _text(message)},
        "locations": [{"physicalLocation": _place(found.span)}],
        "partialFingerprints": {"deemster/v1": _fingerprint(found)},
        # 3.27.23: of all results or of none.
        "suppressions": [] if suppressed is None else [_suppression(suppressed)],
    }
    if found.code in rules:
        result["ruleIndex"] = rules[found.code]
    related = [_related(note, note.span) for note in found.notes if note.span is not None]
    if related:
        result["relatedLocations"] = related
    return result


def _suppression(suppressed: SuppressedFinding) -> _Json:
    return {
        "kind": "inSource",
        "justification": suppressed.suppression.reason,
        "location": {"physicalLocation": _place(suppressed.suppression.span)},
    }


def _related(note: Note, span: SourceSpan) -> _Json:
    message = note.message.replace("declared at … as", "declared as").replace("…", "here")
    return {"physicalLocation": _place(span), "message": {"text": _text(message)}}


def _place(span: SourceSpan) -> _Json:
    artifact = _artifact(span.file)
    if is_about_file(span):
        return {"artifactLocation": artifact, "region": {"startLine": 1}}
    return {
        "artifactLocation": artifact,
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }


def _artifact(file: str) -> _Json:
    path = quote(file, safe="/", errors="surrogateescape")
    if file.startswith("/"):
        return {"uri": f"file://{path}"}
    return {"uri": path, "uriBaseId": _ROOT}


def _fingerprint(found: Diagnostic) -> str:
    """The same while the finding moves within its file."""
    seen = f"{found.code}\0{found.span.file}\0{found.message}"
    return hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _text(text: str) -> str:
    """A plain text message: 3.11.5 doubles braces, 3.11.6 takes `[a](b)` for a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
