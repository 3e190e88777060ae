"""Pages that a reader follows in a shell: files are written, commands run, and all is as it says.

A fenced block after a line that is a file's name in backticks and a colon is that file; after
``` `name`, at its end: ``` it goes on where the file ended. A sentence ``` In `name`, `this`
becomes `that` ``` changes a file. In a `console` block, lines that begin with `$ ` are run and the
others are what they print. A page has no other blocks in these two languages.

`python -m tests.docs.walkthrough PAGE` writes the outputs into the page again: read the diff.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["followed", "untimed"]

_BLOCK = re.compile(
    r"(?P<lead>(?:^`(?P<file>[\w./-]+)`(?P<more>, at its end)?:\n\n)?)"
    r"^```(?P<language>yaml|console)\n(?P<body>.*?)^```$"
    r"|^In `(?P<changed>[\w./-]+)`, `(?P<old>[^`]+)` becomes `(?P<new>[^`]+)`",
    re.MULTILINE | re.DOTALL,
)
_TIMES = re.compile(r"\(\d+\.\d\d s\)|in \d+\.\d\d ?s| +\d+\.\d\d ms")


def untimed(text: str) -> str:
    """Without what differs from run to run."""
    return _TIMES.sub("…", text)


def followed(page: str, folder: Path) -> str:
    """The page with the outputs that its commands have now, run in `folder` (an empty one)."""

    def block(found: re.Match[str]) -> str:
        if found["changed"] is not None:
            _change(folder / found["changed"], found["old"], found["new"])
            return found[0]
        body = found["body"]
        if found["language"] == "console":
            body = _console(body, folder)
        elif found["file"] is not None:
            _write(folder / found["file"], body, more=found["more"] is not None)
        else:
            raise AssertionError(f"a block that nobody tries:\n{body}")
        return f"{found['lead']}```{found['language']}\n{body}```"

    return _BLOCK.sub(block, page)


def _write(place: Path, text: str, *, more: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    before = place.read_text(encoding="utf-8") if more else ""
    place.write_text(before + text, encoding="utf-8")


def _change(place: Path, old: str, new: str) -> None:
    text = place.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"`{old}` does not stand once in {place.name}"
    place.write_text(text.replace(old, new), encoding="utf-8")


def _console(body: str, folder: Path) -> str:
    """Each command with what it prints; one that prints nothing stands alone."""
    lines = []
    for line in body.splitlines():
        if line.startswith("$ "):
            lines.append(line)
            lines.extend(_output(line.removeprefix("$ "), folder).splitlines())
    return "".join(f"{line}\n" for line in lines)


def _output(line: str, folder: Path) -> str:
    program, *arguments = shlex.split(line)
    assert program in {"deemster", "pytest"}, f"no test runs `{program}`"
    run = subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.stdout + run.stderr


if __name__ == "__main__":
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as made:
        target.write_text(
            followed(target.read_text(encoding="utf-8"), Path(made)), encoding="utf-8"
        )
