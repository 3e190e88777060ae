"""From paths and settings to a loaded policy tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deemster.policy.loading import LoadedTree, load_tree

if TYPE_CHECKING:
    from deemster.settings import Settings

__all__ = ["chosen_paths", "load_chosen_tree", "settings_in"]

_DEFAULT = Path("policies")


def settings_in(config: Path | None) -> Settings | None:
    """The settings, if a file was named. Raises ConfigurationError."""
    if config is None:
        return None
    # Slow to import, and most commands run without settings.
    from deemster.settings import load_settings, process_environment

    return load_settings(config, process_environment())


def chosen_paths(paths: list[Path] | None, settings: Settings | None) -> list[Path]:
    """Those of the command line, else the settings', else ./policies; each is there."""
    chosen = list(paths or ())
    if not chosen:
        # Settings whose policies come in a bundle name no tree.
        configured = settings.policies.path if settings is not None else None
        chosen = [configured or _DEFAULT]
    for path in chosen:
        if not path.exists():
            raise typer.BadParameter(f"`{path}` does not exist", param_hint="PATHS")
    return chosen


def load_chosen_tree(paths: list[Path], settings: Settings | None) -> LoadedTree:
    """Raises PolicyError with every finding."""
    if settings is None:
        return load_tree(paths)
    # What builds a service is slow to import.
    from deemster.app import provider_facts, source_facts

    return load_tree(paths, provider_facts(settings.token_providers), source_facts(settings))
