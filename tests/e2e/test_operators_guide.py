"""docs/operators-guide.md, typed line by line into one shell, with the ports that are free here.

`python -m tests.e2e.test_operators_guide` writes what the commands print into the page again: read
the diff.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.processes import free_port
from tests.support.parts import Parts

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FILE = Path(__file__).parents[2] / "docs" / "operators-guide.md"
PAGE = FILE.read_text(encoding="utf-8")
PORTS = ("8080", "9080", "8000", "8001")
_BLOCK = re.compile(
    r"^```(?P<language>console|yaml|nginx)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NAMED = re.compile(r"^`(?P<name>[\w./-]+)`, [^\n]*:\n\n\Z", re.MULTILINE)
_MARK = "--- the command has ended ---"
# Ids, digests, keys, times: other ones each time.
_CHANGING = re.compile(
    r"\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b|(?<![\w-])[\w-]{43}(?![\w-])|dev-[\w-]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z|\d+\.\d ms|\(\d+\.\d s, [\d,]+ a second\)"
)


class Shell:
    """One bash that goes on, as a person's does."""

    def __init__(self, folder: Path) -> None:
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.defpath, "/usr/sbin"])
        self._process = subprocess.Popen(
            ["/bin/bash"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": programs, "HOME": str(folder), "LANG": "C.UTF-8", "NO_COLOR": "1"},
            start_new_session=True,
        )

    def type(self, line: str) -> str:
        """What it prints until it has ended."""
        keys, screen = self._process.stdin, self._process.stdout
        assert keys is not None
        assert screen is not None
        keys.write(f"{line}\necho; echo '{_MARK}'\n")
        keys.flush()
        printed = ""
        while not printed.endswith(f"\n{_MARK}\n"):
            text = screen.readline()
            assert text, f"the shell has ended: {printed}"
            printed += text
        return printed.removesuffix(f"{_MARK}\n").rstrip("\n")

    def end(self) -> None:
        """Whatever still runs is ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def followed(page: str, folder: Path) -> str:
    """The page with what its commands print now."""
    ports = {port: str(free_port()) for port in PORTS}
    back = {found: port for port, found in ports.items()}

    def here(text: str) -> str:
        return re.sub("|".join(PORTS), lambda found: ports[found[0]], text)

    def there(text: str) -> str:
        return re.sub("|".join(back), lambda found: back[found[0]], text)

    shell = Shell(folder)
    within = folder / "notes"
    try:

        def block(found: re.Match[str]) -> str:
            body = found["body"]
            if found["language"] != "console":
                named = _NAMED.search(page[: found.start()])
                assert named is not None, "a file has a name before it"
                (within / named["name"]).write_text(here(body), encoding="utf-8")
                return found[0]
            lines = []
            for line in body.splitlines():
                if line.startswith("$ "):
                    printed = there(shell.type(here(line.removeprefix("$ "))))
                    lines += [line, *(printed.splitlines() if printed else [])]
            return "```console\n" + "".join(f"{line}\n" for line in lines) + "```"

        return _BLOCK.sub(block, page)
    finally:
        shell.end()


def shown_as(shown: str, printed: str) -> str | None:
    """None, or the first command that does not print what is shown; `…` stands for any lines."""
    told = re.split(r"^(\$ .*)$", shown, flags=re.MULTILINE)[1:]
    found = re.split(r"^(\$ .*)$", printed, flags=re.MULTILINE)[1:]
    for command, expected, also, got in zip(
        told[::2], told[1::2], found[::2], found[1::2], strict=True
    ):
        assert command == also
        parts = re.split(r"^…\n|…$", _CHANGING.sub("~", expected), flags=re.MULTILINE)
        pattern = r"(?:.*\n)*?.*?".join([re.escape(part) for part in parts])
        if re.match(pattern, _CHANGING.sub("~", got)) is None:
            return f"{command}\nshown:{expected}\nprinted:{got}"
    return None


def test_every_step_of_the_guide_does_what_it_shows(
    tmp_path: Path, parts: Parts, figure: Callable[[str], None]
) -> None:
    for program in ("nginx", "curl", "jq"):
        parts.command(program)
    began = time.monotonic()
    printed = followed(PAGE, tmp_path)
    assert shown_as(PAGE, printed) is None, shown_as(PAGE, printed)
    steps = len(re.findall(r"^\$ ", PAGE, re.MULTILINE))
    figure(f"{steps} commands of the guide typed in {time.monotonic() - began:.0f} s")


def test_a_step_that_prints_something_else_is_found() -> None:
    page = "```console\n$ a\n…\n$ b\none\n…\nlast\n```\n"
    assert shown_as(page, page.replace("…", "any\nlines")) is None
    assert shown_as(page, page.replace("one", "two")) is not None
    assert shown_as(page, page.replace("last", "first")) is not None


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        FILE.with_suffix(".followed.md").write_text(followed(PAGE, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
