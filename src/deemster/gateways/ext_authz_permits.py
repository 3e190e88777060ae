"""Permits of ext_authz over gRPC that were worded before: only the decision's id is new in them.

A gateway's calls are permitted in a few ways only. Building a message and serialising it costs more
than all of the judging; putting an id between octets that are known costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

__all__ = ["MOST_PERMITS", "WordedPermits"]

MOST_PERMITS = 4096
"""Users times operations, as far as they are kept: about 1 kB each."""


class WordedPermits:
    """Serialised messages by everything that they say but their id; all forgotten when full.

    Key: what the message says. Bound: MOST_PERMITS. No time limit: equal keys are equal messages.
    """

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[Hashable, list[bytes]] = {}

    def worded(self, says: Hashable, decision_id: str, word: Callable[[], bytes]) -> bytes:
        """The message that says `says` and the id; `word` makes it where it was not made before.

        Ids have one length: the lengths that a message holds are right for every one of them.
        """
        key = (says, len(decision_id))
        octets = decision_id.encode()
        pieces = self._pieces.get(key)
        if pieces is None:
            message = word()
            pieces = message.split(octets)
            # An id of few letters may be found where none was meant.
            if len(pieces) == 2 and len(octets) >= _LEAST_ID:
                if len(self._pieces) >= MOST_PERMITS:
                    self._pieces.clear()
                self._pieces[key] = pieces
            return message
        return octets.join(pieces)


_LEAST_ID = 32
