"""What commands print, and whether in colour."""

from __future__ import annotations

import json
import sys
from enum import Enum
from typing import TextIO

__all__ = ["OutputFormat", "colour_on", "print_json"]


class OutputFormat(Enum):
    """`--format`"""

    TEXT = "text"
    JSON = "json"


def colour_on(stream: TextIO) -> bool:
    """Only on a terminal that can show it, and never against NO_COLOR (https://no-color.org)."""
    if not stream.isatty():
        return False
    # Slow to import, and not needed where output is piped.
    from rich.console import Console

    console = Console(file=stream)
    return console.color_system is not None and not console.no_color


def print_json(value: object) -> None:
    """To stdout, indented; text as it is, controls escaped."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
