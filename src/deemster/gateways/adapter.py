"""The seam between the decision point and a gateway protocol.

An adapter turns bytes into an `ApiCall` and a `Decision` into bytes, and nothing else. Adding
one changes nothing outside `gateways/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from deemster.errors import ProtocolError
from deemster.model.decision import Decision
from deemster.model.http import ApiCall

__all__ = ["GatewayAdapter", "UndecidedLeg", "WireAnswer", "WireRequest"]


class WireRequest(msgspec.Struct, frozen=True, gc=False):
    """What the gateway sent us: `path` without query, header names lower-case, whole body."""

    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def __repr__(self) -> str:
        # Header fields hold the gateway's secret, the body its clients' tokens.
        return f"WireRequest({self.method} {self.path}, {len(self.body)} bytes)"


class WireAnswer(msgspec.Struct, frozen=True, gc=False):
    """What we send back. `headers` without content-length, which the endpoint adds."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
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
        """Codes of the statements that this protocol can carry out."""
        ...

    def decode(self, wire: WireRequest) -> ApiCall:
        """The exchange being judged. Raises MalformedCallError or CallTooLargeError."""
        ...

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """The protocol's permit or deny."""
        ...

    def encode_error(self, error: ProtocolError, error_id: str) -> WireAnswer:
        """The protocol's own answer to a gateway that asked wrongly: never a permit."""
        ...


class UndecidedLeg(Protocol):
    """A part of a protocol that is answered without a decision, though never to a stranger.

    Sideband's response leg is one as long as no policy looks at what the upstream answered.
    """

    @property
    def protocol(self) -> str:
        """As `gateways[].protocols` names it."""
        ...

    def answer(self, wire: WireRequest) -> WireAnswer:
        """The protocol's answer. Raises MalformedCallError or CallTooLargeError."""
        ...

    def encode_error(self, error: ProtocolError, error_id: str) -> WireAnswer:
        """As an adapter's."""
        ...
