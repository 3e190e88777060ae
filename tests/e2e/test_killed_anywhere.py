"""Killed at any point of a reload, of keeping a bundle, of writing the log: it boots, whole."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from deemster.bundles.verifying import open_bundle
from tests.support.bundles import pinned
from tests.support.policy_bundles import an_orders_bundle, bundled_service_folder
from tests.support.processes import PATIENCE, Process
from tests.support.raw_calls import Answer, Caller, a_post, percentile
from tests.support.scale import scaled, seed
from tests.support.service import SECRET, ServiceFolder, a_call

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILLS = 100
CALLERS = 4
GROUPS = ("sales", "gates")


class Releases:
    """New bundles, one after the other, each put into place in one step; and who they permit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sequence = 0
        self.permits = {
            open_bundle(an_orders_bundle(group), keys=pinned()).manifest.revision: group == "sales"
            for group in GROUPS
        }

    def release(self) -> None:
        self.sequence += 1
        octets = an_orders_bundle(GROUPS[self.sequence % 2], sequence=self.sequence)
        (self._folder / "next.bundle").write_bytes(octets)
        (self._folder / "next.bundle").replace(self.file)

    @property
    def file(self) -> Path:
        return self._folder / "orders.bundle"


class Rounds:
    """What was seen over all lives of the service."""

    def __init__(self, releases: Releases) -> None:
        self.found: Counter[str] = Counter()
        self.acknowledged: set[str] = set()
        self.boots: list[float] = []
        self.wrong: list[str] = []
        self._releases = releases

    def heard(self, answer: Answer) -> None:
        """One answer is right by the revision that it names, and is on record."""
        revision = answer.headers.get("x-policy-revision", "")
        permits = self._releases.permits.get(revision)
        right = permits is answer.permits
        self.found["right" if right else "wrong"] += 1
        if not right and len(self.wrong) < 5:
            self.wrong.append(f"{answer.body[-160:].decode()} ({revision})")
        self.acknowledged.add(answer.headers["x-decision-id"])


def one_life(
    folder: ServiceFolder, releases: Releases, rounds: Rounds, drawn: random.Random
) -> None:
    """Start, release and ask on and on, and kill it some time within."""
    began = time.monotonic()
    service = Process(folder)
    rounds.boots.append(time.monotonic() - began)
    ready = service.manage("/ready").json()
    assert ready["revision"] in releases.permits
    assert ready["policies"]["sequence"] <= releases.sequence
    ending = threading.Event()
    asking = threading.Thread(target=ask, args=(service, folder, rounds, ending))
    asking.start()
    # By the clock and not by events: any instruction may be the last one.
    dies = time.monotonic() + drawn.uniform(0.0, 0.5)
    while time.monotonic() < dies:
        releases.release()
        service.signal(signal.SIGHUP)
        time.sleep(max(0.0, min(drawn.uniform(0.0, 0.02), dies - time.monotonic())))
    # The last one amid what follows of a release, which takes some milliseconds.
    releases.release()
    service.signal(signal.SIGHUP)
    time.sleep(drawn.uniform(0.0, 0.01))
    service.signal(signal.SIGKILL)
    service.process.wait(PATIENCE)
    ending.set()
    asking.join(PATIENCE)
    service._reader.join(PATIENCE)
    assert service.process.stderr is not None
    service.process.stderr.close()
    assert service.other_lines == []
    rounds.found["killed within a write"] += any((folder.path / "kept").glob(".writing-*"))


def ask(service: Process, folder: ServiceFolder, rounds: Rounds, ending: threading.Event) -> None:
    """Until it is killed, which is no error."""
    request = a_post("/sideband/request", a_call(folder.token()), {"client-token": SECRET})

    async def on_and_on() -> None:
        caller = Caller(service.decisions)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while not ending.is_set():
                rounds.heard(await caller.ask(request))
        await caller.end()

    async def together() -> None:
        await asyncio.gather(*[on_and_on() for _ in range(CALLERS)])

    asyncio.run(together())


def recorded(log: Path) -> tuple[set[str], int]:
    """Ids on whole lines, and how many lines are not whole."""
    ids, torn = set(), 0
    for line in log.read_bytes().split(b"\n")[:-1]:
        try:
            ids.add(json.loads(line)["decision_id"])
        except ValueError:
            torn += 1
    return ids, torn


@pytest.mark.catalogue("R2", "L3")
@pytest.mark.parametrize(("workers", "kills"), [(1, KILLS), (2, KILLS // 5)])
def test_it_boots_on_a_whole_revision_and_no_acknowledged_record_is_lost(
    tmp_path: Path, workers: int, kills: int, figure: Callable[[str], None]
) -> None:
    folder = bundled_service_folder(tmp_path, "file: orders.bundle", poll="3600s", maximumAge="1d")
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("whenFull: drop", "whenFull: block")
    text = text.replace("decisions: {bind", f"decisions: {{workers: {workers}, bind")
    folder.settings_file.write_text(text, encoding="utf-8")
    releases = Releases(tmp_path)
    releases.release()
    rounds = Rounds(releases)
    drawn = random.Random(seed())
    alone = 0
    for number in range(scaled(kills)):
        # Every other time nobody has the source: only what was kept can serve.
        away = number > 0 and number % 2 == 0
        if away:
            alone += 1
            releases.file.unlink()
        one_life(folder, releases, rounds, drawn)
    ids, torn = recorded(folder.log_file)
    lost = rounds.acknowledged - ids
    figure(
        f"{workers} worker(s), {len(rounds.boots)} kills ({alone} boots without the source, "
        f"{rounds.found['killed within a write']} kills within a write, {releases.sequence} "
        f"releases): {rounds.found['right']} answers right, {rounds.found['wrong']} wrong; "
        f"{len(rounds.acknowledged)} acknowledged, {len(lost)} lost, {torn} torn lines; boot "
        f"median {percentile(rounds.boots, 0.5):.2f} s, longest {max(rounds.boots):.2f} s"
    )
    assert rounds.wrong == []
    assert rounds.found["right"] > 0
    assert not lost
    assert max(rounds.boots) < PATIENCE
