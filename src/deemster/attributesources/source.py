"""The seam between what bounds the asking and what asks: one service, or one query."""

from __future__ import annotations

from typing import Protocol

from deemster.model.attributes import SourceCall

__all__ = ["AttributeSource"]


class AttributeSource(Protocol):
    """One service or one query of the settings."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    async def ask(self, call: SourceCall) -> object:
        """The JSON document. Raises CallFailedError; has no time limit of its own."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
