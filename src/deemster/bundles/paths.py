"""Names of files in a bundle: those that a policy tree on any disk could have, and no others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from deemster.bundles.limits import MAX_PATH_BYTES

__all__ = ["clash_of", "wrong_with_path"]

_SUFFIX = ".yaml"


def wrong_with_path(path: str) -> str | None:
    """What is wrong with one path from the tree's root, as the end of a sentence; None if nothing.

    What a walk over a folder would pass over (dot files, other suffixes) is refused too: a bundle
    must decide as the folder does that it was made of.
    """
    if not path or path.startswith("/") or "\\" in path:
        return "is not a path relative to the tree"
    if not path.isprintable():
        return "has characters that cannot be shown"
    parts = path.split("/")
    if ".." in parts or "." in parts or "" in parts:
        return "leads out of the tree, or is not written plainly"
    if any(part.startswith(".") for part in parts):
        return "is hidden by a dot: such files are no part of a tree"
    if not path.endswith(_SUFFIX):
        return f"does not end in `{_SUFFIX}`"
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    return None


def clash_of(paths: Iterable[str]) -> tuple[str, str] | None:
    """Two paths that some file systems cannot hold side by side: they differ only in case or in
    how accents are composed, or one is a folder of the other.
    """
    known: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        folded = _folded(path)
        if folded in known:
            return known[folded], path
        known[folded] = path
        parts = folded.split("/")
        for length in range(1, len(parts)):
            folders.setdefault("/".join(parts[:length]), path)
    shared = min(known.keys() & folders.keys(), default=None)
    return (known[shared], folders[shared]) if shared is not None else None


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
