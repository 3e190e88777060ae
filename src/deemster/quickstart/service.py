"""`deemster serve` as a child process, and the two things that the quickstart asks of it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from deemster.quickstart.workplace import Workplace

__all__ = ["ServiceNotStartedError", "ServiceProcess", "records_of", "running_service"]

_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.05


class ServiceNotStartedError(Exception):
    """The message is what the service said."""


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """Where the service listens, `host:port`, as its own log says."""

    decisions: str
    management: str
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def running_service(place: Workplace) -> Iterator[ServiceProcess]:
    """As an operator runs it, its service log beside its settings.

    Raises ServiceNotStartedError. Whatever happens inside, the service is ended.
    """
    command = [sys.executable, "-m", "deemster", "serve", "--config", str(place.settings)]
    with place.service_log.open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    try:
        yield _started(place.service_log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def records_of(decision_log: Path, wanted: Set[str]) -> dict[str, Mapping[str, object]]:
    """Decision records by id. The log is written in batches, so they may take a moment."""
    found: dict[str, Mapping[str, object]] = {}
    for _ in _looks():
        found = {record["decision_id"]: record for record in _json_lines(decision_log)}
        if wanted <= found.keys():
            break
    return found


def _started(service_log: Path, process: subprocess.Popen[bytes]) -> ServiceProcess:
    for _ in _looks():
        ended = process.poll() is not None
        for event in _json_lines(service_log):
            if event.get("event") == "service_started":
                return ServiceProcess(str(event["decisions"]), str(event["management"]), process)
        if ended:
            break
    raise ServiceNotStartedError(_said_to_people(service_log))


def _said_to_people(service_log: Path) -> str:
    """What is no event: diagnostics of settings and policies, and why it could not listen."""
    text = service_log.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("{")]
    said = "\n".join(lines).strip() or text
    if "cannot listen on" in said:
        said += "\nhelp: choose another address, e.g. "
        said += "DEEMSTER_LISTENERS__DECISIONS__BIND=127.0.0.1:8081 make run"
    return said


def _looks() -> Iterator[None]:
    for _ in range(int(_PATIENCE_SECONDS / _LOOK_SECONDS)):
        yield
        time.sleep(_LOOK_SECONDS)


def _json_lines(file: Path) -> Iterator[dict[str, str]]:
    # The last line may be half written yet; what is said before the log opens is no JSON.
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)
