"""The seam between what bounds the asking and what asks: one service, or one query."""

from __future__ import annotations

from typing import Protocol

from deemster.model.attributes import SourceCall

__all__ = ["AttributeSource", "SourceFailedError"]


class SourceFailedError(Exception):
    """There is no answer. The message is for operators and names no value of a call.

    `is_outage` tells a source that is down from one that gave an answer we do not take: only
    the former opens its circuit.
    """

    def __init__(self, message: str, *, is_outage: bool) -> None:
        super().__init__(message)
        self.is_outage = is_outage


class AttributeSource(Protocol):
    """One service or one query of the settings."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    async def ask(self, call: SourceCall) -> object:
        """The JSON document. Raises SourceFailedError; has no time limit of its own."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
