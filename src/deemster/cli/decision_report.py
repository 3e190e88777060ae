"""One decision in words for a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deemster.cli.asking import Answer
from deemster.model.decision import LeftOut, Requirement, Statement
from deemster.policytest.paint import Paint
from deemster.policytest.printable import printable
from deemster.policytest.reports import json_row
from deemster.policytest.trace_text import trace_lines

__all__ = ["decision_json", "decision_text"]

_GREEN, _RED, _RESET = "\x1b[1;32m", "\x1b[1;31m", "\x1b[0m"
_LABEL = 14


def decision_text(answer: Answer, *, colour: bool) -> str:
    """Effect and reason, what decided, then every node of the operation. Ends with LF."""
    decision = answer.decision
    word = decision.effect.value
    if colour:
        word = f"{_GREEN if decision.permitted else _RED}{word}{_RESET}"
    lines = [f"{word}  {decision.reason.value}"]
    lines.extend(f"{label:<{_LABEL}}{printable(text)}" for label, text in _facts(answer))
    if not answer.trace:
        lines.append(f"{'trace':<{_LABEL}}no condition was asked")
    else:
        lines.append("trace")
        deciding = decision.deciding.id_path if decision.deciding is not None else None
        told = trace_lines(answer.trace, paint=Paint(enabled=colour), told=[deciding])
        lines.extend(f"  {line}" for line in told)
    return "".join(f"{line}\n" for line in lines)


def decision_json(answer: Answer) -> dict[str, object]:
    """Members that do not apply are null."""
    decision = answer.decision
    deciding = decision.deciding
    challenge = decision.challenge
    words = decision.denied_reason
    return {
        "decision": decision.effect.value,
        "reason": decision.reason.value,
        "status": answer.status,
        "apiService": decision.service.id if decision.service is not None else None,
        "operation": decision.operation,
        "deciding": (
            {"idPath": deciding.id_path, "place": deciding.span.place}
            if deciding is not None
            else None
        ),
        "challenge": challenge.header() if challenge is not None else None,
        "deniedReason": (
            {"code": words.code, "message": words.message} if words is not None else None
        ),
        "missing": [_requirement(item) for item in decision.missing],
        "statements": [
            {
                "id": statement.id,
                "code": statement.code,
                "obligatory": statement.obligatory,
                "payload": statement.payload,
            }
            for statement in decision.statements
        ],
        "leftOut": [
            {"id": item.id, "code": item.code, "obligatory": item.obligatory, "why": item.why}
            for item in decision.left_out
        ],
        "subject": decision.subject,
        "clientId": decision.client_id,
        "provider": decision.provider,
        "revision": decision.revision,
        "error": decision.error,
        "trace": [json_row(row) for row in answer.trace],
    }


def _facts(answer: Answer) -> Iterator[tuple[str, str]]:
    decision = answer.decision
    service, challenge, words = decision.service, decision.challenge, decision.denied_reason
    found = {
        "status": answer.status,
        "API service": service.id if service is not None else None,
        "operation": decision.operation,
        "decided by": decision.deciding,
        "subject": decision.subject,
        "challenge": challenge.header() if challenge is not None else None,
        "missing": "; ".join(_requirement(item) for item in decision.missing) or None,
        "told": f"{words.code}: {words.message}" if words is not None else None,
        "error": decision.error,
        "revision": decision.revision,
    }
    for label, value in found.items():
        if value is not None:
            yield label, str(value)
    for statement in decision.statements:
        payload = json.dumps(statement.payload, ensure_ascii=False)
        yield "statement", f"{_named(statement)}  {payload}"
    for item in decision.left_out:
        yield "left out", f"{_named(item)}  {item.why}"


def _named(statement: Statement | LeftOut) -> str:
    word = "obligatory" if statement.obligatory else "advice"
    return f"{statement.id}: {statement.code} ({word})"


def _requirement(item: Requirement) -> str:
    parts = []
    if item.any_of:
        parts.append(f"any of {', '.join(item.any_of)}")
    if item.all_of:
        parts.append(f"all of {', '.join(item.all_of)}")
    if item.seconds is not None:
        parts.append(f"{item.seconds} s")
    return f"{item.kind}: {' and '.join(parts)}"
