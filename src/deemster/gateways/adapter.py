"""The seam between the decision point and a gateway protocol.

An adapter turns bytes into an `ApiCall` and a `Decision` into bytes, and nothing else. Adding
one changes nothing outside `gateways/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from deemster.errors import ProtocolError
from deemster.model.decision import Decision, Statement
from deemster.model.http import ApiCall

__all__ = [
    "Fields",
    "GatewayAdapter",
    "MessageChanges",
    "ResponseLegAdapter",
    "SealState",
    "WireAnswer",
    "WireHeaders",
    "WireRequest",
]

WireHeaders = Sequence[tuple[bytes, bytes]]
"""Header fields as they are on the wire: (lower-case name, value), in order."""

Fields = tuple[tuple[str, str], ...]
"""Header fields of the judged exchange, in order: (lower-case name, value)."""


class WireRequest(msgspec.Struct, frozen=True, gc=False):
    """What the gateway sent us: `path` and `query` as sent, header names lower-case, whole body.

    `single`: the header fields once more, where each name is known to have come once.
    """

    method: str
    path: str
    headers: WireHeaders
    body: bytes
    query: bytes = b""
    single: Mapping[bytes, bytes] | None = None

    def __repr__(self) -> str:
        # Header fields hold the gateway's secret, the body its clients' tokens.
        return f"WireRequest({self.method} {self.path}, {len(self.body)} bytes)"


class WireAnswer(msgspec.Struct, frozen=True, gc=False):
    """What we send back. `headers` without content-length, which the endpoint adds."""

    status: int
    headers: WireHeaders
    body: bytes

    def __repr__(self) -> str:
        return f"WireAnswer({self.status}, {len(self.body)} bytes)"


class GatewayAdapter(Protocol):
    """One protocol. One suite in tests/contract/ is passed by every adapter."""

    @property
    def protocol(self) -> str:
        """As `gateways[].protocols` names it, e.g. `sideband`."""
        ...

    @property
    def statements(self) -> frozenset[str]:
        """Codes of the statements that this protocol can carry out, in this phase."""
        ...

    def decode(self, wire: WireRequest) -> ApiCall:
        """The exchange being judged, which names `statements` as `possible`.

        Raises MalformedCallError or CallTooLargeError.
        """
        ...

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """The protocol's permit or deny.

        Raises CannotCarryOutError where the statements of a permit cannot be carried out on this
        very message.
        """
        ...

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """The protocol's own answer to a gateway that asked wrongly: never a permit.

        `headers` are the call's, as far as they may be believed: not at all.
        """
        ...


class ResponseLegAdapter(GatewayAdapter, Protocol):
    """The part of a protocol that shows what the upstream answered, before the caller sees it."""

    def unchanged(self, call: ApiCall) -> WireAnswer:
        """What was shown, for the gateway to pass on: no policy has a say."""
        ...


class MessageChanges(Protocol):
    """What statements do to a message, for adapters that write one (policy-language section 8).

    Statements with other codes are passed over.
    """

    def fields(self, fields: Fields, statements: Iterable[Statement]) -> Fields:
        """Header fields as `modify-headers` leaves them."""
        ...

    def query(self, query: str, statements: Iterable[Statement]) -> str:
        """A query, without its `?`, as `modify-query` leaves it."""
        ...

    def answer_body(self, call: ApiCall, statements: Iterable[Statement]) -> str | None:
        """The body of the upstream's answer as the statements about its members leave it.

        None where it stays as it is. Raises CannotCarryOutError.
        """
        ...


SealState = Callable[[object, ApiCall, str], str]
"""Seals what a decision keeps of a permitted call, which the gateway forwards to a URL.

Raises CannotCarryOutError.
"""
