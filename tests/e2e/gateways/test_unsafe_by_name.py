"""What docs/gateways/ calls unsafe is: each of these lets through what policy refuses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.gateways.installed import GATEWAYS
from tests.e2e.gateways.stand import standing
from tests.e2e.gateways.wire import Call
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CLOSE = (b"Connection", b"close")
ADMIN = Call(target=b"/admin/users", fields=(CLOSE,))


def forged(name: bytes, value: bytes) -> Call:
    return Call(target=b"/admin/users", fields=(CLOSE, (name, value)))


INTERCEPTED = "proxy_intercept_errors on; error_page 401 403 404 502 =200 @open;"
UNSAFE = [
    pytest.param(
        "nginx",
        {"auth_request /deemster;": "auth_request /deemster; satisfy any; allow all;"},
        ADMIN,
        id="nginx: satisfy any",
    ),
    pytest.param(
        "nginx",
        {
            "proxy_next_upstream_tries 2;": INTERCEPTED,
            "location / {": "location @open { internal; return 200; } location / {",
        },
        ADMIN,
        id="nginx: an error page that answers 200",
    ),
    pytest.param(
        "nginx",
        {"X-Original-URI $request_uri": "X-Original-URI $http_x_original_uri"},
        forged(b"X-Original-URI", b"/health"),
        id="nginx: the client says the URI",
    ),
    pytest.param(
        "traefik",
        {
            "trustForwardHeader: false": "trustForwardHeader: true",
            "address: 127.0.0.1:": "forwardedHeaders: {insecure: true}\n    address: 127.0.0.1:",
        },
        forged(b"X-Forwarded-Uri", b"/health"),
        id="traefik: trustForwardHeader and forwardedHeaders.insecure",
    ),
    pytest.param(
        "caddy",
        {"copy_headers X-Auth-User": "handle_response {\n\t\t}\n\t\tcopy_headers X-Auth-User"},
        ADMIN,
        id="caddy: a handle_response for everything",
    ),
    pytest.param(
        "haproxy",
        {
            "default_backend refused": "default_backend api",
            "http-request lua.deemster": "# http-request lua.deemster",
        },
        ADMIN,
        id="haproxy: the API as the default backend, and the line forgotten",
    ),
]


@pytest.mark.catalogue("T3", "T5")
@pytest.mark.parametrize(("name", "swaps", "call"), UNSAFE)
def test_it_is_unsafe(
    parts: Parts, tmp_path: Path, name: str, swaps: Mapping[str, str], call: Call
) -> None:
    with standing(GATEWAYS[name], parts, tmp_path, swaps=swaps, opens=False) as stand:
        seen = stand.ask(call)
        # Traefik listens a little before it has its configuration.
        while seen.answer.status == 404 and name == "traefik":
            time.sleep(0.1)
            seen = stand.ask(call)
        assert [arrival.target for arrival in seen.arrivals] == [b"/admin/users"]
