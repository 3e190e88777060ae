"""`deemster show-config`: the effective settings, and where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import FormatOption, RequiredConfigOption
from deemster.cli.output import OutputFormat, print_json
from deemster.policytest.printable import printable
from deemster.settings import Settings, load_settings, process_environment
from deemster.settings.staleness import Bound, staleness_of

__all__ = ["show_config"]


def show_config(
    config: RequiredConfigOption = Path("deemster.yaml"),
    output_format: FormatOption = OutputFormat.TEXT,
    staleness: Annotated[
        bool,
        typer.Option(
            "--staleness", help="Show how long what was taken back can still be permitted."
        ),
    ] = False,
) -> None:
    """Print the effective settings, secrets hidden, and where each value came from."""
    settings = load_settings(config, process_environment())
    if staleness:
        _show_staleness(settings, output_format)
        return
    if output_format is OutputFormat.JSON:
        print_json(
            [
                {"path": value.path, "value": value.shown, "origin": value.origin}
                for value in settings.values
            ]
        )
        return
    width = max((len(value.path) for value in settings.values), default=0)
    shown = max((len(value.shown) for value in settings.values), default=0)
    for value in settings.values:
        print(
            f"{printable(value.path):<{width}}  {printable(value.shown):<{min(shown, 40)}}  "
            f"{printable(value.origin)}"
        )


def _show_staleness(settings: Settings, output_format: OutputFormat) -> None:
    bounds = staleness_of(settings)
    if output_format is OutputFormat.JSON:
        print_json(
            [
                {
                    "what": bound.what,
                    "whose": bound.whose,
                    "seconds": bound.seconds,
                    "secondsInOutage": bound.in_outage,
                    "why": bound.why,
                }
                for bound in bounds
            ]
        )
        return
    for bound in bounds:
        print(printable(f"{bound.what}, {bound.whose}: {_shown(bound)}"))
        print(printable(f"    {bound.why}"))


def _shown(bound: Bound) -> str:
    if bound.seconds is None:
        return "no bound"
    told = f"{bound.seconds:g} s"
    if bound.in_outage is None or bound.in_outage == bound.seconds:
        return told
    return f"{told}, in an outage {bound.in_outage:g} s"
