"""What it means that something outside gave no answer."""

from __future__ import annotations

__all__ = ["CallFailedError"]


class CallFailedError(Exception):
    """There is no answer. The message is for operators and names no value of a call.

    `is_outage` tells what is down from what gave an answer that we do not take: only the former
    opens a circuit.
    """

    def __init__(self, message: str, *, is_outage: bool) -> None:
        super().__init__(message)
        self.is_outage = is_outage
