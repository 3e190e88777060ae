"""Values that policy needs from elsewhere: what is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "AttributeAnswer",
    "AttributeFetch",
    "FetchFailed",
    "Fetched",
    "HttpCall",
    "Origin",
    "SourceCall",
    "SqlCall",
]


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A call of a service that the settings name.

    `target` is path and query below the service's URL, percent-encoded; every interpolated value
    is in `target` and `headers` (lower-case names), so that two equal calls ask the same.
    """

    service: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        # Targets and headers hold what users are about: only the service is shown.
        return f"HttpCall({self.service!r})"


@dataclass(frozen=True, slots=True)
class SqlCall:
    """A query that the settings name. `parameters`: (name, type's name, value), in order.

    The type is a part of it because 1 and True are equal in Python, and not in a database.
    """

    query: str
    parameters: tuple[tuple[str, str, str | int | bool], ...] = ()

    def __repr__(self) -> str:
        return f"SqlCall({self.query!r})"


SourceCall = HttpCall | SqlCall


@dataclass(frozen=True, slots=True)
class AttributeFetch:
    """One attribute that judging needs. Times in seconds; `timeout` None: the settings' own.

    `attribute` is `file#name` of its declaration. `max_age` is how old an answer may be that is
    used again; 0 is never.
    """

    attribute: str
    call: SourceCall
    timeout: float | None
    max_age: float


class Origin(Enum):
    """How an answer was come by."""

    FETCHED = "fetched"
    CACHED = "from the cache"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A JSON document; of SQL a list of rows as objects. Read-only: others may hold it too.

    `is_value` says that it is the attribute's value itself, from which nothing is selected.
    """

    document: object
    origin: Origin = Origin.FETCHED
    is_value: bool = False

    def __repr__(self) -> str:
        return f"Fetched({self.origin.value})"


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """There is no answer. `detail` is for operators and names no value."""

    detail: str


AttributeAnswer = Fetched | FetchFailed
