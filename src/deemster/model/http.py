"""The HTTP exchange that a gateway asks about."""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import Enum

import msgspec

from deemster.model.access import AccessRequest
from deemster.model.certificate import ClientCertificate
from deemster.model.decision import Reason

__all__ = ["EVERY_STATEMENT", "HEADERS_NOT_KNOWN", "ApiCall", "ApiResponse", "Headers", "Phase"]


class Phase(Enum):
    """Which half of the exchange is judged."""

    REQUEST = "request"
    RESPONSE = "response"


class Headers:
    """Header fields in the order received: names lower-case, a repeated name keeps every value.

    Immutable. `get_all` of an absent name is the empty tuple.
    """

    __slots__ = ("_by_name", "pairs")

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        """`pairs`: (lower-case name, value), in order."""
        self.pairs = pairs
        self._by_name: dict[str, tuple[str, ...]] | None = None

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of a lower-case name, in order."""
        return tuple([value for found, value in self.pairs if found == name])

    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """All values grouped by name; built once, on first use."""
        grouped = self._by_name
        if grouped is None:
            grouped = {}
            for name, value in self.pairs:
                grouped[name] = (*grouped.get(name, ()), value)
            self._by_name = grouped
        return grouped

    def __repr__(self) -> str:
        # Values may hold tokens and cookies: only the names are shown.
        return f"Headers({[name for name, _ in self.pairs]!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.pairs == other.pairs

    def __hash__(self) -> int:
        return hash(self.pairs)


HEADERS_NOT_KNOWN = Headers(())
"""Of a call in the response phase of which nobody kept more than method and URL.

Compared by identity.
"""


class ApiResponse(msgspec.Struct, frozen=True, gc=False):
    """What the upstream answered. `body` is None where the gateway delivered none."""

    status: int
    headers: Headers
    body: str | None = None

    def __repr__(self) -> str:
        # As a call's: header values and the body hold what no log may.
        return f"ApiResponse({self.status}, {self.headers!r})"


class _Every:
    """Holds every code there is."""

    def __contains__(self, code: object) -> bool:
        return True


EVERY_STATEMENT: Container[str] = _Every()
"""For whoever shows statements instead of carrying them out: policy tests, `deemster decide`."""


class ApiCall(msgspec.Struct, frozen=True, gc=False):
    """Immutable facts of the HTTP exchange being judged, as the gateway saw it.

    `url` is the absolute URL as text, never rewritten. `body` is None where the gateway
    delivered none. `asserted_claims` are token claims that the gateway says it verified
    (sideband `access_token`): not believed until `tokens` has looked who asserts them.
    `client_ip` is text as delivered, not yet parsed. `refusal` is what the adapter saw in the
    exchange that must be refused whatever the policy says (`reserved-header`). `received` is what
    the adapter that decoded the call keeps to word its answer; nothing else reads it.
    `certificate` is the client's, where the gateway asked for one and told of it. `response` is
    there in the response phase only. `possible` holds the codes of the statements that the
    calling protocol can carry out in this phase: none, unless the adapter says so. `question` is
    one of AuthZEN that was asked where nobody made a call: then `method` is its action's name, and
    there is no URL. `kept`, in the
    response phase, is what the gateway brought back of the request: as it sent it at first, then
    opened, or rejected, by `decisions`. `shows_answer` is false where the protocol has no way to
    show what the upstream answers.

    Made once for each call, hence no dataclass (decisions/0033).
    """

    method: str
    url: str
    headers: Headers
    body: str | None = None
    http_version: str = "1.1"
    client_ip: str | None = None
    asserted_claims: Mapping[str, object] | None = None
    gateway_request_id: str | None = None
    refusal: Reason | None = None
    phase: Phase = Phase.REQUEST
    received: object = None
    certificate: ClientCertificate | None = None
    response: ApiResponse | None = None
    possible: Container[str] = frozenset()
    question: AccessRequest | None = None
    kept: object = None
    shows_answer: bool = True

    def __repr__(self) -> str:
        # A body, claims and what was received hold what no log may: only the request line.
        return f"ApiCall({self.method!r}, {self.url.partition('?')[0]!r}, {self.headers!r})"
