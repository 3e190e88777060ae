"""Octets of a file that is what it looks like: regular, and no larger than it may be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from deemster.errors import ConfigurationError

__all__ = ["read_regular"]


def read_regular(path: Path, *, most: int, what: str) -> tuple[bytes, int]:
    """Content, cut after `most` + 1 octets, and mode. `what` the file is called in messages.

    Raises ConfigurationError naming it.
    """
    try:
        # A FIFO or a device would keep us waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(f"{what} `{path}` cannot be read: {error.strerror}") from None
    try:
        # What is looked at is the open file, which nobody can exchange.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{what} `{path}` is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1), mode
    except OSError as error:
        raise ConfigurationError(f"{what} `{path}` cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
