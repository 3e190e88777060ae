"""A test run as JUnit XML, for CI servers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from deemster.policytest.outcomes import CaseOutcome, CaseResult, SuiteResult, TestRun
from deemster.policytest.reports import failure_text, in_short

__all__ = ["junit_report"]

# XML 1.0 2.2: what a document may hold; everything else has no way to be written.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(run: TestRun, *, seconds: float) -> str:
    """The whole document; one `testsuite` a suite, ends with LF."""
    root = ET.Element("testsuites", _counts(run.suites, seconds))
    for suite in run.suites:
        element = ET.SubElement(
            root,
            "testsuite",
            {
                "name": _text(suite.suite.id),
                "file": _text(suite.suite.span.file),
                **_counts((suite,), suite.seconds),
            },
        )
        for result in suite.results:
            _add_case(element, suite, result)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(suites: tuple[SuiteResult, ...], seconds: float) -> dict[str, str]:
    def total(outcome: CaseOutcome) -> str:
        return str(sum(suite.count(outcome) for suite in suites))

    return {
        "tests": str(sum(len(suite.results) for suite in suites)),
        "failures": total(CaseOutcome.FAILED),
        "errors": total(CaseOutcome.ERRORED),
        "skipped": total(CaseOutcome.SKIPPED),
        "time": f"{seconds:.3f}",
    }


def _add_case(parent: ET.Element, suite: SuiteResult, result: CaseResult) -> None:
    case = result.case
    element = ET.SubElement(
        parent,
        "testcase",
        {
            "classname": _text(suite.suite.id),
            "name": _text(case.name),
            "file": _text(case.span.file),
            "line": str(case.span.line),
            "time": f"{result.seconds:.6f}",
        },
    )
    if result.outcome is CaseOutcome.SKIPPED:
        ET.SubElement(element, "skipped", {"message": _text(result.problem or "")})
    elif result.outcome is CaseOutcome.ERRORED:
        ET.SubElement(element, "error", {"message": _text(result.problem or "")})
    elif result.outcome is CaseOutcome.FAILED:
        failure = ET.SubElement(element, "failure", {"message": _text(in_short(result))})
        failure.text = _text(failure_text(result))


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
