"""Operators hear of everything, and a flood of it does not become a flood of lines."""

import io
import json

from deemster.errors import GatewayUnauthenticatedError, MalformedCallError
from deemster.telemetry.metrics import ServiceFigures
from deemster.telemetry.reports import LINES, SECONDS, ServiceReports
from deemster.telemetry.service_log import build_service_log
from tests.support.clock import FrozenClock


class Desk:
    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.stream = io.StringIO()
        self.figures = ServiceFigures()
        log = build_service_log(self.stream, self.clock)
        self.reports = ServiceReports(log, self.figures, self.clock)

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_a_refused_call_is_counted_and_logged_with_the_id_that_was_told() -> None:
    desk = Desk()
    desk.reports.refused_call("sideband", MalformedCallError("`url` is missing"), "id-1")
    (line,) = desk.events
    assert (line["event"], line["cause"], line["text"], line["id"]) == (
        "call_refused",
        "malformed",
        "`url` is missing",
        "id-1",
    )
    assert desk.figures.refused_calls == {("sideband", "malformed"): 1}


def test_a_flood_is_counted_whole_and_logged_in_part() -> None:
    desk = Desk()
    for _ in range(LINES + 30):
        desk.reports.refused_call("sideband", GatewayUnauthenticatedError("no"), "id-1")
    assert len(desk.events) == LINES
    desk.clock.advance(SECONDS)
    desk.reports.refused_call("sideband", GatewayUnauthenticatedError("no"), "id-2")
    kept_back, latest = desk.events[LINES:]
    assert (kept_back["event"], kept_back["count"]) == ("log_lines_kept_back", 30)
    assert latest["id"] == "id-2"
    assert desk.figures.refused_calls == {("sideband", "gateway-unauthenticated"): LINES + 31}


def test_a_fault_is_counted_and_tells_no_message() -> None:
    desk = Desk()
    desk.reports.fault(ValueError("hunter2"), "id-1")
    assert desk.figures.faults == 1
    assert "hunter2" not in desk.stream.getvalue()


def test_a_failing_decision_log_is_told_with_its_cause() -> None:
    desk = Desk()
    desk.reports.decision_log_changed("stdout", "Broken pipe")
    desk.reports.decision_log_changed("stdout", None)
    assert [line["event"] for line in desk.events] == [
        "decision_log_failed",
        "decision_log_recovered",
    ]
    assert desk.events[0]["text"] == "Broken pipe"
