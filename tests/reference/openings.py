"""Section 11 by brute force: what occurs in a canonical path, and what may be opened."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.reference.shape import Bug

__all__ = ["OPENINGS", "is_refused", "occurring"]

OPENINGS = {
    "encodedSlash": "data",
    "doubleEncoding": "data",
    "emptySegments": "keep",
    "semicolon": "data",
}
"""What can be opened ► the word that opens it."""

MOST_DECODINGS = 8


def occurring(path: str) -> frozenset[str]:
    """Which of the openable things a canonical path has."""
    found = {
        "encodedSlash": "%2F" in path,
        "doubleEncoding": re.search("%25[0-9A-Fa-f]{2}", path) is not None,
        "emptySegments": "" in path.split("/")[1:-1],
        "semicolon": ";" in path or "%3B" in path,
    }
    return frozenset(name for name, occurs in found.items() if occurs)


def is_refused(path: str, opened: frozenset[str], bug: str | None = None) -> bool:
    """Whether two parties could read it differently, given what is opened."""
    if is_never_opened(path) or not occurring(path) <= opened:
        return True
    if bug == Bug.DECODED_ONCE_MORE:
        return False
    for _ in range(MOST_DECODINGS + 1):
        again = re.sub("%25([0-9A-Fa-f]{2})", r"%\1", path)
        if again == path:
            return False
        path = re.sub("%([0-9A-Fa-f]{2})", plain, again)
        if is_never_opened(path):
            return True
    return True


def plain(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    is_unreserved = character.isascii() and (character.isalnum() or character in "-._~")
    return character if is_unreserved else escape[0].upper()


def is_never_opened(path: str) -> bool:
    """Broken escapes, backslashes, control characters, bad UTF-8, and dot segments.

    A slash that is encoded and a path parameter end a dot segment too: some readers decode
    before they split, some cut off what follows a `;`.
    """
    pieces = re.split("/|%2F", path)
    return (
        re.search(r"%(?![0-9A-F]{2})", path) is not None
        or re.search(r"\\|%5C|%[01][0-9A-F]|%7F|%C2%[89][0-9A-F]|[\x00-\x1f\x7f]", path) is not None
        or any(re.split(";|%3B", piece)[0] in (".", "..") for piece in pieces)
        or not is_utf8(path)
    )


def is_utf8(path: str) -> bool:
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        return False
    return True
