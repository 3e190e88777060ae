"""Signed bundles of the small service's tree, a source that a test fills, and who hears of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from deemster.outgoing.failures import CallFailedError
from deemster.policyfeed.sources import Fetched
from tests.support.bundles import a_signed_bundle, bundle_key
from tests.support.clock import FROZEN_AT
from tests.support.service import ORDERS, ServiceFolder, a_service_folder

__all__ = [
    "ENVIRONMENT",
    "FilledSource",
    "HeardReports",
    "an_orders_bundle",
    "bundled_service_folder",
]

ENVIRONMENT = "local"
_YEAR = 365 * 86_400.0


def an_orders_bundle(
    group: str = "sales",
    *,
    sequence: int = 1,
    more: Mapping[str, str] | None = None,
    **changes: object,
) -> bytes:
    """The tree of `a_service_folder`, signed by the default key, good for ten years."""
    texts = {"orders.yaml": ORDERS.replace("GROUP", group), **(more or {})}
    arguments: dict[str, object] = {
        "environment": ENVIRONMENT,
        "sequence": sequence,
        "issued_at": FROZEN_AT - 30 * 86_400.0,
        "expires": FROZEN_AT + 10 * _YEAR,
        **changes,
    }
    files = {path: text.encode() for path, text in texts.items()}
    return a_signed_bundle(files, **arguments)  # type: ignore[arg-type]


def bundled_service_folder(path: Path, place: str, **more: str) -> ServiceFolder:
    """A service whose policies come in bundles from `place` (`url: …` or `file: …`)."""
    path.mkdir(exist_ok=True)
    folder = a_service_folder(path)
    (path / "release.json").write_text(_public_key(), encoding="utf-8")
    members = {"whenTooOld": "deny", "cache": "kept", "keys": "[release.json]", **more}
    written = ", ".join([place, *(f"{name}: {value}" for name, value in members.items())])
    text = folder.settings_file.read_text(encoding="utf-8")
    assert "policies: {path: policies}" in text
    text = text.replace("policies: {path: policies}", f"policies: {{bundle: {{{written}}}}}")
    folder.settings_file.write_text(text, encoding="utf-8")
    return folder


def _public_key() -> str:
    return json.dumps(bundle_key().pinned.public_jwk)


class FilledSource:
    """Has what a test puts there; away while `failure` is set. Satisfies BundleSource."""

    def __init__(self, octets: bytes = b"", *, tags: bool = True) -> None:
        self.octets = octets
        self.failure: str | None = None
        self.asked: list[str | None] = []
        self.headers: Mapping[str, str] = {}
        self._tags = tags

    async def fetch(self, known: str | None) -> Fetched | None:
        """See BundleSource."""
        self.asked.append(known)
        if self.failure is not None:
            raise CallFailedError(self.failure, is_outage=True)
        tag = f'"{hashlib.sha256(self.octets).hexdigest()}"' if self._tags else None
        return None if tag is not None and tag == known else Fetched(self.octets, tag)

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """See BundleSource."""
        self.headers = headers

    async def close(self) -> None:
        """See BundleSource."""


class HeardReports:
    """Satisfies FeedReports."""

    def __init__(self) -> None:
        self.polls: list[str] = []
        self.source: list[str | None] = []
        self.damaged: list[str] = []
        self.started: list[tuple[int, float]] = []
        self.unkept: list[str] = []

    def polled(self, outcome: str) -> None:
        """See FeedReports."""
        self.polls.append(outcome)

    def source_changed(self, failure: str | None) -> None:
        """See FeedReports."""
        self.source.append(failure)

    def last_known_good_damaged(self, text: str) -> None:
        """See FeedReports."""
        self.damaged.append(text)

    def started_from_last_known_good(self, sequence: int, age: float) -> None:
        """See FeedReports."""
        self.started.append((sequence, age))

    def not_kept(self, text: str) -> None:
        """See FeedReports."""
        self.unkept.append(text)
