"""Pages of docs that are worked through: every file they show is written, every command run.

A `yaml` block whose first line is a comment with a path is that file. A `console` block is a
command after `$ ` and what it prints; a line `…` in it stands for any lines, and times are not
compared.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from deemster.cli.main import app

__all__ = ["Block", "Command", "blocks", "commands", "matches", "run", "shown_file", "write_files"]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)\n```$", re.M | re.S)
_HEADING = re.compile(r"^#+ (.+)$", re.M)
_FILE = re.compile(r"# (\S+\.ya?ml)\n")
_TIME = re.compile(r"\b\d+\.\d\d s\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, the heading that it stands under."""

    language: str
    text: str
    heading: str


@dataclass(frozen=True, slots=True)
class Command:
    """One `$ deemster …` of a console block, and what is shown below it."""

    arguments: tuple[str, ...]
    shown: str


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    code = [(found.span(), found) for found in _BLOCK.finditer(page)]
    headings = [
        (found.start(), found[1])
        for found in _HEADING.finditer(page)
        if not any(start < found.start() < end for (start, end), _ in code)
    ]
    return [
        Block(found[1], found[2], [text for place, text in headings if place < start][-1])
        for (start, _), found in code
    ]


def shown_file(block: Block) -> str | None:
    """The path that the block's first line names, if it shows a whole file."""
    found = _FILE.match(block.text + "\n") if block.language == "yaml" else None
    return found[1] if found is not None else None


def write_files(shown: list[Block], root: Path) -> list[Path]:
    """Write each whole file below `root`, the last of a name last."""
    written = []
    for block in shown:
        name = shown_file(block)
        if name is None:
            continue
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # The comment stays, so that lines and columns are those of a reader's own file.
        file.write_text(block.text + "\n", encoding="utf-8")
        written.append(file)
    return written


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    assert block.text.startswith("$ "), f"a console block begins with a command: {block.text!r}"
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        line, _, shown = part.partition("\n")
        program, *arguments = line.split()
        assert program == "deemster", f"only deemster is run, not {program}"
        found.append(Command(tuple(arguments), shown.rstrip("\n")))
    return found


def run(command: Command, directory: Path) -> tuple[int, str]:
    """Exit status and what was printed, stderr after stdout."""
    with _inside(directory):
        outcome = CliRunner().invoke(app, list(command.arguments))
    return outcome.exit_code, (outcome.stdout + outcome.stderr).rstrip("\n")


def matches(shown: str, printed: str) -> bool:
    """Whether the output is what the page shows."""
    parts = re.split(r"^…\n", _TIME.sub("… s", shown) + "\n", flags=re.M)
    pattern = r"(?:.*\n)*?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, _TIME.sub("… s", printed) + "\n") is not None


@contextmanager
def _inside(directory: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
