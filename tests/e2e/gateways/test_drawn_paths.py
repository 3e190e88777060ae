"""Paths put together at random of all that is known to confuse: no reading of any leads astray."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.e2e.gateways.assertions import assert_no_bypass, assert_no_spoof
from tests.e2e.gateways.cases import Case, Due
from tests.e2e.gateways.readings import folded_name, path_readings
from tests.e2e.gateways.stand import Stand
from tests.e2e.gateways.wire import Call
from tests.support.scale import scaled, seed

SEPARATORS = (*(b"/",) * 8, *(b"//", b"\\", b"%2f", b"%2F", b"%5c", b"%252f", b"%c0%af", b"/./"))
SEGMENTS = (
    *(b"..",) * 4,
    *(b"%2e%2e", b".%2E", b"%252e%252e", b"%c0%ae%c0%ae", b"..;", b"..;a=1", b"..%3b", b"..%00"),
    *(b"admin",) * 4,
    *(
        b"%61dmin",
        b"%2561dmin",
        b"ADMIN",
        b"admin;x",
        b"admin%00",
        b"admin%3f",
        b"admin?",
        b"admin#",
    ),
    *(b"api", b"items", b"x", b"", b".", b"%20", b"%09", b"%0a", b"%zz", b";", b"%23", b"x?"),
)


def drawn_targets(count: int) -> Iterator[bytes]:
    """Half of them begin where alice may go."""
    draw = random.Random(seed())
    for number in range(count):
        target = b"/api" if number % 2 else b""
        for _ in range(draw.randint(1, 4)):
            target += draw.choice(SEPARATORS) + draw.choice(SEGMENTS)
        yield target if target.startswith(b"/") else b"/" + target


@pytest.mark.e2e
@pytest.mark.slow
def test_no_path_leads_where_the_caller_may_not_go(stand: Stand) -> None:
    came_through = 0
    for target in drawn_targets(scaled(2000)):
        case = Case(repr(target), Due.HARMLESS, Call(target=target))
        seen = stand.ask(stand.call_of(case))
        assert_no_bypass(case, seen)
        assert_no_spoof(case, seen)
        came_through += len(seen.arrivals)
    # Else nothing was shown.
    assert came_through > 0


def test_drawn_paths_are_such_that_many_lead_astray() -> None:
    targets = list(drawn_targets(400))
    astray = [
        target
        for target in targets
        if any(path.lower().startswith(b"/admin") for path in path_readings(target))
    ]
    assert len(astray) > len(targets) / 5


@pytest.mark.parametrize(
    "target",
    [
        b"/api/%252e%252e%252fadmin",
        b"/api/..;/admin",
        b"/api/..;a=1/%61dmin",
        b"\\api\\..\\admin",
        b"//admin",
        b"/x%00/../admin",
        b"/api/%c0%ae%c0%ae/admin",
        b"/ADMIN;x",
        b"http://api.example.com/admin",
    ],
)
def test_a_reading_finds_what_some_upstream_would_find(target: bytes) -> None:
    assert any(path.startswith(b"/admin") for path in path_readings(target))


@pytest.mark.parametrize("target", [b"/api/admin", b"/api/items?/../../admin", b"/api/x..admin"])
def test_a_reading_finds_nothing_where_nothing_is(target: bytes) -> None:
    assert not any(path.startswith(b"/admin") for path in path_readings(target))


def test_aliases_of_a_header_field_have_one_name() -> None:
    names = (b"X-Auth-User", b"x_auth_user", b"X.Auth_User")
    assert {folded_name(name) for name in names} == {b"x-auth-user"}
