"""Settings read again, where any file that they came from may have changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deemster.model.clock import Clock
from deemster.settings.loading import load_settings
from deemster.settings.model import Settings

__all__ = ["SettingsOnDisk"]

SETTLED_SECONDS = 1.0
"""A file that was written so lately may be written once more without its times telling."""

_Seen = tuple[tuple[Path, int, int, int, int], ...]


class SettingsOnDisk:
    """`read` is `load_settings`, which parses nothing while every file is the one it was.

    A service is told to reload more often than its settings change. Environment variables of a
    process do not change.
    """

    def __init__(self, path: Path, environ: Mapping[str, str], clock: Clock) -> None:
        self._path = path
        self._environ = environ
        self._clock = clock
        self._settings: Settings | None = None
        self._seen: _Seen | None = None

    def read(self) -> Settings:
        """The settings as they are now. Raises as `load_settings`."""
        known = self._settings
        if known is None or self._seen is None or _seen(known.files) != self._seen:
            known = self._settings = None
            known = load_settings(self._path, self._environ)
            self._settings, self._seen = known, self._settled(known.files)
        return known

    def _settled(self, files: tuple[Path, ...]) -> _Seen | None:
        seen = _seen(files)
        newest = max((at for _, *_, at in seen or ()), default=0)
        return None if newest > (self._clock.wall() - SETTLED_SECONDS) * 1e9 else seen


def _seen(files: tuple[Path, ...]) -> _Seen | None:
    """What tells one writing of a file from another; None where one is not there."""
    try:
        stats = [(file, file.stat()) for file in files]
    except OSError:
        return None
    return tuple(
        [
            (file, one.st_ino, one.st_size, one.st_mtime_ns, max(one.st_mtime_ns, one.st_ctime_ns))
            for file, one in stats
        ]
    )
