"""What forward-auth gateways are promised beyond the suite of all: everything is header fields."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.gateways.forward_auth import forward_auth_path
from deemster.gateways.forward_auth_profiles import PROFILES
from tests.support.doubles import AlwaysDeny, AlwaysPermit, FixedDecision
from tests.support.forward_auth_calls import fields_of
from tests.support.forward_auth_rules import check_forward_auth_rules
from tests.support.gateway_calls import SECRET, Desk, Exchange, post
from tests.support.scale import scaled

CAPTURES = Path(__file__).parent.parent / "golden" / "captures"
Fields = Sequence[tuple[bytes, bytes]]
every_profile = pytest.mark.parametrize("profile", PROFILES)


async def ask(desk: Desk, profile: str, fields: Fields, body: bytes = b"") -> Exchange:
    return await post(desk, body, path=forward_auth_path(profile), method="GET", headers=fields)


@every_profile
@settings(max_examples=scaled(2_000))
@given(data=st.data())
def test_garbage_in_header_fields_is_never_permitted_and_never_a_5xx(
    profile: str, data: st.DataObject
) -> None:
    fields = data.draw(fields_changed(fields_of(profile)))
    answer = anyio.run(ask, Desk(AlwaysDeny()), profile, fields)
    assert 400 <= answer.status < 500
    assert check_forward_auth_rules(profile, answer) == []
    assert SECRET.encode() not in answer.body


@every_profile
async def test_nothing_of_the_client_comes_back(profile: str) -> None:
    for point in (AlwaysPermit(), AlwaysDeny()):
        answer = await ask(Desk(point), profile, fields_of(profile, (b"x-a", b"mine")))
        told = b"\n".join([name + b": " + value for name, value in answer.headers]) + answer.body
        for sent in (b"mine", b"alice", b"invoices", b"203.0.113.7", SECRET.encode()):
            assert sent not in told


@every_profile
async def test_a_body_over_the_limit_is_refused_though_none_is_looked_at(profile: str) -> None:
    desk = Desk(AlwaysPermit())
    answer = await ask(desk, profile, fields_of(profile), b" " * (1024 * 1024 + 1))
    assert answer.status == (403 if profile == "nginx" else 413)
    assert isinstance(desk.point, FixedDecision)
    assert desk.point.asked == []


def captured() -> list[Any]:
    return [
        pytest.param(profile, case, id=f"{profile} {case['case']}")
        for profile in PROFILES
        for case in json.loads((CAPTURES / f"{profile}.json").read_text())
    ]


@pytest.mark.parametrize(("profile", "case"), captured())
async def test_what_a_gateway_asked_about_is_what_its_upstream_got(
    profile: str, case: dict[str, Any]
) -> None:
    (sent,) = case["decision_requests"]
    fields = [
        (name.lower().encode(), value.encode())
        for name, value in sent["headers"]
        if name.lower() != "client-token"
    ]
    point = AlwaysPermit()
    assert (await ask(Desk(point), profile, fields)).status == 200
    [(call, _)] = point.asked
    assert call.refusal is None
    for request in case["upstream_requests"]:
        method, target, _ = request["line"].split()
        host = {name.lower(): value for name, value in request["headers"]}["host"]
        assert (call.method, call.url) == (method, f"http://{host}{target}")
    assert (await ask(Desk(AlwaysDeny()), profile, fields)).status == 403


@st.composite
def fields_changed(draw: st.DrawFn, fields: Fields) -> list[tuple[bytes, bytes]]:
    names = [*{name for name, _ in fields}, b"x-auth-user", b"x_auth_user", b"connection", b"host"]
    # What a server lets through of a field value: no control character but a tab.
    odd = st.binary(max_size=30).map(lambda value: re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", value))
    changed = list(fields)
    for _ in range(draw(st.integers(1, 3))):
        what = draw(st.sampled_from(["leave out", "add", "replace", "cut"]))
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        if what == "add" or not changed:
            changed.insert(at, (draw(st.sampled_from(sorted(names))), draw(odd)))
        elif what == "leave out":
            del changed[at]
        elif what == "replace":
            changed[at] = (changed[at][0], draw(odd))
        else:
            name, value = changed[at]
            changed[at] = (name, value[: draw(st.integers(0, len(value)))] + draw(odd))
    return changed
