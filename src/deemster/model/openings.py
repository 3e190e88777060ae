"""Which paths may be judged: what a service or an operation opened, and what nobody can open.

Source: policy-language section 11. Whoever opens `doubleEncoding` says that the upstream decodes
once. Should it decode again all the same, then no dot segment, backslash or NUL may turn up.
"""

from __future__ import annotations

import re

from deemster.model.urls import CanonicalUrl, PathFeature, canonical_url

__all__ = ["is_unambiguous"]

DECODINGS = 8
"""How often an opened path is decoded again to see what turns up; more layers are refused."""

_ENCODED_PERCENT = re.compile(r"%25(?=[0-9A-Fa-f]{2})")


def is_unambiguous(url: CanonicalUrl, opened: frozenset[PathFeature]) -> bool:
    """Whether all parties read the path alike, where the upstream agrees on what is `opened`."""
    if url.refused is not None:
        return False
    if not url.openable:
        return True
    if not url.openable <= opened:
        return False
    return PathFeature.DOUBLE_ENCODING not in url.openable or not _hides_what_is_never_opened(url)


def _hides_what_is_never_opened(url: CanonicalUrl) -> bool:
    for _ in range(DECODINGS + 1):
        again = _ENCODED_PERCENT.sub("%", url.path)
        if again == url.path:
            return False
        url = canonical_url(url.origin + again)
        if url.refused is not None:
            return True
    return True
