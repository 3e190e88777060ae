"""`deemster replay` on the log of a running service finds what a service with the new tree says."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import running
from tests.support.raw_calls import Caller, a_post
from tests.support.replay_example import CALLS, EXAMPLE, a_replay_folder, body_of
from tests.support.scale import scaled, seed
from tests.support.service import SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RECORDS = 100_000
"""What `make evidence` runs; `make test` a tenth."""
CALLERS = 8


def replay(*arguments: object) -> tuple[int, str, str]:
    """Its exit status and what it said, in a process that may not open a connection."""
    program = (
        "import socket, sys\n"
        "def refused(*_, **__): raise AssertionError('replaying asks nobody')\n"
        "socket.socket.connect = refused\n"
        "socket.getaddrinfo = refused\n"
        "from deemster.cli.main import app\n"
        "app(sys.argv[1:])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "replay", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


def asked(requests: list[bytes], address: tuple[str, int]) -> None:
    """Each request once, over several connections."""

    async def some(start: int) -> None:
        caller = Caller(address)
        for request in requests[start::CALLERS]:
            assert (await caller.ask(request)).status == 200
        await caller.end()

    async def all_of_them() -> None:
        await asyncio.gather(*[some(start) for start in range(CALLERS)])

    asyncio.run(all_of_them())


def operation(record: dict[str, object]) -> str:
    return f"{record['api_service']}/{record['operation'] or 'no operation'}"


def test_a_log_is_decided_again_as_a_service_with_the_new_tree_decides(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    draw = random.Random(seed())
    drawn = [draw.randrange(len(CALLS)) for _ in range(scaled(RECORDS))]
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = a_replay_folder(tmp_path / "old")
    with running(old) as process:
        wire = [
            a_post("/sideband/request", body_of(old, c), {"client-token": SECRET}) for c in CALLS
        ]
        asked(wire, process.decisions)
        before = [json.loads(line) for line in old.log_file.read_text().splitlines()]
        asked([wire[number] for number in drawn], process.decisions)
    new = a_replay_folder(tmp_path / "new", tree="next")
    with running(new) as process:
        wire = [
            a_post("/sideband/request", body_of(new, c), {"client-token": SECRET}) for c in CALLS
        ]
        asked(wire, process.decisions)
    after = {key(one): one for one in map(json.loads, new.log_file.read_text().splitlines())}

    code, told, errors = replay(
        old.log_file, "--policies", EXAMPLE / "policies", "--config", old.settings_file
    )
    assert (code, errors) == (0, ""), told
    assert "0 changed" in told

    code, told, errors = replay(
        old.log_file,
        *("--policies", EXAMPLE / "next", "--format", "json"),
        *("--junit", tmp_path / "junit.xml"),
    )
    assert (code, errors) == (1, ""), told
    found = json.loads(told)
    expected: Counter[tuple[str, ...]] = Counter()
    left = 0
    log = [json.loads(line) for line in old.log_file.read_text().splitlines()]
    assert len(log) == len(before) + len(drawn)
    for record in log:
        now = after[key(record)]
        if record["method"] == "POST" and record["token"]["claims"] != "none":
            # The new tree reads the body, unless the token or the user is refused before.
            left += 1
        elif record["reason"] != now["reason"]:
            expected[(operation(record), record["reason"], now["reason"])] += 1
    groups = {
        (one["then"]["operation"], one["then"]["reason"], one["now"]["reason"]): one["records"]
        for one in found["groups"]
    }
    unknown = found["notReplayable"]
    assert groups == dict(expected)
    assert found["widened"] > 0
    assert found["narrowed"] > 0
    assert found["decided"] + sum(unknown.values()) == len(log)
    assert sum(unknown.values()) <= left
    assert set(unknown) == {"not recorded: the body, which is never recorded"}
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]  # noqa: S314 - we wrote it
    assert suite.attrib["failures"] == str(len({one for one, *_ in groups}))
    code, told, _ = replay(old.log_file, "--policies", EXAMPLE / "next")
    figure(f"{len(log)} records replayed:\n{told}")


def key(record: dict[str, object]) -> tuple[object, ...]:
    """What kind of call a record is of."""
    replayed = record["replay"]
    assert isinstance(replayed, dict)
    token = replayed.get("token") or {}
    claims = token.get("claims", {})
    return (
        record["method"],
        record["url"],
        record["subject"],
        tuple(token.get("scopes", ())),
        claims.get("tier"),
    )
