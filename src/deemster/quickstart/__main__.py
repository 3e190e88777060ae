"""`python -m deemster.quickstart [--once]`."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from deemster.model.clock import SystemClock
from deemster.quickstart.rehearsal import REHEARSAL, Part, sideband_body
from deemster.quickstart.table import Row, as_expected, render_table
from deemster.quickstart.workplace import Workplace, prepare_workplace

__all__ = ["main"]

_FOLDER = Path(".run")
_POLICIES = Path("policies")
_PATIENCE_SECONDS = 20.0


def main() -> int:
    """0 if every call was answered as it should be."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the table; free ports")
    once: bool = parser.parse_args().once
    place = prepare_workplace(_FOLDER, _POLICIES, fixed_ports=not once)
    with _service(place) as process:
        addresses = _addresses(place.service_log, process)
        rows = _rehearse(place, addresses["decisions"])
        print(render_table(rows))
        good = as_expected(rows)
        print(f"\n{len(rows)} calls, {'all' if good else 'NOT all'} answered as expected")
        if not once and good:
            _stay(place, addresses, process)
    return 0 if good else 1


@contextlib.contextmanager
def _service(place: Workplace) -> Iterator[subprocess.Popen[bytes]]:
    """`deemster serve` as an operator runs it, its service log beside its settings."""
    command = [sys.executable, "-m", "deemster", "serve", "--config", str(place.settings)]
    with place.service_log.open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=_PATIENCE_SECONDS)


def _addresses(service_log: Path, process: subprocess.Popen[bytes]) -> Mapping[str, str]:
    """Where the service listens, as its own log says."""
    waited = 0.0
    while waited < _PATIENCE_SECONDS and process.poll() is None:
        for line in service_log.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                event = json.loads(line)
                if event.get("event") == "service_started":
                    return {name: str(event[name]) for name in ("decisions", "management")}
        time.sleep(0.05)
        waited += 0.05
    sys.exit(f"the service did not start:\n{service_log.read_text(encoding='utf-8')}")


def _rehearse(place: Workplace, address: str) -> list[Row]:
    now = int(SystemClock.wall())
    answers: list[tuple[Part, int, str]] = []
    with httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        for part in REHEARSAL:
            answer = client.post(
                "/sideband/request",
                json=sideband_body(part, place.key, now),
                headers={"CLIENT-TOKEN": place.secrets[part.gateway]},
            )
            answers.append((part, _status(answer), answer.headers.get("x-decision-id", "")))
    records = _records(place.decision_log, {decision_id for _, _, decision_id in answers})
    return [
        Row(part, status, records.get(decision_id, {})) for part, status, decision_id in answers
    ]


def _status(answer: httpx.Response) -> int:
    """What the client of the API is told: the deny object's status, or 200 for a permit."""
    body = answer.raise_for_status().json()
    return int(body["response"]["response_code"]) if "response" in body else answer.status_code


def _records(decision_log: Path, wanted: set[str]) -> dict[str, Mapping[str, object]]:
    """Decision records by id; the log is written in batches, so they may take a moment."""
    found: dict[str, Mapping[str, object]] = {}
    for _ in range(100):
        if decision_log.exists():
            lines = decision_log.read_text(encoding="utf-8").splitlines()
            found = {record["decision_id"]: record for record in map(json.loads, lines)}
        if wanted <= found.keys():
            break
        time.sleep(0.05)
    return found


def _stay(place: Workplace, addresses: Mapping[str, str], process: subprocess.Popen[bytes]) -> None:
    example = place.settings.with_name("try.json")
    body = sideband_body(REHEARSAL[0], place.key, int(SystemClock.wall()))
    example.write_text(json.dumps(body, indent=1), encoding="utf-8")
    secret = place.settings.with_name("kong.secret")
    print(
        f"\ndecisions on http://{addresses['decisions']}, "
        f"management on http://{addresses['management']}; Ctrl-C ends. Try:\n\n"
        f"  curl -s http://{addresses['decisions']}/sideband/request"
        f' -H "CLIENT-TOKEN: $(cat {secret})"'
        f" -H 'Content-Type: application/json' -d @{example}\n"
    )
    with contextlib.suppress(KeyboardInterrupt):
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
