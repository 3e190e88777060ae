"""Options that several commands of `deemster bundle` have, and how dates are written there."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deemster.bundles.manifest import MAX_SEQUENCE, wrong_with_environment
from deemster.settings.scalars import parse_duration

__all__ = [
    "EnvironmentOption",
    "ExpiresOption",
    "IssuedAtOption",
    "OutputOption",
    "SequenceOption",
    "instant",
    "the_end",
    "the_environment",
    "the_output",
]

EnvironmentOption = Annotated[
    str,
    typer.Option(
        "--environment", metavar="NAME", help="The one environment it is for, such as `production`."
    ),
]
SequenceOption = Annotated[
    int,
    typer.Option(
        "--sequence",
        min=1,
        max=MAX_SEQUENCE,
        help="A number above that of every bundle before, such as a build number.",
    ),
]
ExpiresOption = Annotated[
    str,
    typer.Option(
        "--expires",
        metavar="WHEN",
        help="How long it is good for, such as `7d` or `12h`, or `2027-01-31T12:00:00Z`.",
    ),
]
IssuedAtOption = Annotated[
    str | None,
    typer.Option(
        "--issued-at",
        metavar="INSTANT",
        help="Instead of now, so that the same tree makes the same file: `2027-01-31T12:00:00Z`.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path, typer.Option("--output", metavar="FILE", help="Where to write it; replaced as a whole.")
]

_DAYS = re.compile(r"([0-9]{1,5})d")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def the_environment(name: str) -> str:
    """`--environment`, if it can be used."""
    wrong = wrong_with_environment(name)
    if wrong is not None:
        raise typer.BadParameter(wrong, param_hint="--environment")
    return name


def the_output(file: Path) -> Path:
    """`--output`, if it can be written: told before anything is made."""
    if not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder `{file.parent}`", param_hint="--output")
    if file.is_dir():
        raise typer.BadParameter(f"`{file}` is a folder", param_hint="--output")
    return file


def instant(text: str, option: str) -> float:
    """Seconds since 1970 of an instant in UTC."""
    if _INSTANT.fullmatch(text):
        try:
            return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
        except ValueError:
            pass
    raise typer.BadParameter("expected an instant as `2027-01-31T12:00:00Z`", param_hint=option)


def the_end(text: str, issued_at: float) -> float:
    """`--expires`: an instant, or a time from when the bundle is issued."""
    if "T" in text:
        end = instant(text, "--expires")
    else:
        days = _DAYS.fullmatch(text)
        try:
            end = issued_at + (int(days[1]) * 86_400 if days else parse_duration(text))
        except ValueError:
            raise typer.BadParameter(
                "expected a time such as `7d` or `12h`, or an instant as `2027-01-31T12:00:00Z`",
                param_hint="--expires",
            ) from None
    if int(end) <= int(issued_at):
        raise typer.BadParameter(
            "the bundle would expire before it is issued", param_hint="--expires"
        )
    return end
