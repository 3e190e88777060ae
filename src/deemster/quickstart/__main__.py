"""`python -m deemster.quickstart [--once]`: the story, from an empty folder to the table."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import httpx

from deemster.model.clock import SystemClock
from deemster.quickstart.rehearsal import PERMITTED, REHEARSAL, Part, sideband_body
from deemster.quickstart.service import (
    ServiceNotStartedError,
    ServiceProcess,
    records_of,
    running_service,
)
from deemster.quickstart.table import Row, as_expected, render_table
from deemster.quickstart.workplace import Workplace, prepare_workplace

__all__ = ["main"]

_FOLDER = Path(".run")
_POLICIES = Path("policies")


def main() -> int:
    """0 if every call was answered as it should be."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the table; free ports")
    once: bool = parser.parse_args().once
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        # Apart, because a service of `make run` may be up while `--once` runs.
        folder = _FOLDER / "once" if once else _FOLDER
        return _run(prepare_workplace(folder, _POLICIES, fixed_ports=not once), once=once)
    except ServiceNotStartedError as told:
        print(f"the service did not start:\n{told}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nended")
        return 0


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    # Else this process would end and leave the service running.
    raise KeyboardInterrupt


def _run(place: Workplace, *, once: bool) -> int:
    with running_service(place) as service:
        rows = _rehearse(place, service.decisions)
        print(render_table(rows))
        good = as_expected(rows)
        print(f"\n{len(rows)} calls, {'all' if good else 'NOT all'} answered as expected")
        if once or not good:
            return 0 if good else 1
        print(_what_to_try(place, service), flush=True)
        ended = service.process.wait()
    print(f"the service ended with status {ended}; its log is {place.service_log}", file=sys.stderr)
    return 1


def _rehearse(place: Workplace, address: str) -> list[Row]:
    now = int(SystemClock.wall())
    answers: list[tuple[Part, httpx.Response]] = []
    with httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        for part in REHEARSAL:
            answer = client.post(
                "/sideband/request",
                json=sideband_body(part, place.key, now),
                headers={"CLIENT-TOKEN": place.secrets[part.gateway]},
            )
            answers.append((part, answer.raise_for_status()))
    ids = [answer.headers["x-decision-id"] for _, answer in answers]
    records = records_of(place.decision_log, set(ids))
    return [
        Row(part, *_told(answer.json()), records.get(decision_id, {}))
        for (part, answer), decision_id in zip(answers, ids, strict=True)
    ]


def _told(body: dict[str, dict[str, object]]) -> tuple[int, bool]:
    """What the client of the API is told: a status, and whether to authenticate again."""
    deny = body.get("response")
    if deny is None:
        return PERMITTED, False
    return int(str(deny["response_code"])), "insufficient_user_authentication" in str(deny)


def _what_to_try(place: Workplace, service: ServiceProcess) -> str:
    call = place.settings.with_name("call.json")
    body = sideband_body(REHEARSAL[0], place.key, int(SystemClock.wall()))
    call.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    return f"""
decisions on http://{service.decisions}, management on http://{service.management},
settings and logs in {_FOLDER}/. Ctrl-C ends. Try (its token is good for an hour):

  curl -s http://{service.decisions}/sideband/request \\
    -H "CLIENT-TOKEN: $(cat {place.secret_files["kong"]})" \\
    -H "Content-Type: application/json" -d @{call}
"""


if __name__ == "__main__":
    sys.exit(main())
