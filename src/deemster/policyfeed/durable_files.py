"""Files that are there whole or not at all, also after a crash or a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["LEFT_OVER", "replace_durably", "sync_folder"]

LEFT_OVER = ".writing-"
"""How the name of a file begins that nobody has finished writing."""


def replace_durably(path: Path, octets: bytes) -> None:
    """Put `octets` at `path`, in one step. Raises OSError; then `path` is as it was.

    One writer for each path.
    """
    written = path.with_name(f"{LEFT_OVER}{path.name}")
    try:
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(octets)
            file.flush()
            # The content is on the disk before the name leads to it.
            os.fsync(descriptor)
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names that were given or taken away stay so. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
