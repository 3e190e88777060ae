"""`deemster log`."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.decision_log.following import follow
from deemster.cli.decision_log.shown import difference, one_line, whole
from deemster.cli.decision_log.wanted import Wanted, instant
from deemster.cli.errors import COULD_NOT_RUN
from deemster.cli.output import colour_on
from deemster.decisionlog.reading import LogLine, read_files, read_line
from deemster.model.clock import SystemClock

__all__ = ["log"]

NOTHING_FOUND = 1


def log(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES", help="Decision logs, packed (.gz) or not; `-` is the standard input."
        ),
    ],
    id: Annotated[
        str | None,
        typer.Option("--id", help="All that is known of this decision, or request of a gateway."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="e.g. `scope-missing`.")] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="`permit`, `deny` or `error`.")
    ] = None,
    operation: Annotated[
        str | None, typer.Option("--operation", help="`SERVICE` or `SERVICE/OPERATION`.")
    ] = None,
    gateway: Annotated[str | None, typer.Option("--gateway", help="Its id.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="A user's id.")] = None,
    protocol: Annotated[str | None, typer.Option("--protocol", help="e.g. `sideband`.")] = None,
    revision: Annotated[str | None, typer.Option("--revision", help="Of the policies.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="`2026-11-22T09:00:00Z`, or `15m` ago.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="As --since.")] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help="Only so many, the latest.")
    ] = None,
    follow_on: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")
    ] = False,
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="What the tree of `policies.shadow` would say otherwise."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The records as they are, a line each.")
    ] = False,
) -> None:
    """Ask the decision log.

    Exit status 0 where something was found, 1 where nothing was, 2 where a line is no record: it is
    told by file and line, and the others are shown all the same.
    """
    named = {
        "reason": reason,
        "outcome": outcome,
        "gateway": gateway,
        "subject": subject,
        "protocol": protocol,
        "revision": revision,
    }
    now = SystemClock.wall()
    wanted = Wanted(
        equal={name: value for name, value in named.items() if value is not None},
        id=id,
        operation=operation,
        since=instant(since, "--since", now),
        until=instant(until, "--until", now),
    )
    if follow_on and (len(files) != 1 or files[0].suffix == ".gz" or str(files[0]) == "-"):
        raise typer.BadParameter("takes one file that is being written", param_hint="--follow")
    printer = _Printer(wanted, as_json=as_json, in_full=id is not None, shadow=shadow)
    printer.tell(_read(files), last)
    if follow_on:
        with contextlib.suppress(KeyboardInterrupt):
            printer.tell(follow(files[0]), None)
    if printer.bad:
        raise typer.Exit(COULD_NOT_RUN)
    if not printer.found:
        raise typer.Exit(NOTHING_FOUND)


class _Printer:
    def __init__(self, wanted: Wanted, *, as_json: bool, in_full: bool, shadow: bool) -> None:
        self.found = 0
        self.bad = 0
        self._wanted = wanted
        self._as_json = as_json
        self._in_full = in_full
        self._shadow = shadow
        self._colour = colour_on(sys.stdout)

    def tell(self, lines: Iterable[LogLine], last: int | None) -> None:
        """Those that are wanted; of them the `last` ones."""
        if last is None:
            for line in self._wanted_of(lines):
                self._print(line)
            return
        for line in deque(self._wanted_of(lines), maxlen=last):
            self._print(line)

    def _wanted_of(self, lines: Iterable[LogLine]) -> Iterator[LogLine]:
        for line in lines:
            if line.shadow is not None or self._shadow:
                if (
                    self._shadow
                    and line.shadow is not None
                    and self._wanted.has_shadow(line.shadow)
                ):
                    self.found += 1
                    yield line
            elif line.record is None:
                self.bad += 1
                sys.stderr.write(f"{line.place}: {line.trouble}\n")
            elif self._wanted.has(line.record):
                self.found += 1
                yield line

    def _print(self, line: LogLine) -> None:
        if self._as_json:
            sys.stdout.write(line.text.decode("utf-8") + "\n")
        elif line.shadow is not None:
            sys.stdout.write(difference(line.shadow) + "\n")
        elif line.record is None:
            raise RuntimeError("a line without a record was wanted")
        elif self._in_full:
            sys.stdout.write(("\n" if self.found > 1 else "") + whole(line.record) + "\n")
        else:
            sys.stdout.write(one_line(line.record, colour=self._colour) + "\n")
        sys.stdout.flush()


def _read(files: Iterable[Path]) -> Iterator[LogLine]:
    return chain.from_iterable(
        _standard_input() if str(file) == "-" else read_files([file]) for file in files
    )


def _standard_input() -> Iterator[LogLine]:
    for number, text in enumerate(sys.stdin.buffer, 1):
        yield read_line(f"<standard input>:{number}", text.rstrip(b"\n"))
