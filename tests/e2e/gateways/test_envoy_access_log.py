"""What the page for Envoy says of its access log: the decision's id and reason stand in it."""

from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path

import pytest

from tests.e2e.gateways.cases import ALLOWED, Case, Due
from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import Stand, standing
from tests.e2e.gateways.wire import Call
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PAGE = Path(__file__).parents[3] / "docs" / "gateways" / "envoy.md"
DENIED = Case("denied", Due.REFUSED, Call(target=b"/admin/users"))
PLACE = "                stat_prefix: api\n"


def test_decision_id_and_reason_stand_in_the_access_log(parts: Parts, tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(access_log:.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    swaps = {PLACE: PLACE + textwrap.indent(blocks[0], " " * 16)}
    with standing(GATEWAYS["envoy-grpc"], parts, tmp_path, swaps=swaps) as stand:
        stand.ask(stand.call_of(ALLOWED))
        stand.ask(stand.call_of(DENIED))
        ends = time.monotonic() + 15
        # Both logs are written behind the calls, Envoy's every ten seconds.
        log = tmp_path / "envoy-grpc.log"
        while not decided(stand) <= set(re.findall(r"([0-9a-f]{32}) ([a-z-]+)$", said(log), re.M)):
            assert time.monotonic() < ends, said(log)
            time.sleep(0.2)


def decided(stand: Stand) -> set[tuple[object, object]]:
    """(decision id, reason) of the last two decisions; something else until they are there."""
    last = stand.point.records()[-2:]
    found = {(record["decision_id"], record["reason"]) for record in last}
    is_there = {reason for _, reason in found} == {"permitted", "group-missing"}
    return found if is_there else {(None, None)}


def said(log: Path) -> str:
    return log.read_text(encoding="utf-8")
