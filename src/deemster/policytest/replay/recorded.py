"""A line of the decision log ► the question that was asked, and what was known then.

What was there and was not recorded is unknown: whoever reads it is noted, and then the record
cannot be decided again. INVARIANT: unknown is never taken for absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from deemster.decisionlog.record import DecidingV1, MissingV1, ResourceV1
from deemster.decisionlog.redaction import REDACTED, query_parts
from deemster.decisionlog.replayable import ReplayV1
from deemster.model.http import Headers

__all__ = ["Record", "RecordedHeaders", "RecordedValues", "Unknown", "recorded_url"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What replaying reads of a `DecisionRecordV1`; the line's other members do not matter."""

    v: int
    decision_id: str
    revision: str
    protocol: str
    gateway: str | None
    api_service: str | None
    operation: str | None
    method: str
    url: str
    resource: ResourceV1 | None
    client_ip: str | None
    subject: str | None
    client_id: str | None
    effect: str
    reason: str
    deciding: DecidingV1 | None
    missing: tuple[MissingV1, ...]
    masked: tuple[str, ...]
    replay: ReplayV1 | msgspec.UnsetType = msgspec.UNSET


class Unknown:
    """Names that were there and are not told, and which of them a decision read."""

    __slots__ = ("_kinds", "_masked", "read")

    def __init__(self, masked: tuple[str, ...]) -> None:
        self._masked = frozenset(masked)
        self._kinds = frozenset([name[:-1] for name in masked if name.endswith(".*")])
        self.read: list[str] = []

    def has(self, kind: str, name: str) -> bool:
        """`kind` as `claims.`: whether a value of this name was there and is not told."""
        return f"{kind}{name}" in self._masked or kind in self._kinds

    def note(self, what: str) -> None:
        """A decision would need this."""
        if what not in self.read:
            self.read.append(what)

    @property
    def all_names(self) -> frozenset[str]:
        """Everything that is not told."""
        return self._masked


class RecordedValues(Mapping[str, object]):
    """Claims, or attributes of a user: those that were recorded."""

    __slots__ = ("_kind", "_unknown", "_values")

    def __init__(self, values: Mapping[str, object], kind: str, unknown: Unknown) -> None:
        self._values = values
        self._kind = kind
        self._unknown = unknown

    def __getitem__(self, name: str) -> object:
        if name not in self._values and self._unknown.has(self._kind, name):
            self._unknown.note(f"{self._kind}{name}")
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        if isinstance(name, str) and name not in self._values:
            if self._unknown.has(self._kind, name):
                self._unknown.note(f"{self._kind}{name}")
            return False
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        if any(name.startswith(self._kind) for name in self._unknown.all_names):
            self._unknown.note(f"{self._kind}*")
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class RecordedHeaders(Headers):
    """Header fields that were recorded. A body is read together with its length: see `bodies`."""

    __slots__ = ("_has_body", "_unknown")

    def __init__(
        self, fields: Mapping[str, tuple[str, ...]], unknown: Unknown, *, has_body: bool
    ) -> None:
        super().__init__(tuple([(name, one) for name, many in fields.items() for one in many]))
        self._unknown = unknown
        self._has_body = has_body

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value; an unknown one is noted."""
        if name == "content-length" and self._has_body:
            self._unknown.note("the body, which is never recorded")
        elif self._unknown.has("headers.", name):
            self._unknown.note(f"headers.{name}")
        return super().get_all(name)

    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """All of them: what is unknown is noted."""
        if any(name.startswith("headers.") for name in self._unknown.all_names):
            self._unknown.note("headers.*")
        return super().by_name()


def recorded_url(url: str, query: Mapping[str, tuple[str, ...]]) -> str:
    """The URL as it was asked, as far as it is known: an unknown value of the query is a filler."""
    url = url.partition("#")[0]
    path, mark, written = url.partition("?")
    if not mark:
        return url
    left = {name: list(values) for name, values in query.items()}
    return f"{path}?{'&'.join([_part(part, left) for part in written.split('&')])}"


def _part(part: str, left: dict[str, list[str]]) -> str:
    raw, mark, _ = part.partition("=")
    if not mark:
        return _FILLER if raw == REDACTED else raw
    for name, _ in query_parts(f"?{part}"):
        if left.get(name):
            return f"{raw}={left[name].pop(0)}"
    return f"{raw}={_FILLER}"


_FILLER = "%5Bredacted%5D"
