"""The unit of systemd."""

from __future__ import annotations

import re
import subprocess

from deemster.serving.lifecycle import FINISH_SECONDS, FLUSH_SECONDS
from tests.support.deployment import (
    DEPLOY,
)
from tests.support.parts import Parts

UNIT = DEPLOY / "systemd" / "deemster.service"


def test_the_unit_is_as_systemd_wants_it_and_hardened(parts: Parts) -> None:
    analyze = parts.command("systemd-analyze")
    verify = subprocess.run(
        [analyze, "verify", "--man=no", str(UNIT)], capture_output=True, text=True, check=False
    )
    # The program is not installed where this is tested.
    told = [line for line in verify.stderr.splitlines() if "is not executable" not in line]
    assert told == []
    judged = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout


def test_the_unit_leaves_time_to_end_in_order() -> None:
    text = UNIT.read_text(encoding="utf-8")
    (seconds,) = re.findall(r"^TimeoutStopSec=([0-9]+)$", text, re.MULTILINE)
    assert int(seconds) > FINISH_SECONDS + FLUSH_SECONDS
