"""Case folded for ASCII letters alone, as CEL's `lowerAscii`.

Unicode's own rules make `k` of the Kelvin sign and `ss` of `ß`: a text that nobody checked would
match, which the upstream takes for another one.
"""

from __future__ import annotations

__all__ = ["ascii_lower"]


def ascii_lower(text: str) -> str:
    """`A` to `Z` in lower case, everything else as it is."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
