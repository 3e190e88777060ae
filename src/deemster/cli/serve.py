"""`deemster serve`: the service."""

from __future__ import annotations

from pathlib import Path

from deemster.cli.arguments import RequiredConfigOption
from deemster.model.clock import SystemClock
from deemster.settings import process_environment
from deemster.settings.rereading import SettingsOnDisk

__all__ = ["serve"]


def serve(config: RequiredConfigOption = Path("deemster.yaml")) -> None:
    """Serve decisions until SIGTERM; refuses to start with broken settings or a broken tree."""
    on_disk = SettingsOnDisk(config, process_environment(), SystemClock())
    settings = on_disk.read()
    # The servers are slow to import, and no other command needs them.
    from deemster.serving.run import serve as serve_until_signal

    serve_until_signal(settings, reread=on_disk.read)
