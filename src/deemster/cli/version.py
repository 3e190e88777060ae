"""`deemster version`"""

from __future__ import annotations

import platform

from deemster import __version__
from deemster.cli.arguments import FormatOption
from deemster.cli.output import OutputFormat, print_json

__all__ = ["version"]


def version(output_format: FormatOption = OutputFormat.TEXT) -> None:
    """Print the version."""
    python = platform.python_version()
    if output_format is OutputFormat.JSON:
        print_json({"deemster": __version__, "python": python})
    else:
        print(f"deemster {__version__} (Python {python})")
