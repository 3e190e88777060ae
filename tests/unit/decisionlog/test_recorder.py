"""Dropping, blocking, failing and ending: what becomes of records when sinks do not keep up."""

import asyncio
import errno
import json
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deemster.decisionlog.carriers import ThreadCarrier
from deemster.decisionlog.counters import MOST_SERIES, DecisionCounters, DropCause
from deemster.decisionlog.recorder import DecisionRecorder, WhenFull
from deemster.decisionlog.sinks import BufferedSink
from deemster.decisionlog.targets import FileTarget, LineTarget, StreamTarget
from deemster.model.decision import Effect, Reason
from tests.support.clock import FrozenClock
from tests.unit.decisionlog.records import CALLER, a_call, a_decision


class Paper:
    """A target in memory that can hang, fail, or take a few bytes at a time."""

    name = "paper"

    def __init__(self, *, most: int = 1_000_000) -> None:
        self.text = b""
        self.most = most
        self.free = threading.Event()
        self.free.set()
        self.fails: OSError | None = None
        self.room: int | None = None
        self.reopened = 0
        self.closed = threading.Event()

    def write(self, data: memoryview) -> int:
        self.free.wait(30)
        if self.fails is not None and not self.room:
            raise self.fails
        taken = min(self.most, len(data), self.room if self.fails and self.room else len(data))
        if self.room is not None:
            self.room -= taken
        self.text += bytes(data[:taken])
        return taken

    def reopen(self) -> None:
        self.reopened += 1

    def close(self) -> None:
        self.closed.set()

    @property
    def ids(self) -> list[str]:
        return [json.loads(line)["decision_id"] for line in self.text.splitlines()]


class Log:
    def __init__(self, target: LineTarget, when_full: WhenFull, **bounds: float) -> None:
        self.counters = DecisionCounters()
        self.changes: list[tuple[str, str | None]] = []
        wait = bounds.pop("wait", 5.0)
        self.sink = BufferedSink(
            ThreadCarrier(target),
            self.counters.of_sink("file"),
            on_failure=lambda name, trouble: self.changes.append((name, trouble)),
            **bounds,  # type: ignore[arg-type]  # bytes are whole numbers
        )
        self.recorder = DecisionRecorder(
            environment="local",
            clock=FrozenClock(),
            sinks=[self.sink],
            when_full=when_full,
            counters=self.counters,
            wait=wait,
        )

    async def record(self, decision_id: str = "d-1", **changes: object) -> bool | None:
        taken = self.recorder.record(
            protocol="sideband",
            caller=CALLER,
            call=a_call(),
            decision=a_decision(decision_id=decision_id, **changes),
            elapsed_us=17,
        )
        return None if taken is None else await taken

    @property
    def dropped(self) -> dict[str, int]:
        return {str(cause): count for cause, count in self.counters.dropped.items() if count}


@asynccontextmanager
async def running(
    target: LineTarget, when_full: WhenFull = WhenFull.DROP, **bounds: float
) -> AsyncIterator[Log]:
    log = Log(target, when_full, **bounds)
    log.recorder.start()
    try:
        yield log
    finally:
        if isinstance(target, Paper):
            target.free.set()
        await log.recorder.close(5.0)


async def test_records_are_lines_of_json_in_order() -> None:
    paper = Paper()
    async with running(paper) as log:
        for number in range(300):
            assert await log.record(f"d-{number}") is None
    assert paper.ids == [f"d-{number}" for number in range(300)]
    assert log.counters.written == 300
    assert log.dropped == {}
    assert paper.closed.wait(5)


async def test_a_record_goes_out_after_the_interval_without_another_one() -> None:
    paper = Paper()
    async with running(paper, interval=0.01) as log:
        await log.record()
        async with asyncio.timeout(5):
            while not log.counters.written:  # noqa: ASYNC110  counters have no event
                await asyncio.sleep(0.005)


async def test_a_slow_sink_never_holds_up_a_decision_under_drop() -> None:
    paper = Paper()
    paper.free.clear()
    async with running(paper, batch_bytes=1, buffer_bytes=5000) as log:
        for number in range(100):
            assert await log.record(f"d-{number}") is None
        lost = log.counters.dropped[DropCause.BUFFER_FULL]
        assert lost > 0
    # Exactly what was counted as lost is not there.
    assert len(paper.ids) == 100 - lost
    assert log.counters.written == 100 - lost


async def test_under_block_an_answer_waits_until_its_record_is_written() -> None:
    paper = Paper()
    paper.free.clear()
    async with running(paper, WhenFull.BLOCK) as log:
        waiting = asyncio.create_task(log.record())
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        paper.free.set()
        assert await waiting is True
        assert paper.ids == ["d-1"]


async def test_under_block_records_of_one_round_share_one_write() -> None:
    paper = Paper()
    async with running(paper, WhenFull.BLOCK) as log:
        answers = await asyncio.gather(*[log.record(f"d-{number}") for number in range(50)])
        assert answers == [True] * 50
        assert sorted(paper.ids) == sorted(f"d-{number}" for number in range(50))


async def test_under_block_a_hanging_sink_denies_after_the_wait() -> None:
    paper = Paper()
    paper.free.clear()
    async with running(paper, WhenFull.BLOCK, wait=0.05) as log:
        assert await log.record("d-hangs") is False
        # This one collects behind the hanging write, times out, and is withdrawn.
        assert await log.record("d-withdrawn") is False
        assert log.dropped == {"timed-out": 1}
        # The other one is still being written: whatever comes of that, its answer was a deny.
        assert log.counters.sinks["file"].late == 1
        paper.free.set()
        assert await log.record("d-later") is True
    assert log.counters.written == 2
    assert paper.ids == ["d-hangs", "d-later"]


async def test_under_block_a_full_buffer_denies() -> None:
    async with running(Paper(), WhenFull.BLOCK, buffer_bytes=10) as log:
        assert await log.record() is False
        assert log.dropped == {"buffer-full": 1}


async def test_under_block_a_failing_sink_denies() -> None:
    paper = Paper()
    paper.fails = OSError(errno.ENOSPC, "No space left on device")
    async with running(paper, WhenFull.BLOCK) as log:
        assert await log.record() is False
        assert log.dropped == {"write-failed": 1}
        paper.fails = None
        assert await log.record() is True


async def test_every_sink_must_have_the_record_under_block() -> None:
    good, bad = Log(Paper(), WhenFull.BLOCK), Log(Paper(), WhenFull.BLOCK)
    failing = Paper()
    failing.fails = OSError(errno.EIO, "Input/output error")
    bad = Log(failing, WhenFull.BLOCK)
    recorder = DecisionRecorder(
        environment="local",
        clock=FrozenClock(),
        sinks=[good.sink, bad.sink],
        when_full=WhenFull.BLOCK,
        counters=good.counters,
        wait=5.0,
    )
    recorder.start()
    taken = recorder.record(
        protocol="sideband", caller=None, call=a_call(), decision=a_decision(), elapsed_us=1
    )
    assert taken is not None
    assert await taken is False
    await recorder.close(5.0)


async def test_failures_are_reported_once_and_so_is_the_recovery() -> None:
    paper = Paper()
    paper.fails = OSError(errno.EPIPE, "Broken pipe")
    async with running(paper, batch_bytes=1) as log:
        for number in range(3):
            await log.record(f"d-{number}")
            await log.sink.flush(5.0)
        paper.fails = None
        await log.record("d-3")
        await log.sink.flush(5.0)
    assert log.changes == [("paper", "Broken pipe"), ("paper", None)]
    assert log.dropped == {"write-failed": 3}
    assert paper.ids == ["d-3"]


async def test_a_line_torn_by_a_full_disk_does_not_swallow_the_next() -> None:
    paper = Paper()
    async with running(paper) as log:
        await log.record("d-0")
        await log.sink.flush(5.0)
        paper.fails = OSError(errno.ENOSPC, "No space left on device")
        paper.room = len(paper.text) + 100
        await log.record("d-1")
        await log.record("d-2")
        await log.sink.flush(5.0)
        # d-1 was written whole, d-2 only begun.
        assert log.counters.written == 2
        assert log.dropped == {"write-failed": 1}
        paper.fails = paper.room = None
        await log.record("d-3")
    whole = [line for line in paper.text.splitlines() if line.endswith(b"}")]
    assert [json.loads(line)["decision_id"] for line in whole] == ["d-0", "d-1", "d-3"]


async def test_a_target_may_take_a_few_bytes_at_a_time() -> None:
    paper = Paper(most=7)
    async with running(paper) as log:
        await log.record("d-0")
        await log.record("d-1")
    assert paper.ids == ["d-0", "d-1"]


@pytest.mark.parametrize(
    ("when_full", "answer"), [(WhenFull.DROP, None), (WhenFull.BLOCK, False)], ids=["drop", "block"]
)
async def test_a_record_that_cannot_be_made_is_lost_and_never_sent_unmasked(
    when_full: WhenFull, answer: bool | None
) -> None:
    paper = Paper()
    async with running(paper, when_full) as log:
        assert await log.record(reasons=None, missing=object()) is answer
        assert log.dropped == {"not-masked": 1}
    assert paper.text == b""


async def test_every_decision_is_counted_whatever_becomes_of_its_record() -> None:
    paper = Paper()
    async with running(paper, buffer_bytes=10) as log:
        await log.record()
        await log.record(effect=Effect.PERMIT, reason=Reason.PERMITTED)
        await log.record(reason=Reason.OVERLOADED)
    assert log.counters.decided == {
        ("sideband", "invoices", "deny", "scope-missing"): 1,
        ("sideband", "invoices", "permit", "permitted"): 1,
        ("sideband", "invoices", "error", "overloaded"): 1,
    }
    assert sum(log.counters.buckets) == 3
    assert log.counters.total_us == 51


def test_services_that_come_and_go_do_not_make_metrics_without_end() -> None:
    counters = DecisionCounters()
    for number in range(MOST_SERIES + 50):
        counters.count_decision("sideband", f"s{number}", "permit", Reason.PERMITTED, 1)
    counters.count_decision("sideband", "s1", "permit", Reason.PERMITTED, 1)
    assert len(counters.decided) == MOST_SERIES + 1
    assert counters.decided["sideband", "", "permit", "permitted"] == 50
    assert counters.decided["sideband", "s1", "permit", "permitted"] == 2


async def test_ending_writes_what_is_held() -> None:
    paper = Paper()
    log = Log(paper, WhenFull.DROP, interval=60.0)
    log.recorder.start()
    await log.record()
    await log.recorder.close(5.0)
    assert paper.ids == ["d-1"]
    assert await log.record("d-late") is None
    assert log.dropped == {"buffer-full": 1}


async def test_ending_does_not_wait_for_ever_and_counts_what_is_lost() -> None:
    paper = Paper()
    paper.free.clear()
    log = Log(paper, WhenFull.DROP, interval=60.0)
    log.recorder.start()
    for number in range(3):
        await log.record(f"d-{number}")
    await log.recorder.close(0.05)
    assert log.dropped == {"shutdown": 3}
    paper.free.set()


async def test_a_closed_pipe_loses_records_and_nothing_else() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    async with running(StreamTarget(writer, "stdout")) as log:
        await log.record()
        await log.sink.flush(5.0)
        assert log.dropped == {"write-failed": 1}
    os.close(writer)


async def test_a_rotated_file_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    async with running(FileTarget(path)) as log:
        await log.record("d-0")
        await log.sink.flush(5.0)
        path.rename(tmp_path / "decisions.1.jsonl")
        log.recorder.reopen()
        await log.record("d-1")
    assert json.loads(path.read_text())["decision_id"] == "d-1"
    assert json.loads((tmp_path / "decisions.1.jsonl").read_text())["decision_id"] == "d-0"
    assert path.stat().st_mode & 0o777 == 0o640 & ~_umask()


async def test_unprintable_text_reaches_the_log_escaped() -> None:
    paper = Paper()
    async with running(paper) as log:
        await log.record(subject="a\u202eb\x1b[31m\nforged")
    assert b"a\\u202eb\\u001b[31m\\nforged" in paper.text
    assert paper.text.count(b"\n") == 1


async def test_text_that_is_no_unicode_hides_no_decision() -> None:
    paper = Paper()
    async with running(paper) as log:
        await log.record(subject="a\ud800b", reads=("\udfff",))
        assert log.dropped == {}
    found = json.loads(paper.text)
    assert (found["subject"], found["reads"]) == ("a\\ud800b", ["\\udfff"])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
