"""`examples/replay/` as a running service: two trees, and calls that they decide otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.service import SECRET, ServiceFolder

__all__ = ["CALLS", "EXAMPLE", "a_replay_folder", "body_of"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "replay"
BASE = "https://api.example.com/orders"
CALLS: tuple[tuple[str, str, str, str, str], ...] = tuple(
    (method, url, sub, scope, tier)
    for method, url in (
        ("GET", ""),
        ("GET", "?state=open"),
        ("GET", "/export"),
        ("DELETE", "/items/7"),
        ("POST", "/items/7/notes"),
        ("GET", "/health"),
        ("GET", "/nothing"),
    )
    for sub in ("alice", "bob", "carol", "mallory", "nobody")
    for scope in ("orders.read", "orders.read orders.write", "orders.cancel", "")
    for tier in ("basic", "gold")
)
"""(method, path and query, subject, scope, tier): each is a kind of call."""


def a_replay_folder(path: Path, *, tree: str = "policies") -> ServiceFolder:
    """The example in a folder of its own, deciding by one of its trees."""
    shutil.copytree(EXAMPLE / tree, path / "policies")
    shutil.copy(EXAMPLE / "deemster.yaml", path)
    folder = ServiceFolder(path)
    folder.change_secret(SECRET)
    return folder


def body_of(folder: ServiceFolder, call: tuple[str, str, str, str, str]) -> dict[str, object]:
    """The sideband body of one kind of call."""
    method, url, sub, scope, tier = call
    token = folder.token(sub=sub, scope=scope, tier=tier)
    headers = [{"host": "api.example.com"}, {"authorization": f"Bearer {token}"}]
    body: dict[str, object] = {
        "source_ip": "192.0.2.7",
        "source_port": "4711",
        "method": method,
        "url": BASE + url,
        "http_version": "1.1",
        "headers": [*headers, {"x-channel": "web"}, {"cookie": "session=CANARY"}],
    }
    if method == "POST":
        body["body"] = '{"length": 7}'
        body["headers"] = [*headers, {"content-type": "application/json"}, {"content-length": "13"}]
    return body
