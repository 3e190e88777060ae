"""How large a bundle may be. The bounds of a tree are those of `policy/reading/files.py`."""

from __future__ import annotations

__all__ = [
    "MAX_BUNDLE_BYTES",
    "MAX_FILES",
    "MAX_FILE_BYTES",
    "MAX_MANIFEST_BYTES",
    "MAX_PATH_BYTES",
    "MAX_SIGNATURE_BYTES",
    "MAX_TREE_BYTES",
]

MAX_FILES = 20_000
MAX_FILE_BYTES = 1 << 20
MAX_TREE_BYTES = 128 << 20
MAX_PATH_BYTES = 240
MAX_MANIFEST_BYTES = 8 << 20
MAX_SIGNATURE_BYTES = 4096

_BLOCK = 512
MAX_BUNDLE_BYTES = (
    MAX_TREE_BYTES
    + MAX_MANIFEST_BYTES
    + MAX_SIGNATURE_BYTES
    # A header and at most a block of padding for each entry, and the two blocks of the end.
    + (MAX_FILES + 2) * 2 * _BLOCK
    + 2 * _BLOCK
)
"""More octets than this are no bundle: whoever fetches one may stop there."""
