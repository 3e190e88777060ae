"""Answers that may be used again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from deemster.model.attributes import SourceCall

__all__ = ["AnswerCache"]


@dataclass(frozen=True, slots=True)
class _Kept:
    """`at`: monotonic seconds when it was asked for; `until` when nobody takes it any more."""

    document: object
    at: float
    until: float
    weight: int


class AnswerCache:
    """Documents by the call that they answer.

    Key: the whole call, that is the source with every interpolated value. Bound: `most` documents,
    and `most_weight` scalars, containers and characters in all of them; what was not used for the
    longest time goes first. TTL: what the attribute says, counted from when it was asked for; each
    reader says how old a document may be for it. Failure rule: only documents are kept; a failed
    fetch leaves what was there, which nobody takes once it is too old.
    """

    def __init__(self, *, most: int = 10_000, most_weight: int = 50_000_000) -> None:
        self._most = most
        self._most_weight = most_weight
        self._weight = 0
        self._kept: OrderedDict[SourceCall, _Kept] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, call: SourceCall, max_age: float, now: float) -> tuple[object] | None:
        """The document in a tuple, if there is one younger than `max_age`."""
        kept = self._kept.get(call)
        if kept is None or now >= kept.at + max_age:
            if kept is not None and now >= kept.until:
                self._discard(call)
            self.misses += 1
            return None
        self._kept.move_to_end(call)
        self.hits += 1
        return (kept.document,)

    def put(self, call: SourceCall, document: object, max_age: float, *, at: float) -> None:
        """Keep a document that was asked for at `at`, in place of an older one."""
        if max_age <= 0:
            return
        self._discard(call)
        weight = _weight_of(document)
        if weight > self._most_weight:
            return
        self._kept[call] = _Kept(document, at, at + max_age, weight)
        self._weight += weight
        while len(self._kept) > self._most or self._weight > self._most_weight:
            self._discard(next(iter(self._kept)))

    def __len__(self) -> int:
        return len(self._kept)

    def _discard(self, call: SourceCall) -> None:
        kept = self._kept.pop(call, None)
        if kept is not None:
            self._weight -= kept.weight


def _weight_of(document: object) -> int:
    weight = 0
    waiting = [document]
    while waiting:
        value = waiting.pop()
        weight += 50
        if isinstance(value, dict):
            weight += sum(map(len, value))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            weight += len(value)
    return weight
