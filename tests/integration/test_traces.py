"""Traces of decisions: what a collector gets, which calls are traced, and what is in no span."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.collector import Collector, a_collector
from tests.support.processes import Process, running, until
from tests.support.service import ServiceFolder, a_call, a_service_folder

PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with a_collector() as found:
        yield found


def a_folder(tmp_path: Path, port: int, **more: object) -> ServiceFolder:
    folder = a_service_folder(tmp_path)
    members = "".join(f", {name}: {value}" for name, value in more.items())
    text = folder.settings_file.read_text(encoding="utf-8")
    folder.settings_file.write_text(
        f"{text}tracing: {{otlp: {{url: 'http://127.0.0.1:{port}/v1/traces', allowPrivate: true, "
        f"plaintextBehind: mesh, interval: 50ms}}{members}}}\n",
        encoding="utf-8",
    )
    return folder


def asking(token: str | None, traceparent: str | None = None) -> dict[str, object]:
    body = a_call(token)
    if traceparent is not None:
        headers = body["headers"]
        assert isinstance(headers, list)
        body["headers"] = [*headers, {"traceparent": traceparent}]
    return body


def spans(collector: Collector) -> list[dict[str, Any]]:
    found = []
    for body in collector.bodies:
        [resource] = json.loads(body)["resourceSpans"]
        names = {
            one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]
        }
        assert names["service.name"] == "deemster"
        [scope] = resource["scopeSpans"]
        found += scope["spans"]
    return found


def decisions(collector: Collector) -> list[dict[str, Any]]:
    return [one for one in spans(collector) if one["name"] == "decision"]


def attributes(span: Mapping[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"]["stringValue"] for one in span["attributes"]}


def metric(process: Process, name: str) -> float:
    lines = process.manage("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_a_decision_is_a_span_with_its_stages_below_it(
    tmp_path: Path, collector: Collector
) -> None:
    folder = a_folder(tmp_path, collector.port, share=1)
    with running(folder) as process:
        before = time.time_ns()
        answers = [process.ask(asking(folder.token())), process.ask(asking(None))]
        until(lambda: len(decisions(collector)) == 2)
        after = time.time_ns()
        until(lambda: metric(process, "deemster_traces_sent_total") == 2)
    permit, deny = decisions(collector)
    told = attributes(permit)
    assert told["deemster.decision_id"] == answers[0].headers["x-decision-id"]
    assert permit["traceId"] == told["deemster.decision_id"]
    assert "parentSpanId" not in permit
    assert (told["deemster.effect"], told["deemster.reason"]) == ("permit", "permitted")
    assert (told["deemster.api_service"], told["deemster.operation"]) == ("orders", "list")
    assert (told["deemster.protocol"], told["deemster.gateway"]) == ("sideband", "kong")
    assert attributes(deny)["deemster.reason"] == "token-missing"
    assert "status" not in deny
    below = [one for one in spans(collector) if one.get("parentSpanId") == permit["spanId"]]
    assert {one["name"] for one in below} >= {"token", "user", "evaluation"}
    for one in [permit, *below]:
        assert one["traceId"] == permit["traceId"]
        began, ended = int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"])
        assert before - 10**9 <= began <= ended <= after + 10**9
    text = b"".join(collector.bodies)
    for held in (b"alice", b"sales", b"192.0.2.7", b"api.example.com", folder.token().encode()):
        assert held not in text


@pytest.mark.parametrize(
    ("traceparent", "traced", "parent"),
    [
        (f"00-{PARENT}-{SPAN}-01", True, True),
        (f"00-{PARENT}-{SPAN}-00", False, False),
        (f"cc-{PARENT}-{SPAN}-01-later", True, True),
        (f"00-{PARENT}-{SPAN}-01-more", False, False),
        (f"ff-{PARENT}-{SPAN}-01", False, False),
        (f"00-{'0' * 32}-{SPAN}-01", False, False),
        (f"00-{PARENT}-{'0' * 16}-01", False, False),
        (f"00-{PARENT.upper()}-{SPAN}-01", False, False),
        ("CANARY", False, False),
        (None, False, False),
    ],
)
def test_a_call_of_a_trace_is_traced_where_that_one_is(
    tmp_path: Path, collector: Collector, traceparent: str | None, traced: bool, parent: bool
) -> None:
    folder = a_folder(tmp_path, collector.port, share=0)
    with running(folder) as process:
        process.ask(asking(folder.token(), traceparent))
        # The last one is traced whatever the first was: it shows that the other was not.
        process.ask(asking(folder.token(), f"00-{'a' * 32}-{SPAN}-01"))
        until(lambda: len(decisions(collector)) == 1 + traced)
    found = decisions(collector)
    assert found[-1]["traceId"] == "a" * 32
    if parent:
        assert (found[0]["traceId"], found[0]["parentSpanId"]) == (PARENT, SPAN)
    assert b"CANARY" not in b"".join(collector.bodies)


def test_strangers_cannot_have_more_traced_than_the_limit(
    tmp_path: Path, collector: Collector
) -> None:
    folder = a_folder(tmp_path, collector.port, share=0, perSecond=1)
    with running(folder) as process:
        began = time.monotonic()
        for _ in range(20):
            assert process.ask(asking(None, f"00-{PARENT}-{SPAN}-01")).status_code == 200
        seconds = time.monotonic() - began
        dropped = metric(process, 'deemster_traces_dropped_total{cause="limit"}')
        assert dropped >= 20 - (seconds + 2)
    assert len(decisions(collector)) == 20 - dropped


def test_a_collector_that_is_away_holds_up_no_answer(tmp_path: Path) -> None:
    with a_collector(status=503) as collector:
        folder = a_folder(tmp_path, collector.port, share=1)
        with running(folder) as process:
            for _ in range(10):
                assert process.ask(asking(folder.token())).status_code == 200
            until(
                lambda: "traces_failed" in " ".join([str(one["event"]) for one in process.events])
            )
            assert metric(process, "deemster_traces_sent_total") == 0
