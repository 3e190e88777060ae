"""A test run in words for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deemster.model.decision import Decision
from deemster.policytest.cases import AccessRecipe, CallRecipe, Expectation, PresentedAs
from deemster.policytest.comparison import Mismatch
from deemster.policytest.outcomes import CaseOutcome, CaseResult, SuiteResult, TestRun
from deemster.policytest.printable import printable
from deemster.policytest.trace import NOT_REACHED, TraceRow

__all__ = ["failure_text", "json_report", "text_report", "trace_lines"]

_RED, _GREEN, _YELLOW, _BOLD, _DIM, _RESET = (
    "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m",
)  # fmt: skip
_COLOURS = {
    CaseOutcome.PASSED: _GREEN,
    CaseOutcome.FAILED: _RED,
    CaseOutcome.SKIPPED: _YELLOW,
    CaseOutcome.ERRORED: _RED,
}
_LABEL = 12
_IN_GOT = {"reason", "operation", "status"}


def text_report(run: TestRun, *, seconds: float, colour: bool) -> str:
    """One line a suite; what failed in full; a line of counts. Ends with LF."""
    paint = _Paint(enabled=colour)
    lines = [line for suite in run.suites for line in _suite_lines(suite, paint)]
    cases = sum(len(suite.results) for suite in run.suites)
    counts = run.counts
    ended = ", ".join(
        paint(f"{counts[outcome]} {outcome.value}", _COLOURS[outcome])
        for outcome in CaseOutcome
        if counts[outcome]
    )
    suites = f"{len(run.suites)} suite{'' if len(run.suites) == 1 else 's'}"
    lines.append(f"{suites}, {cases} cases: {ended or 'nothing to run'} ({seconds:.2f} s)")
    return "".join(f"{line}\n" for line in lines)


def failure_text(result: CaseResult) -> str:
    """One case that did not pass, as in the terminal and without colour."""
    return "\n".join(_case_lines(result, _Paint(enabled=False))).strip("\n")


def trace_lines(rows: Sequence[TraceRow], *, colour: bool) -> Iterator[str]:
    """`file:line  id path  outcome  what the condition saw`, in columns."""
    paint = _Paint(enabled=colour)
    place_width = max((len(row.place) for row in rows), default=0)
    path_width = max((len(row.id_path) for row in rows), default=0)
    outcome_width = max((len(row.outcome) for row in rows), default=0)
    for row in rows:
        line = (
            f"{printable(row.place):<{place_width}}  {printable(row.id_path):<{path_width}}  "
            f"{row.outcome:<{outcome_width}}  {printable(row.detail)}"
        ).rstrip()
        yield paint(line, _DIM) if row.outcome == NOT_REACHED else line


def json_report(run: TestRun) -> dict[str, object]:
    """`{suites: […], counts: {…}, exitStatus}`; a case that passed has only its name and place."""
    counts = run.counts
    return {
        "suites": [
            {
                "id": suite.suite.id,
                "title": suite.suite.title,
                "file": suite.suite.span.file,
                "service": suite.suite.service,
                "seconds": round(suite.seconds, 6),
                "cases": [_json_case(result) for result in suite.results],
            }
            for suite in run.suites
        ],
        "counts": {outcome.value: counts[outcome] for outcome in CaseOutcome},
        "exitStatus": run.exit_status,
    }


class _Paint:
    """Colour, or none."""

    __slots__ = ("enabled",)

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self.enabled else text


def _suite_lines(suite: SuiteResult, paint: _Paint) -> Iterator[str]:
    ended = ", ".join(
        paint(f"{suite.count(outcome)} {outcome.value}", _COLOURS[outcome])
        for outcome in CaseOutcome
        if suite.count(outcome)
    )
    title = printable(suite.suite.title or suite.suite.id)
    yield f"{printable(suite.suite.span.file)}  {title}: {ended}"
    for result in suite.results:
        if result.outcome is CaseOutcome.PASSED:
            continue
        yield from _case_lines(result, paint)


def _case_lines(result: CaseResult, paint: _Paint) -> Iterator[str]:
    case = result.case
    word = paint(result.outcome.value.upper(), _COLOURS[result.outcome])
    place = paint(printable(case.span.place), _BOLD)
    if result.outcome is CaseOutcome.SKIPPED:
        yield f"  {word}  {place}  {printable(case.name)}: {printable(result.problem or '')}"
        return
    yield f"  {word}  {place}  {printable(case.name)}"
    for label, text in _facts(result):
        yield f"    {label:<{_LABEL}}{printable(text)}"
    if result.trace:
        yield "    trace"
        for line in trace_lines(result.trace, colour=paint.enabled):
            yield f"      {line}"
    yield ""


def _facts(result: CaseResult) -> Iterator[tuple[str, str]]:
    case = result.case
    yield "request", str(case.call)
    word = "claims" if case.presented.kind is PresentedAs.CLAIMS else "token"
    yield word, case.presented.label
    if result.problem is not None:
        yield "problem", result.problem
        return
    yield "expected", _expected(case.expectation)
    if result.decision is not None:
        yield "got", _got(result.decision, result.status)
        for wrong in _not_yet_told(result.mismatches):
            yield "", f"{wrong.what}: expected `{wrong.expected}`, got `{wrong.got}`"
        if result.decision.deciding is not None:
            yield "decided by", str(result.decision.deciding)
        if result.decision.error is not None:
            yield "error", result.decision.error


def _not_yet_told(mismatches: tuple[Mismatch, ...]) -> tuple[Mismatch, ...]:
    """Those that `got` does not show; where the decision is another, the rest follows from it."""
    if any(wrong.what == "decision" for wrong in mismatches):
        return ()
    return tuple(wrong for wrong in mismatches if wrong.what not in _IN_GOT)


def _expected(expectation: Expectation) -> str:
    parts = [expectation.decision.value]
    if expectation.reason is not None:
        parts.append(f"reason {expectation.reason.value}")
    for name, value in (
        ("operation", expectation.operation),
        ("rule", expectation.rule),
        ("status", expectation.status),
    ):
        if value is not None:
            parts.append(f"{name} {value}")
    for name, members in (
        ("deniedReason", expectation.denied_reason),
        ("challenge", expectation.challenge),
    ):
        parts.extend(f"{name}.{member} {value}" for member, value in (members or {}).items())
    if expectation.statements is not None:
        parts.append(f"statements {', '.join(map(str, expectation.statements)) or 'none'}")
    return ", ".join(parts)


def _got(decision: Decision, status: int | None) -> str:
    parts = [decision.effect.value, f"reason {decision.reason.value}"]
    if decision.operation is not None:
        parts.append(f"operation {decision.operation}")
    if status is not None:
        parts.append(f"status {status}")
    return ", ".join(parts)


def _json_case(result: CaseResult) -> dict[str, object]:
    case = result.case
    found: dict[str, object] = {
        "name": case.name,
        "file": case.span.file,
        "line": case.span.line,
        "outcome": result.outcome.value,
    }
    if result.problem is not None:
        found["problem"] = result.problem
    if result.outcome is CaseOutcome.FAILED and result.decision is not None:
        found["request"] = _json_question(case.call)
        found["presented"] = case.presented.label
        found["got"] = _json_decision(result.decision, result.status)
        found["mismatches"] = [
            {"what": wrong.what, "expected": wrong.expected, "got": wrong.got}
            for wrong in result.mismatches
        ]
        found["trace"] = [
            {
                "idPath": row.id_path,
                "place": row.place,
                "outcome": row.outcome,
                "detail": row.detail,
            }
            for row in result.trace
        ]
    return found


def _json_question(asked: CallRecipe | AccessRecipe) -> dict[str, object]:
    if isinstance(asked, CallRecipe):
        return {"method": asked.method, "url": asked.url}
    return {
        "subject": {"type": asked.subject.type, "id": asked.subject.id},
        "action": {"name": asked.action},
        "resource": {"type": asked.resource.type, "id": asked.resource.id},
    }


def _json_decision(decision: Decision, status: int | None) -> dict[str, object]:
    deciding = decision.deciding
    return {
        "decision": decision.effect.value,
        "reason": decision.reason.value,
        "operation": decision.operation,
        "rule": deciding.id_path if deciding is not None else None,
        "place": deciding.span.place if deciding is not None else None,
        "status": status,
    }
