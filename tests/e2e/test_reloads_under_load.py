"""Fifty reloads a second under load: each answer is of one revision, and none is an error."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from deemster.policy.loading import load_tree
from tests.support.processes import Process, running, until
from tests.support.raw_calls import Answer, Caller, a_post, percentile
from tests.support.scale import scaled
from tests.support.service import ORDERS, SECRET, ServiceFolder, a_call, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

USERS = 20
CALLERS = 8
RELOADS_A_SECOND = 50
SECONDS = 60
"""What `make evidence` runs; `make test` a tenth."""


class Trees:
    """Two trees in turn: one permits the odd users only, the other the even ones."""

    def __init__(self, folder: ServiceFolder) -> None:
        self._file = folder.path / "policies" / "orders.yaml"
        self._next = folder.path / "next.yaml"
        self.permits: dict[str, str] = {}
        """Revision ► the group that it permits."""
        for group in ("odd", "even"):
            self.swap(group)
            self.permits[load_tree([self._file.parent]).snapshot.revision] = group

    def swap(self, group: str) -> None:
        """In one step, as a deployment would."""
        self._next.write_text(ORDERS.replace("GROUP", group), encoding="utf-8")
        self._next.replace(self._file)


class Heard:
    """Answers of one user's calls, held against the revision that they name."""

    def __init__(self, trees: Trees) -> None:
        self.found: Counter[str] = Counter()
        self.revisions: Counter[str] = Counter()
        self.seconds: list[float] = []
        self._trees = trees

    def of(self, group: str) -> Callable[[Answer], None]:
        """For the calls of a user in `group`."""

        def heard(answer: Answer) -> None:
            self.seconds.append(answer.seconds)
            revision = answer.headers.get("x-policy-revision", "")
            permitted = self._trees.permits.get(revision)
            reasoned = answer.permits or b"group-missing" in answer.body
            if answer.status != 200 or permitted is None or not reasoned:
                self.found["errors"] += 1
            else:
                self.revisions[revision] += 1
                right = answer.permits is (permitted == group)
                self.found["right" if right else "mixed"] += 1

        return heard


def odd_and_even_users(folder: ServiceFolder, workers: int) -> None:
    users = ", ".join(
        f"u{number}: {{groups: [{'odd' if number % 2 else 'even'}]}}" for number in range(USERS)
    )
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("users: {alice: {groups: [sales]}", f"users: {{{users}")
    text = text.replace("decisions: {bind", f"decisions: {{workers: {workers}, bind")
    folder.settings_file.write_text(text, encoding="utf-8")


async def under_load(
    service: Process, folder: ServiceFolder, heard: Heard, seconds: float, change: object
) -> None:
    """Callers on and on, while `change()` is awaited `RELOADS_A_SECOND` times a second."""
    asking = []
    for number in range(CALLERS):
        mine = range(number, USERS, CALLERS)
        group = "odd" if number % 2 else "even"  # CALLERS is even: all of one caller's are alike
        requests = itertools.cycle(
            [
                a_post(
                    "/sideband/request",
                    a_call(folder.token(sub=f"u{user}")),
                    {"client-token": SECRET},
                )
                for user in mine
            ]
        )
        caller = Caller(service.decisions)
        asking.append(asyncio.create_task(caller.go_on(partial(next, requests), heard.of(group))))
    ends = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < ends:
        if callable(change):
            change()
        due += 1 / RELOADS_A_SECOND
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        ended = [task for task in asking if task.done()]
        assert not ended, f"a caller was cut off: {ended[0].exception()!r}"
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def reloads_of(service: Process) -> int:
    for line in service.manage("/metrics").text.splitlines():
        if line.startswith("deemster_reloads_total") and 'result="succeeded"' in line:
            return int(float(line.rpartition(" ")[2]))
    raise AssertionError("reloads are not counted")


@pytest.mark.catalogue("R1")
@pytest.mark.parametrize("workers", [1, 2])
def test_no_answer_mixes_revisions(
    tmp_path: Path, workers: int, figure: Callable[[str], None]
) -> None:
    folder = a_service_folder(tmp_path)
    odd_and_even_users(folder, workers)
    trees = Trees(folder)
    groups = itertools.cycle(["odd", "even"])
    signals = 0
    with running(folder) as service:

        def change() -> None:
            nonlocal signals
            trees.swap(next(groups))
            os.kill(service.process.pid, signal.SIGHUP)
            signals += 1

        warm, calm, busy = Heard(trees), Heard(trees), Heard(trees)
        asyncio.run(under_load(service, folder, warm, 1.0, None))
        asyncio.run(under_load(service, folder, calm, max(2.0, scaled(SECONDS) / 4), None))
        began = time.monotonic()
        asyncio.run(under_load(service, folder, busy, scaled(SECONDS), change))
        took = time.monotonic() - began
        reloads = reloads_of(service)
        until(lambda: service.manage("/ready").json()["status"] == "ready")
    figure(
        f"{workers} worker(s), {signals} signals and {reloads} reloads in {took:.0f} s "
        f"({reloads / took:.0f}/s): {busy.found['right']} answers right, "
        f"{busy.found['mixed']} mixing revisions, {busy.found['errors']} errors; "
        f"p50 {_ms(busy, 0.5)} p99 {_ms(busy, 0.99)}, without reloads "
        f"p50 {_ms(calm, 0.5)} p99 {_ms(calm, 0.99)}"
    )
    for heard in (warm, calm, busy):
        assert (heard.found["mixed"], heard.found["errors"]) == (0, 0)
    assert busy.found["right"] > 0
    assert set(busy.revisions) == set(trees.permits)
    assert reloads > scaled(SECONDS)


def _ms(heard: Heard, share: float) -> str:
    return f"{percentile(heard.seconds, share) * 1000:.1f} ms"
