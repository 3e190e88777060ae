"""A test run in words for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deemster.model.decision import Decision
from deemster.policytest.cases import AccessRecipe, CallRecipe, Expectation, PresentedAs
from deemster.policytest.comparison import Mismatch
from deemster.policytest.coverage.as_json import missing_json, shares_json
from deemster.policytest.coverage.summary import Coverage
from deemster.policytest.explanation import ConditionPart, shortened
from deemster.policytest.outcomes import CaseOutcome, CaseResult, SuiteResult, TestRun
from deemster.policytest.paint import Paint
from deemster.policytest.printable import printable
from deemster.policytest.trace import TraceRow
from deemster.policytest.trace_text import trace_lines

__all__ = ["failure_text", "in_short", "json_report", "json_row", "slowest_text", "text_report"]

_LABEL = 12
_IN_GOT = {"reason", "operation", "status"}


def text_report(run: TestRun, *, seconds: float, colour: bool, deselected: int = 0) -> str:
    """One line a suite; what failed in full; a line of counts. Ends with LF.

    `deselected` is the number of cases that were not asked for.
    """
    paint = Paint(enabled=colour)
    lines = [line for suite in run.suites for line in _suite_lines(suite, paint)]
    cases = sum(len(suite.results) for suite in run.suites)
    counts = run.counts
    ended = ", ".join(
        paint.outcome(f"{counts[outcome]} {outcome.value}", outcome.value)
        for outcome in CaseOutcome
        if counts[outcome]
    )
    left_out = [
        *([f"{deselected} deselected"] if deselected else []),
        *([f"{run.not_run} not run"] if run.not_run else []),
    ]
    told = ", ".join([ended or "nothing to run", *left_out])
    suites = f"{len(run.suites)} suite{'' if len(run.suites) == 1 else 's'}"
    lines.append(f"{suites}, {cases} case{'' if cases == 1 else 's'}: {told} ({seconds:.2f} s)")
    return "".join(f"{line}\n" for line in lines)


def slowest_text(run: TestRun, number: int) -> str:
    """The slowest cases, slowest first; each line ends with LF."""
    slowest = sorted(run.results, key=lambda result: -result.seconds)[:number]
    lines = [
        f"  {result.seconds * 1000:8.2f} ms  {printable(result.case.span.place)}  "
        f"{printable(result.case.name)}\n"
        for result in slowest
    ]
    return "".join(["slowest cases\n", *lines]) if lines else ""


def failure_text(result: CaseResult) -> str:
    """One case that did not pass, as in the terminal and without colour."""
    return "\n".join(_case_lines(result, Paint(enabled=False))).strip("\n")


def in_short(result: CaseResult) -> str:
    """What is wrong with a case, in one line."""
    if result.problem is not None:
        return printable(result.problem)
    return "; ".join(
        printable(f"{wrong.what}: expected {wrong.expected}, got {wrong.got}")
        for wrong in result.mismatches
    )


def json_report(run: TestRun, coverage: Coverage | None = None) -> dict[str, object]:
    """`{suites: […], counts: {…}, exitStatus}`; a case that passed has only its name and place.

    With `coverage`, its shares and what is missing.
    """
    counts = run.counts
    report: dict[str, object] = {
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
        "notRun": run.not_run,
        "exitStatus": run.exit_status,
    }
    if coverage is not None:
        report["coverage"] = {**shares_json(coverage), "missing": missing_json(coverage)}
    return report


def _suite_lines(suite: SuiteResult, paint: Paint) -> Iterator[str]:
    ended = ", ".join(
        paint.outcome(f"{suite.count(outcome)} {outcome.value}", outcome.value)
        for outcome in CaseOutcome
        if suite.count(outcome)
    )
    title = printable(suite.suite.title or suite.suite.id)
    yield f"{printable(suite.suite.span.file)}  {title}: {ended}"
    for result in suite.results:
        if result.doubt is not None:
            place = paint.bold(printable(result.case.span.place))
            note = f"{paint.outcome('NOTE', 'skipped')}  {place}  {printable(result.case.name)}"
            yield f"  {note}: {result.doubt}"
        if result.outcome is CaseOutcome.PASSED:
            continue
        yield from _case_lines(result, paint)


def _case_lines(result: CaseResult, paint: Paint) -> Iterator[str]:
    case = result.case
    word = paint.outcome(result.outcome.value.upper(), result.outcome.value)
    place = paint.bold(printable(case.span.place))
    if result.outcome is CaseOutcome.SKIPPED:
        yield f"  {word}  {place}  {printable(case.name)}: {printable(result.problem or '')}"
        return
    yield f"  {word}  {place}  {printable(case.name)}"
    for label, text in _facts(result):
        yield f"    {label:<{_LABEL}}{printable(text)}"
    if result.trace:
        yield "    trace"
        for line in trace_lines(result.trace, paint=paint, told=_told(result)):
            yield f"      {line}"
    yield ""


def _told(result: CaseResult) -> list[str | None]:
    """Id paths of the nodes that explain the answer: the one that decided, the one expected to."""
    deciding = result.decision.deciding if result.decision is not None else None
    found = [deciding.id_path if deciding is not None else None]
    return [*found, *([result.case.expectation.rule] if result.case.expectation.rule else [])]


def _facts(result: CaseResult) -> Iterator[tuple[str, str]]:
    case = result.case
    yield "request", str(case.call)
    word = "claims" if case.presented.kind is PresentedAs.CLAIMS else "token"
    yield word, case.presented.label
    for given in case.attributes:
        names = " or ".join(sorted(name.rpartition("#")[2] for name in given.attributes))
        told = f"fault {given.fault.value}" if given.fault is not None else _json(given.value)
        yield "given", f"{names} = {told}"
    if case.response is not None:
        yield "response", shortened(f"{case.response.status} {case.response.body or ''}".rstrip())
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


def _json(value: object) -> str:
    return shortened(json.dumps(value, ensure_ascii=False))


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
        "seconds": round(result.seconds, 6),
    }
    if result.problem is not None:
        found["problem"] = result.problem
    if result.doubt is not None:
        found["doubt"] = result.doubt
    if result.outcome is CaseOutcome.FAILED and result.decision is not None:
        found["request"] = _json_question(case.call)
        found["presented"] = case.presented.label
        found["got"] = _json_decision(result.decision, result.status)
        found["mismatches"] = [
            {"what": wrong.what, "expected": wrong.expected, "got": wrong.got}
            for wrong in result.mismatches
        ]
        found["trace"] = [json_row(row) for row in result.trace]
    return found


def json_row(row: TraceRow) -> dict[str, object]:
    """One visited node; `condition` only where it asked one."""
    found: dict[str, object] = {
        "idPath": row.id_path,
        "place": row.place,
        "outcome": row.outcome,
        "detail": row.detail,
    }
    if row.condition is not None:
        found["condition"] = _json_part(row.condition)
    return found


def _json_part(part: ConditionPart) -> dict[str, object]:
    found: dict[str, object] = {
        "outcome": part.outcome,
        "text": part.text,
        "place": part.span.place,
    }
    if part.error:
        found["error"] = part.error
    if part.values:
        found["values"] = {value.name: value.told for value in part.values}
    if part.parts:
        found["parts"] = [_json_part(inner) for inner in part.parts]
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
