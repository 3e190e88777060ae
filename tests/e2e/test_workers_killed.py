"""Workers are killed under load: no answer is wrong, what is refused is counted, all come back."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.e2e.test_workers import both_serve, workers_of
from tests.support.processes import PATIENCE, Process, running
from tests.support.scale import scaled, seed
from tests.support.service import SECRET, ServiceFolder, a_call, a_service_folder

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CALLERS = 4
PAUSE = 0.005
_FIELDS = {"client-token": SECRET, "content-type": "application/json"}


class Load:
    """Callers that ask what must be permitted and what must be denied, on and on."""

    def __init__(self, service: Process, folder: ServiceFolder) -> None:
        self.found: Counter[str] = Counter()
        self._address = service.decisions
        self._good = json.dumps(a_call(folder.token()))
        self._bad = json.dumps(a_call(folder.token(scope="orders.write")))
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _ask(self) -> None:
        drawn = random.Random(seed())
        while not self._ending.is_set():
            good = drawn.random() < 0.5
            # What is loaded is the service, and not the machine by its clients.
            time.sleep(PAUSE)
            # A connection of its own: the kernel chooses the worker anew.
            connection = HTTPConnection(*self._address, timeout=PATIENCE)
            try:
                connection.request(
                    "POST", "/sideband/request", self._good if good else self._bad, _FIELDS
                )
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, HTTPException):
                self.found["refused"] += 1
                continue
            finally:
                connection.close()
            permitted = answer.status == 200 and "response" not in json.loads(body)
            right = answer.status == 200 and permitted is good
            self.found["right" if right else "wrong"] += 1


def test_no_answer_is_wrong_while_workers_are_killed(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    found, back = killed(tmp_path, scaled(50))
    figure(
        f"{len(back)} workers killed: {found['right']} answers right, {found['wrong']} wrong, "
        f"{found['refused']} calls refused; back after {back[len(back) // 2]:.2f} s (median), "
        f"{back[-1]:.2f} s at most"
    )
    assert found["wrong"] == 0
    assert found["right"] > 0


def killed(tmp_path: Path, times: int) -> tuple[Counter[str], list[float]]:
    """What callers saw, and the seconds after each death until all workers served again."""
    folder = a_service_folder(tmp_path)
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("decisions: {bind", "decisions: {workers: 2, bind")
    folder.settings_file.write_text(text, encoding="utf-8")
    drawn = random.Random(seed())
    back: list[float] = []
    with running(folder) as service:
        with Load(service, folder) as load:
            for _ in range(times):
                # As long as a worker must live for its death to be news.
                time.sleep(drawn.uniform(0.2, 0.6))
                worker = drawn.choice(workers_of(service))
                os.kill(worker, signal.SIGKILL)
                began = time.monotonic()
                # One that is dead and not heard of yet is still counted, but has no process.
                while not _replaced(service, worker) or not both_serve(service):
                    assert time.monotonic() - began < PATIENCE, "it did not come back"
                    time.sleep(0.02)
                back.append(time.monotonic() - began)
        assert service.manage("/ready").json()["workers"] == {"serving": 2, "wanted": 2}
    return load.found, sorted(back)


def _replaced(service: Process, worker: int) -> bool:
    there = workers_of(service)
    return worker not in there and len(there) == 2
