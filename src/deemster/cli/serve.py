"""`deemster serve`: the service."""

from __future__ import annotations

from pathlib import Path

from deemster.cli.arguments import RequiredConfigOption
from deemster.settings import load_settings, process_environment

__all__ = ["serve"]


def serve(config: RequiredConfigOption = Path("deemster.yaml")) -> None:
    """Serve decisions until SIGTERM; refuses to start with broken settings or a broken tree."""
    settings = load_settings(config, process_environment())
    from deemster.app import run

    run(settings)
