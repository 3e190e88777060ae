"""`deemster show-config`: the effective settings, and where each came from."""

from __future__ import annotations

from pathlib import Path

from deemster.cli.arguments import FormatOption, RequiredConfigOption
from deemster.cli.output import OutputFormat, print_json
from deemster.policytest.printable import printable
from deemster.settings import load_settings, process_environment

__all__ = ["show_config"]


def show_config(
    config: RequiredConfigOption = Path("deemster.yaml"),
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Print the effective settings, secrets hidden, and where each value came from."""
    settings = load_settings(config, process_environment())
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
