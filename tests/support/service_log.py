"""The service log, kept to look at."""

from __future__ import annotations

import io
import json

from deemster.model.clock import SystemClock
from deemster.telemetry.service_log import build_service_log

__all__ = ["KeptLog"]


class KeptLog:
    """What the service said; `log` is the logger."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.log = build_service_log(self._stream, SystemClock())

    @property
    def text(self) -> str:
        """All lines."""
        return self._stream.getvalue()

    def events(self, *names: str) -> list[str]:
        """Events of these names, in order."""
        found = [json.loads(line)["event"] for line in self.text.splitlines()]
        return [name for name in found if name in names]
