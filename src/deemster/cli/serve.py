"""`deemster serve`: the service."""

from __future__ import annotations

from pathlib import Path

from deemster.cli.arguments import RequiredConfigOption
from deemster.settings import load_settings, process_environment

__all__ = ["serve"]


def serve(config: RequiredConfigOption = Path("deemster.yaml")) -> None:
    """Serve decisions until SIGTERM; refuses to start with broken settings or a broken tree."""
    settings = load_settings(config, process_environment())
    # The servers are slow to import, and no other command needs them.
    from deemster.serving.run import serve as serve_until_signal

    serve_until_signal(settings, reread=lambda: load_settings(config, process_environment()))
