"""`deemster ready`: what probes of containers and units ask."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import RequiredConfigOption
from deemster.errors import ConfigurationError
from deemster.settings import Settings, load_settings, process_environment
from deemster.settings.model import Bind

__all__ = ["ready"]

SECONDS = 3.0


def ready(
    config: RequiredConfigOption = Path("deemster.yaml"),
    live: Annotated[
        bool, typer.Option("--live", help="Ask only whether it lives, not whether it can decide.")
    ] = False,
) -> None:
    """Ask the service of these settings, on this machine, whether calls can be sent to it.

    Exit status 0 if so, 1 if not or where nobody answers.
    """
    bind = _asked(load_settings(config, process_environment()))
    try:
        connection = http.client.HTTPConnection(_host(bind), bind.port, timeout=SECONDS)
        connection.request("GET", "/live" if live else "/ready")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer from {bind}: {error}")
        raise typer.Exit(1) from None
    if answer.status != http.client.OK:
        print(f"not ready: {bind} answers {answer.status}")
        raise typer.Exit(1)
    print("live" if live else "ready")


def _asked(settings: Settings) -> Bind:
    """The listener of probes, or that of management where it has no TLS."""
    listeners = settings.listeners
    if listeners.probes is not None:
        return listeners.probes
    if listeners.management_tls is not None:
        raise ConfigurationError(
            "management asks for a client certificate; give probes a listener of their own: "
            "`listeners: {probes: {bind: 127.0.0.1:9081}}`"
        )
    return listeners.management


def _host(bind: Bind) -> str:
    """Where this machine finds what listens on all of its addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host)  # noqa: S104
