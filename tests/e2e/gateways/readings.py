"""All that an upstream may take a request for: the yardstick of "no bypass" and "no spoof".

An upstream may decode once or more, drop `;parameters`, fold backslashes, merge slashes, resolve
dots, stop at NUL, ignore case, in any order (facts/gateways.md 3). What it may take for an identity
header is as wide: underscores and dots are folded to hyphens (facts/gateways.md 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote_to_bytes

__all__ = ["folded_name", "path_readings"]

LIMIT = 20_000
"""Readings of one target: far more than any that a test sends has."""


def path_readings(target: bytes) -> set[bytes]:
    """Every path that some upstream may see in a request target.

    Where the query begins is the one thing that all agree on: at the first `?`. An encoded one may
    be taken for it or not.
    """
    path = target.partition(b"?")[0]
    seen = {path}
    waiting = [path]
    while waiting:
        text = waiting.pop()
        for step in STEPS:
            other = step(text)
            if other not in seen:
                seen.add(other)
                waiting.append(other)
        assert len(seen) < LIMIT, "a target with too many readings"
    return seen


def folded_name(name: bytes) -> bytes:
    """A header field's name as CGI, WSGI and their like may fold it."""
    return re.sub(rb"[^a-z0-9]", b"-", name.strip().lower())


def _without_authority(text: bytes) -> bytes:
    return re.sub(rb"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", b"", text) or b"/"


def _without_query(text: bytes) -> bytes:
    return text.partition(b"?")[0]


def _without_fragment(text: bytes) -> bytes:
    return text.partition(b"#")[0]


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text)


def _overlong_folded(text: bytes) -> bytes:
    return text.replace(b"\xc0\xae", b".").replace(b"\xc0\xaf", b"/")


def _backslashes_folded(text: bytes) -> bytes:
    return text.replace(b"\\", b"/")


def _without_parameters(text: bytes) -> bytes:
    return re.sub(rb";[^/]*", b"", text)


def _slashes_merged(text: bytes) -> bytes:
    return re.sub(rb"/{2,}", b"/", text)


def _dots_resolved(text: bytes) -> bytes:
    kept: list[bytes] = []
    for segment in text.split(b"/")[1:]:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    return b"/" + b"/".join(kept)


def _cut_at_nul(text: bytes) -> bytes:
    return text.partition(b"\0")[0]


def _without_control_characters(text: bytes) -> bytes:
    return re.sub(rb"[\0-\x1f]", b"", text)


def _lower(text: bytes) -> bytes:
    return text.lower()


STEPS: Iterable[Callable[[bytes], bytes]] = (
    _without_authority,
    _without_query,
    _without_fragment,
    _decoded,
    _overlong_folded,
    _backslashes_folded,
    _without_parameters,
    _slashes_merged,
    _dots_resolved,
    _cut_at_nul,
    _without_control_characters,
    _lower,
)
