"""Whatever is forgotten in HAProxy's configuration, or fails in its script, opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import Stand, standing
from tests.e2e.gateways.wire import Call
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HAPROXY = GATEWAYS["haproxy"]
HEALTH = Call(target=b"/health", fields=((b"Connection", b"close"),))


def without(line: str) -> dict[str, str]:
    return {line: f"# {line}"}


HARMLESS = without("default_backend refused")
FORGOTTEN = [
    pytest.param(without("http-request lua.deemster"), id="to ask"),
    pytest.param(without("use_backend api if"), id="to choose the backend"),
    pytest.param(HARMLESS, id="the default backend"),
    pytest.param({"local COPIED = {": "local COPIES = {"}, id="a name in the script"),
    pytest.param(
        {
            'register_action("deemster", { "http-req" }, function(txn)': (
                'register_action("deemster", { "http-req" }, function(txn) error("broken")'
            )
        },
        id="an error in the script",
    ),
    pytest.param(
        {"local function question(txn)": ("local function question(txn) while true do end")},
        id="a script without end",
    ),
    pytest.param({"/forward-auth/haproxy": "/live"}, id="the path"),
    pytest.param({"/forward-auth/haproxy": "/forward-auth/nginx"}, id="the profile"),
    pytest.param({"[SECRET_HEADER] = { SECRET }": "[SECRET_HEADER] = {}"}, id="the secret"),
    pytest.param({"server deemster1": "# server deemster1"}, id="the decision point"),
]


@pytest.mark.parametrize("swaps", FORGOTTEN)
def test_what_is_forgotten_opens_nothing(
    parts: Parts, tmp_path: Path, swaps: dict[str, str]
) -> None:
    with standing(HAPROXY, parts, tmp_path, swaps=swaps, opens=False) as stand:
        assert passes(stand) == (swaps == HARMLESS)


def passes(stand: Stand) -> bool:
    """Whether a call that policy permits to everybody reached the upstream; nothing else may."""
    assert stand.ask(Call(target=b"/admin/users")).arrivals == []
    seen = stand.ask(HEALTH)
    assert (seen.answer.status == 200) is bool(seen.arrivals)
    return bool(seen.arrivals)
