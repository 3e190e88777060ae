"""Sessions of the command line as data: replayed in a folder, and compared as a whole.

`$ deemster …` is run, `~ FILE: OLD ► NEW` changes octets of a file, `> 0644 FILE` changes its mode,
`# …` is for readers. All other lines are what was printed; `[exit N]` follows a command that did
not end with 0. To write a transcript anew, print what `replayed` returns.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from deemster.cli.main import app

__all__ = ["replayed"]


def replayed(transcript: str, folder: Path, hide: Callable[[str], str]) -> str:
    """The transcript with the outputs that its commands have now. `hide`: what differs by run."""
    written: list[str] = []
    with _inside(folder):
        for line in transcript.splitlines():
            mark, _, rest = line.partition(" ")
            if mark == "$":
                written += ["", line, *hide(_run(rest)).splitlines()]
            elif mark == "~":
                written += ["", line]
                _change(rest)
            elif mark == ">":
                written += ["", line]
                mode, name = rest.split()
                Path(name).chmod(int(mode, 8))
            elif mark == "#":
                written += ["", line]
    return "\n".join(written).lstrip("\n") + "\n"


def _run(line: str) -> str:
    program, *arguments = shlex.split(line)
    assert program == "deemster"
    outcome = CliRunner().invoke(app, arguments)
    ending = f"[exit {outcome.exit_code}]\n" if outcome.exit_code else ""
    return outcome.stdout + outcome.stderr + ending


def _change(what: str) -> None:
    name, _, change = what.partition(": ")
    old, _, new = (part.encode() for part in change.partition(" ► "))
    file = Path(name)
    octets = file.read_bytes()
    assert octets.count(old) == 1, f"`{old!r}` does not stand once in {name}"
    file.write_bytes(octets.replace(old, new))


@contextmanager
def _inside(directory: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
