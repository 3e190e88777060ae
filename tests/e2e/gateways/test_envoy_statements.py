"""What statements change reaches the upstream through the real Envoy, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.outages import running
from tests.e2e.gateways.stand import Stand, standing
from tests.e2e.gateways.wire import Call
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MORE = """\
  - id: changed
    match: {methods: [GET], path: /changed/**}
    allow: public
    attach: [fields, query]
statements:
  fields:
    code: modify-headers
    appliesTo: permit
    obligatory: true
    payload: {X-Tenant: acme, x-lists: [a, b], X-Debug: null}
  query:
    code: modify-query
    appliesTo: permit
    obligatory: true
    payload: {page: "1", debug: null}
"""
CALL = Call(
    target=b"/changed/a%20b?%70age=7&debug=1&x=%20",
    fields=(
        (b"X-Tenant", b"root"),
        (b"X-Tenant", b"admin"),
        (b"X-Lists", b"c"),
        (b"X-Debug", b"1"),
        (b"X-Kept", b"1"),
        (b"Connection", b"close"),
    ),
)


def with_statements(stand: Stand, folder: Path) -> None:
    tree = folder / "policies" / "api.yaml"
    tree.write_text(tree.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    running(stand).kill()
    stand.point.start()
    stand.wait_until_open()


def test_over_grpc_statements_set_join_remove_and_change_the_query(
    parts: Parts, tmp_path: Path
) -> None:
    with standing(GATEWAYS["envoy-grpc"], parts, tmp_path) as stand:
        with_statements(stand, tmp_path)
        (arrival,) = stand.ask(CALL).arrivals
    assert arrival.target == b"/changed/a%20b?x=%20&page=1"
    told = {name: arrival.values(name) for name in ("x-tenant", "x-lists", "x-debug", "x-kept")}
    assert told == {
        "x-tenant": [b"acme"],
        "x-lists": [b"a, b"],
        "x-debug": [],
        "x-kept": [b"1"],
    }


def test_over_http_what_cannot_be_changed_is_denied(parts: Parts, tmp_path: Path) -> None:
    with standing(GATEWAYS["envoy-http"], parts, tmp_path) as stand:
        with_statements(stand, tmp_path)
        seen = stand.ask(CALL)
    assert list(seen.arrivals) == []
    assert (seen.answer.status, b"statement-not-possible" in seen.answer.body) == (403, True)
