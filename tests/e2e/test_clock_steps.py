"""A wall clock that leaps, freezes and runs backwards: no token is good outside its time.

The service runs with Debian's libfaketime, which gives its process another wall clock and leaves
the monotonic one alone, as a step of the system's clock does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deemster.model.clock import SystemClock
from tests.support.parts import Parts
from tests.support.processes import Process
from tests.support.raw_calls import Answer, Caller, a_post
from tests.support.scale import scaled
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOUR, DAY = 3600, 86_400
SKEW = 30
"""Seconds of tolerance, the default of a provider."""
MARGIN = 20
"""Seconds that the tokens of this test stay away from the edges, the tolerance added."""
STEPS: tuple[int, ...] = (0, -HOUR, HOUR, -DAY, DAY, 0, 1, -1, HOUR, -HOUR, 7 * DAY, 0)
"""Seconds by which the clock is wrong, one after the other."""
CALLERS = 4
ROUNDS = 30
"""What `make evidence` runs; `make test` a tenth: each goes through all steps."""


@dataclass(frozen=True, slots=True)
class Window:
    """A token that is good from `begins` to `ends`, epoch seconds of the true clock."""

    begins: float
    ends: float
    request: bytes

    def may(self, at: float) -> bool | None:
        """Whether it is good then; None where that is too near an edge to say."""
        edges = (self.begins - SKEW, self.begins, self.ends, self.ends + SKEW)
        if any(abs(at - edge) < MARGIN for edge in edges) or self._in_tolerance(at):
            return None
        return self.begins < at < self.ends

    def _in_tolerance(self, at: float) -> bool:
        return self.begins - SKEW <= at <= self.begins or self.ends <= at <= self.ends + SKEW


class FakeClock:
    """The file that libfaketime reads each time somebody asks what time it is."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.off = 0
        self.frozen: float | None = None
        self.changed = time.monotonic()
        self._write("+0")

    def step(self, seconds: int) -> None:
        """Wrong by so much, and going on."""
        self.off, self.frozen = seconds, None
        self._write(f"{seconds:+d}")

    def freeze(self) -> None:
        """Stand still at what it says now."""
        self.frozen = float(int(self.now()))
        moment = datetime.fromtimestamp(self.frozen, UTC)
        self._write(moment.strftime("%Y-%m-%d %H:%M:%S"))

    def now(self) -> float:
        """What the service believes."""
        return self.frozen if self.frozen is not None else SystemClock.wall() + self.off

    def _write(self, text: str) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(self.file)
        self.changed = time.monotonic()


def preload(parts: Parts) -> str:
    """Where the library for programs of several threads is, as the program says that uses it."""
    told = subprocess.run(
        [parts.command("faketime"), "-m", "-f", "+0", "printenv", "LD_PRELOAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def windows(folder: ServiceFolder) -> list[Window]:
    """Tokens around each of the times that the clock will show."""
    now = int(SystemClock.wall())
    found = []
    for at in sorted(set(STEPS)):
        for begins, ends in ((-600, 900), (-7200, -600), (900, 7200)):
            window = (now + at + begins, now + at + ends)
            token = folder.token(nbf=window[0], iat=window[0], exp=window[1])
            request = a_post("/sideband/request", a_call(token), {"client-token": SECRET})
            found.append(Window(*window, request))
    return found


class Told:
    """Answers held against the clock that the service had."""

    def __init__(self, clock: FakeClock) -> None:
        self.found: Counter[str] = Counter()
        self.wrong: list[tuple[float, Window, Answer]] = []
        self._clock = clock

    def of(self, window: Window, answer: Answer, before: float) -> None:
        """`before`: what the service's clock said when it was asked."""
        after = self._clock.now()
        # A step between: the answer may be of either clock.
        if time.monotonic() - self._clock.changed < answer.seconds + 0.02:
            self.found["while it changed"] += 1
            truths = {window.may(before), window.may(after)}
            if answer.permits and True not in truths and None not in truths:
                self.wrong.append((after, window, answer))
            return
        good = window.may(after)
        if good is None:
            self.found["too near an edge"] += 1
        elif good is not answer.permits:
            self.wrong.append((after, window, answer))
        else:
            self.found["permitted" if good else "denied"] += 1


async def asked(process: Process, tokens: list[Window], clock: FakeClock) -> Told:
    told = Told(clock)
    done = asyncio.Event()

    async def ask(start: int) -> None:
        caller = Caller(process.decisions)
        for window in itertools.cycle(tokens[start::CALLERS] + tokens[:start]):
            if done.is_set():
                break
            before = clock.now()
            told.of(window, await caller.ask(window.request), before)
        await caller.end()

    callers = [asyncio.create_task(ask(number)) for number in range(CALLERS)]
    for _ in range(scaled(ROUNDS)):
        for step in STEPS:
            clock.step(step)
            await asyncio.sleep(0.1)
        clock.freeze()
        await asyncio.sleep(0.2)
    done.set()
    await asyncio.gather(*callers)
    return told


def test_no_token_is_good_outside_its_time_whatever_the_clock_does(
    tmp_path: Path,
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[[str], None],
) -> None:
    library = preload(parts)
    folder = a_service_folder(tmp_path)
    settings = folder.settings_file.read_text(encoding="utf-8")
    # Asking such a clock takes its time: a call is not to be refused for that.
    settings = settings.replace("limits: {", "limits: {queueTimeout: 30s, ")
    folder.settings_file.write_text(settings, encoding="utf-8")
    clock = FakeClock(tmp_path / "faketime")
    for name, value in {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(clock.file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }.items():
        monkeypatch.setenv(name, value)
    process = Process(folder)
    for name in ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE"):
        monkeypatch.delenv(name)
    try:
        tokens = windows(folder)
        told = asyncio.run(asked(process, tokens, clock))
        metrics = process.manage("/metrics").text
    finally:
        os.kill(process.process.pid, signal.SIGTERM)
        assert process.end() == 0
    records = [json.loads(line) for line in folder.log_file.read_text().splitlines()]
    reasons = {record["reason"] for record in records}
    days = {record["time"][:10] for record in records}
    assert told.wrong == []
    assert reasons == {"permitted", "token-expired", "token-not-yet-valid"}
    # Otherwise the clock of the service was never another.
    assert len(days) >= 3
    assert told.found["permitted"] > 0
    assert told.found["denied"] > 0
    assert "deemster_faults_total 0.0" in metrics
    figure(
        f"{scaled(ROUNDS) * (len(STEPS) + 1)} steps of the clock, {len(tokens)} tokens: "
        f"{dict(told.found)}, wrong {len(told.wrong)}"
    )
