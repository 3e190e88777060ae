"""All records of a log, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from deemster.decisionlog.reading import LogLine
from deemster.policytest.replay.changes import Replayed
from deemster.policytest.replay.desk import NotReplayableError, ReplayDesk
from deemster.policytest.replay.recorded import Record

__all__ = ["replay_lines"]


async def replay_lines(
    lines: Iterable[LogLine], desk: ReplayDesk, trouble: Callable[[str, str], None]
) -> Replayed:
    """Decide every record again. `trouble` is told of lines that hold none: place, and why."""
    found = Replayed()
    read = msgspec.json.Decoder(Record).decode
    for line in lines:
        if line.shadow is not None:
            continue
        record = None
        if line.record is not None:
            try:
                record = read(line.text)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                trouble(line.place, f"no record that can be read: {error}")
        else:
            trouble(line.place, line.trouble)
        if record is None:
            found.unreadable += 1
            continue
        try:
            decision = await desk.decide(record)
        except NotReplayableError as why:
            found.not_replayable[str(why)] += 1
            continue
        found.add(record, decision)
    return found
