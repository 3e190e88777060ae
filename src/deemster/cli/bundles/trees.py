"""A tree that goes into a bundle is checked as `deemster check` checks it, and told as there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import typer

from deemster.cli.bundles.files import REFUSED
from deemster.cli.output import OutputFormat, colour_on, print_json
from deemster.cli.trees import settings_in
from deemster.errors import PolicyError
from deemster.policy.diagnostics import DiagnosticSet
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policy.rendering import render_text, summary, to_json
from deemster.policytest.review import review

__all__ = ["checked", "loaded_texts"]


def checked(load: Callable[[], LoadedTree], *, now: float, form: OutputFormat) -> LoadedTree:
    """What `load` makes, once all is told that is wrong with it; with errors the command ends.

    Warnings go to stderr, so that stdout has the answer alone; an end is the answer itself.
    """
    try:
        loaded = load()
    except PolicyError as refused:
        raise _told(refused.diagnostics, refused.sources, form) from None
    found = review(loaded, now=now).diagnostics
    sources = loaded.files.sources()
    if found.errors:
        raise _told(found, sources, form)
    if found:
        sys.stderr.write(render_text(found, sources, colour=colour_on(sys.stderr)))
        sys.stderr.write(f"{summary(found)}\n")
    return loaded


def loaded_texts(
    texts: Mapping[str, bytes], config: Path | None, *, shown_under: str
) -> LoadedTree:
    """A bundle's tree, against the settings if a file was named. Raises PolicyError."""
    settings = settings_in(config)
    if settings is None:
        return load_texts(texts, shown_under=shown_under)
    # What builds a service is slow to import.
    from deemster.app import provider_facts, source_facts

    return load_texts(
        texts,
        provider_facts(settings.token_providers),
        source_facts(settings),
        shown_under=shown_under,
    )


def _told(found: DiagnosticSet, sources: Mapping[str, str], form: OutputFormat) -> typer.Exit:
    if form is OutputFormat.JSON:
        print_json({"diagnostics": to_json(found), "exitStatus": REFUSED})
    else:
        sys.stdout.write(render_text(found, sources, colour=colour_on(sys.stdout)))
        sys.stdout.write(f"{summary(found)}: no bundle was made\n")
    return typer.Exit(REFUSED)
