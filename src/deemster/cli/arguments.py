"""Options that several commands have, and the forms in which values are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.output import OutputFormat
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = [
    "ConfigOption",
    "FormatOption",
    "PathsArgument",
    "RequiredConfigOption",
    "json_object",
    "json_or_text",
    "minted_claims",
]

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The settings file; without it token providers are made up."),
]
RequiredConfigOption = Annotated[Path, typer.Option("--config", help="The settings file.")]
FormatOption = Annotated[OutputFormat, typer.Option("--format", help="How to print the answer.")]
PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATHS",
        help="Policy folders or files; by default what --config names, else ./policies.",
        show_default=False,
    ),
]

_MAX_DEPTH = 32


def json_object(text: str, option: str) -> dict[str, object]:
    """A JSON object given on the command line."""
    try:
        value = read_strict_json(text.encode(), max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint=option) from None
    if not isinstance(value, dict):
        raise typer.BadParameter("not a JSON object", param_hint=option)
    return value


def minted_claims(
    sub: str | None, scope: str | None, claims: Iterable[str]
) -> Mapping[str, object]:
    """Of `--sub`, `--scope` and `--claim name=value`; a value is JSON, or else text."""
    found: dict[str, object] = {}
    if sub is not None:
        found["sub"] = sub
    if scope is not None:
        found["scope"] = scope
    for written in claims:
        name, equals, value = written.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"`{written}` is not `name=value`", param_hint="--claim")
        found[name] = json_or_text(value)
    return found


def json_or_text(text: str) -> object:
    """A JSON value, or the text itself where it is none."""
    try:
        return read_strict_json(text.encode(), max_depth=_MAX_DEPTH)
    except StrictJsonError:
        return text
