"""A test run as workflow commands of GitHub Actions: annotations at the lines of a change.

Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator

from deemster.model.source import SourceSpan
from deemster.policytest.coverage.summary import Coverage
from deemster.policytest.outcomes import CaseOutcome, CaseResult, TestRun
from deemster.policytest.printable import printable
from deemster.policytest.reports import failure_text

__all__ = ["workflow_commands"]


def workflow_commands(run: TestRun, coverage: Coverage | None, *, enough: bool) -> str:
    """An error for each case that is not good; a warning for each part not covered.

    The warnings are there only where coverage is not `enough`. Each line ends with LF.
    """
    lines = [_of_case(result) for result in run.results if not result.good]
    if coverage is not None and not enough:
        lines.extend(_of_coverage(coverage))
    return "".join(f"{line}\n" for line in lines)


def _of_case(result: CaseResult) -> str:
    case = result.case
    if result.outcome is CaseOutcome.ERRORED:
        text = result.problem or ""
    else:
        # The first line of the text is the place and the name, which the annotation has.
        text = "\n".join(line.strip() for line in failure_text(result).splitlines()[1:])
    return _command("error", case.span, case.name, text)


def _of_coverage(coverage: Coverage) -> Iterator[str]:
    for found in coverage.missing():
        unit = found.unit
        yield _command("warning", unit.span, "not covered", f"{unit.name}: {found.complaint}")


def _command(kind: str, span: SourceSpan, title: str, text: str) -> str:
    properties = {
        "file": span.file,
        "line": str(span.line),
        "col": str(span.column),
        "title": printable(title),
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(text)}"


def _data(text: str) -> str:
    # What ends a command, and the escape itself.
    lines = "\n".join(map(printable, text.splitlines()))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
