"""A test run as workflow commands of GitHub Actions: annotations at the lines of a change."""

from __future__ import annotations

from deemster.policy.github_annotations import annotation
from deemster.policytest.coverage.summary import Coverage
from deemster.policytest.outcomes import CaseOutcome, CaseResult, TestRun
from deemster.policytest.printable import printable
from deemster.policytest.reports import failure_text

__all__ = ["workflow_commands"]


def workflow_commands(run: TestRun, coverage: Coverage | None, *, enough: bool, folder: str) -> str:
    """An error for each case that is not good; a warning for doubts and for each part not covered.

    The latter are there only where coverage is not `enough`. Paths below `folder` (absolute) are
    told relative to it.
    """
    lines = [_of_case(result, folder) for result in run.results if not result.good]
    lines.extend(_of_doubt(result, folder) for result in run.results if result.doubt is not None)
    if coverage is not None and not enough:
        lines.extend(
            annotation(
                "warning",
                found.unit.span,
                title="deemster: not covered",
                message=printable(f"{found.unit.name}: {found.complaint}"),
                folder=folder,
            )
            for found in coverage.missing()
        )
    return "".join(lines)


def _of_case(result: CaseResult, folder: str) -> str:
    case = result.case
    if result.outcome is CaseOutcome.ERRORED:
        message = printable(result.problem or "")
    else:
        # The first line of the text is the place and the name, which the annotation has.
        message = "\n".join(line.strip() for line in failure_text(result).splitlines()[1:])
    return annotation(
        "error",
        case.span,
        title=f"deemster: {printable(case.name)}",
        message=message,
        folder=folder,
    )


def _of_doubt(result: CaseResult, folder: str) -> str:
    return annotation(
        "warning",
        result.case.span,
        title=f"deemster: {printable(result.case.name)}",
        message=result.doubt or "",
        folder=folder,
    )
