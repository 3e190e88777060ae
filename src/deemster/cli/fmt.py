"""`deemster fmt`: policy files in the canonical layout."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.errors import COULD_NOT_RUN
from deemster.cli.files import write_atomically
from deemster.cli.output import colour_on
from deemster.cli.trees import chosen_paths
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.reading.files import (
    PolicyFile,
    PolicyFiles,
    files_from_memory,
    read_tree_files,
)
from deemster.policy.reading.source_text import MAX_FILE_BYTES
from deemster.policy.rendering import render_text
from deemster.policytools.layout.formatting import formatted

__all__ = ["fmt"]

_STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class _Layout:
    """A file and its canonical layout."""

    file: PolicyFile
    made: bytes

    @property
    def is_changed(self) -> bool:
        return self.made != self.file.content

    def diff(self) -> str:
        """Unified, as `diff -u` and `git diff` show it."""
        before, after = (
            text.decode().splitlines(keepends=True) for text in (self.file.content, self.made)
        )
        found = difflib.unified_diff(
            before, after, self.file.shown, f"{self.file.shown} (formatted)"
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in found
        )


def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATHS",
            help="Policy folders or files, ./policies by default; - reads stdin, writes stdout.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; name the files that would change.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Change nothing; show what would change.")
    ] = False,
) -> None:
    """Put policy files into the canonical layout, comments and all.

    What a file says never changes. A file that cannot be read is left alone and told. Exit
    status: 0 done, 1 files would change (--check), 2 a file could not be read.
    """
    is_stdin = paths == [_STDIN]
    sink = DiagnosticSink()
    files = _stdin() if is_stdin else read_tree_files(_chosen(paths), sink)
    layouts = list(_laid_out(files, sink))
    changed = [layout for layout in layouts if layout.is_changed]
    if diff:
        sys.stdout.write("".join(layout.diff() for layout in changed))
    elif check:
        sys.stdout.write("".join(f"would format {layout.file.shown}\n" for layout in changed))
    elif is_stdin:
        # As bytes: what a terminal's encoding lacks is no reason to change a file.
        sys.stdout.buffer.write(b"".join(layout.made for layout in layouts))
    else:
        for layout in changed:
            write_atomically(Path(layout.file.shown), layout.made)
            print(f"formatted {layout.file.shown}")
    if not is_stdin and not diff:
        print(_summary(len(changed), len(layouts), is_check=check))
    refused = sink.finish()
    if refused:
        sys.stderr.write(render_text(refused, files.sources(), colour=colour_on(sys.stderr)))
        raise typer.Exit(COULD_NOT_RUN)
    raise typer.Exit(1 if check and changed else 0)


def _chosen(paths: list[Path] | None) -> list[Path]:
    if paths and _STDIN in paths:
        raise typer.BadParameter("`-` stands alone", param_hint="PATHS")
    return chosen_paths(paths, None)


def _stdin() -> PolicyFiles:
    return files_from_memory({"stdin": sys.stdin.buffer.read(MAX_FILE_BYTES + 1)})


def _laid_out(files: PolicyFiles, sink: DiagnosticSink) -> Iterator[_Layout]:
    """The layout of every file that can be read; what is wrong with others is in the sink."""
    for file in files.files:
        made = formatted(file.content, file.shown, sink)
        if made is not None:
            yield _Layout(file, made)


def _summary(changed: int, all_: int, *, is_check: bool) -> str:
    how = "would be formatted" if is_check else "formatted"
    files = "file" if changed == 1 else "files"
    return f"{changed} {files} {how}, {all_ - changed} as they should be"
