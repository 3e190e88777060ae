"""What a decision may have read, by the names of its operation: values that cannot tell it."""

from __future__ import annotations

import re

from deemster.decisionlog.replayable import ReplayV1
from deemster.model.decision import Decision
from deemster.policytest.replay.recorded import Record, Unknown

__all__ = ["note_reads"]

_QUERY = re.compile(r"request\.query(?:\.([^.\[]+)|\['(.*)'\])")


def note_reads(decision: Decision, record: Record, known: ReplayV1, unknown: Unknown) -> None:
    """Note each name that judging the operation may read, and that was there and is not told."""
    # Every decision tells its subject: that is no reading of the policy.
    if "claims.sub" in unknown.read and "claims.sub" not in decision.reads:
        unknown.read.remove("claims.sub")
    for name in decision.reads:
        for what in (_of_request(name, record, known, unknown), _masked(name, record, known)):
            if what is not None:
                unknown.note(what)


def _of_request(name: str, record: Record, known: ReplayV1, unknown: Unknown) -> str | None:
    if not name.startswith("request."):
        return None
    if "call" in known.has:
        return "the call that the question was about"
    if name.startswith("request.query"):
        found = _QUERY.match(name)
        one = (found.group(1) or found.group(2)) if found is not None else "*"
        return f"query.{one}" if unknown.has("query.", one) else None
    if name == "request.ip" and "client_ip" in record.masked:
        return "client_ip"
    is_certificate = name.startswith("request.certificate")
    return "request.certificate" if is_certificate and "certificate" in known.has else None


def _masked(name: str, record: Record, known: ReplayV1) -> str | None:
    if name in ("user.id", "subject.id") and "subject" in record.masked:
        return "subject"
    for held in known.has:
        if name == held or name.startswith(f"{held}."):
            return held
    return None
