"""A JSONPath after parsing: segments of selectors (RFC 9535 2.3 and 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Index",
    "JsonPath",
    "Name",
    "Segment",
    "Selector",
    "Slice",
    "Wildcard",
]


@dataclass(frozen=True, slots=True)
class Name:
    """`.score`, `['score']`: the member of an object."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[0]`, `[-1]`: one element of an array; negative counts from its end."""

    index: int


@dataclass(frozen=True, slots=True)
class Slice:
    """`[1:5:2]`: elements of an array; None where a part is not written."""

    start: int | None
    end: int | None
    step: int


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*`: every child."""


Selector = Name | Index | Slice | Wildcard


@dataclass(frozen=True, slots=True)
class Segment:
    """Selectors applied to each node, or, `descends`, to each node and all below it (`..`)."""

    selectors: tuple[Selector, ...]
    descends: bool = False


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path; `text` is as written."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def is_singular(self) -> bool:
        """Whether it selects at most one node, whatever the document (RFC 9535 2.3.5.1)."""
        return all(
            not segment.descends
            and len(segment.selectors) == 1
            and isinstance(segment.selectors[0], Name | Index)
            for segment in self.segments
        )

    def __str__(self) -> str:
        return self.text
