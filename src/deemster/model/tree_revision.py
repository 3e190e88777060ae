"""The name of a policy tree's content: the same for equal trees, wherever they are read from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

__all__ = ["tree_revision"]

_DIGITS = 16


def tree_revision(digests: Mapping[str, str]) -> str:
    """Made of every file's path from the tree's root and its SHA-256 in hex."""
    digest = hashlib.sha256()
    for file, content in sorted(digests.items()):
        digest.update(f"{file}\0{content}\n".encode())
    return digest.hexdigest()[:_DIGITS]
