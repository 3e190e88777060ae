"""The decision log over HTTP: nothing is lost that a receiver took, and every loss is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deemster.app.decision_log import build_recorder, stdout_target
from deemster.decisionlog.recorder import DecisionRecorder
from deemster.model.clock import SystemClock
from deemster.settings import load_settings
from deemster.telemetry.metrics import ServiceFigures
from deemster.telemetry.reports import ServiceReports
from tests.support.doubles import a_deny
from tests.support.log_receiver import LogReceiver, a_log_receiver
from tests.support.points import a_call, a_caller
from tests.support.service import SECRET
from tests.support.service_log import KeptLog

SETTINGS = """
environment: staging
policies: {{path: policies}}
gateways:
  - {{id: kong, protocols: [sideband], apiServices: "*", secrets: [{{id: k, value: "${{env:S}}"}}]}}
decisionLog: {{sinks: [{sink}], whenFull: {when_full}}}
"""


class Service:
    """A recorder of settings, and what it counts and tells."""

    def __init__(self, recorder: DecisionRecorder, figures: ServiceFigures, log: KeptLog) -> None:
        self.recorder = recorder
        self.figures = figures
        self.log = log

    async def record(self, *ids: str) -> list[bool | None]:
        """What each record may say of its answer."""
        pending = [
            self.recorder.record(
                protocol="sideband",
                caller=a_caller(),
                call=a_call(),
                decision=a_deny(decision_id=id),
                elapsed_us=5,
            )
            for id in ids
        ]
        return [None if one is None else await one for one in pending]

    def counted(self, sink: str = "http") -> dict[str, int]:
        """What became of the records."""
        counters = self.figures.decisions.sinks[sink]
        dropped = {cause: count for cause, count in counters.dropped.items() if count}
        # INVARIANT: every record is written, lost or held.
        assert counters.accepted == counters.written + sum(dropped.values()) + counters.held
        return {"written": counters.written, **dropped}


@asynccontextmanager
async def a_service(
    tmp_path: Path, sink: str, *, when_full: str = "drop", within: float = 5.0
) -> AsyncIterator[Service]:
    file = tmp_path / "deemster.yaml"
    file.write_text(SETTINGS.format(sink=sink, when_full=when_full), encoding="utf-8")
    settings = load_settings(file, {"S": SECRET, "TOKEN": "log-token-CANARY"})
    figures, log = ServiceFigures(), KeptLog()
    reports = ServiceReports(log.log, figures, SystemClock())
    recorder = build_recorder(
        settings, figures.decisions, reports, SystemClock(), stdout_target(1, None)
    )
    recorder.start()
    try:
        yield Service(recorder, figures, log)
    finally:
        await recorder.close(within)


def http(receiver: LogReceiver, kind: str = "http", **more: object) -> str:
    members = "".join(f", {name}: {value}" for name, value in more.items())
    return (
        f'{{{kind}: {{url: "{receiver.url}", allowPrivate: true, plaintextBehind: mesh, '
        f"interval: 50ms{members}}}}}"
    )


async def test_records_arrive_packed_in_lines_with_the_credential(tmp_path: Path) -> None:
    async with a_log_receiver() as receiver:
        sink = http(receiver, bearer='"${env:TOKEN}"')
        async with a_service(tmp_path, sink) as service:
            await service.record("d-1", "d-2", "d-3")
        assert receiver.ids() == ["d-1", "d-2", "d-3"]
        assert service.counted() == {"written": 3}
        [told] = receiver.headers
        assert told["request"] == "POST /take HTTP/1.1"
        assert told["content-type"] == "application/x-ndjson"
        assert told["content-encoding"] == "gzip"
        assert told["authorization"] == "Bearer log-token-CANARY"
        assert "CANARY" not in service.log.text


async def test_a_receiver_that_fails_is_asked_again_with_the_same_batch(tmp_path: Path) -> None:
    async with a_log_receiver([503, 0, 429, 408]) as receiver:
        async with a_service(tmp_path, http(receiver), within=20.0) as service:
            await service.record("d-1", "d-2")
        assert receiver.statuses == [503, 0, 429, 408, 200]
        assert len({told["deemster-batch"] for told in receiver.headers}) == 1
        assert len(set(receiver.bodies)) == 1
        assert receiver.ids() == ["d-1", "d-2"]
        assert service.counted() == {"written": 2}
        assert service.log.events("decision_log_failed", "decision_log_recovered") == [
            "decision_log_failed",
            "decision_log_recovered",
        ]


async def test_what_is_refused_is_not_asked_again_and_counted(tmp_path: Path) -> None:
    async with a_log_receiver([400]) as receiver:
        async with a_service(tmp_path, http(receiver)) as service:
            await service.record("d-1", "d-2")
            await asyncio.sleep(0.2)
            await service.record("d-3")
        assert receiver.statuses == [400, 200]
        assert receiver.ids() == ["d-3"]
        assert service.counted() == {"written": 1, "rejected": 2}


async def test_after_the_time_for_retries_a_batch_is_given_up_and_counted(tmp_path: Path) -> None:
    async with (
        a_log_receiver([503] * 100) as receiver,
        a_service(tmp_path, http(receiver, retryFor="300ms")) as service,
    ):
        await service.record("d-1")
        async with asyncio.timeout(5):
            while service.counted() == {"written": 0}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert service.counted() == {"written": 0, "undelivered": 1}


async def test_a_receiver_that_is_away_fills_the_buffer_and_nothing_waits(tmp_path: Path) -> None:
    async with a_log_receiver([503] * 1000) as receiver:
        sink = http(receiver, buffer="64KiB", batch="8KiB", retryFor="1h")
        async with a_service(tmp_path, sink, within=0.1) as service:
            assert await service.record(*[f"d-{n}" for n in range(300)]) == [None] * 300
            lost = service.counted()["buffer-full"]
            assert 0 < lost < 300
        assert service.counted() == {
            "written": 0,
            "buffer-full": lost,
            "shutdown": 300 - lost,
        }


async def test_under_block_an_answer_waits_for_the_receiver(tmp_path: Path) -> None:
    async with a_log_receiver([503]) as receiver:
        async with a_service(tmp_path, http(receiver), when_full="block") as service:
            assert await service.record("d-1") == [True]
            receiver.answers += [400]
            assert await service.record("d-2") == [False]
        assert receiver.ids() == ["d-1"]
        assert service.counted() == {"written": 1, "rejected": 1}


async def test_otlp_sends_log_records_as_a_collector_takes_them(tmp_path: Path) -> None:
    async with a_log_receiver() as receiver:
        async with a_service(tmp_path, http(receiver, "otlp")) as service:
            await service.record("d-1", "d-2")
        assert service.counted("otlp") == {"written": 2}
        [body] = receiver.accepted()
        assert receiver.headers[0]["content-type"] == "application/json"
        [resource] = json.loads(body)["resourceLogs"]
        attributes = {
            one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]
        }
        assert attributes["service.name"] == "deemster"
        assert attributes["deployment.environment.name"] == "staging"
        [scope] = resource["scopeLogs"]
        records = scope["logRecords"]
        assert [json.loads(one["body"]["stringValue"])["decision_id"] for one in records] == [
            "d-1",
            "d-2",
        ]
        one = records[0]
        assert (one["severityNumber"], one["severityText"]) == (13, "WARN")
        told = json.loads(one["body"]["stringValue"])
        seconds, rest = divmod(int(one["timeUnixNano"]), 1_000_000_000)
        assert rest % 1_000_000 == 0
        assert told["time"].endswith(f".{rest // 1_000_000:03d}Z")
        assert abs(seconds - SystemClock.wall()) < 60
        found = {each["key"]: each["value"]["stringValue"] for each in one["attributes"]}
        assert found["deemster.reason"] == "policy-denied"
        assert "deemster.operation" not in found


@pytest.mark.parametrize("kind", ["http", "otlp"])
async def test_every_record_is_accounted_for_under_faults(tmp_path: Path, kind: str) -> None:
    answers = [200, 503, 0, 400, 200, 500, 413, 200] * 5
    async with a_log_receiver(answers) as receiver:
        sink = http(receiver, kind, batch="4KiB", retryFor="600ms")
        async with a_service(tmp_path, sink, within=20.0) as service:
            for start in range(0, 400, 20):
                await service.record(*[f"d-{n}" for n in range(start, start + 20)])
                await asyncio.sleep(0.02)
        counted = service.counted(kind)
        assert sum(counted.values()) == 400
        assert counted["written"] > 0
        if kind == "http":
            assert len(receiver.ids()) == counted["written"]
            assert len(set(receiver.ids())) == counted["written"]
