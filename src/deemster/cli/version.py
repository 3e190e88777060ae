"""`deemster version`"""

from __future__ import annotations

import platform
from importlib.util import find_spec

from deemster import __version__
from deemster.cli.arguments import FormatOption
from deemster.cli.output import OutputFormat, print_json

__all__ = ["version"]


def version(output_format: FormatOption = OutputFormat.TEXT) -> None:
    """Print the version, and whether the hot path is compiled."""
    python = platform.python_version()
    compiled = _is_compiled()
    if output_format is OutputFormat.JSON:
        print_json({"deemster": __version__, "python": python, "compiled": compiled})
    else:
        print(f"deemster {__version__} (Python {python}{', compiled' if compiled else ''})")


def _is_compiled() -> bool:
    found = find_spec("deemster.decisions.point")
    return found is not None and found.origin is not None and not found.origin.endswith(".py")
