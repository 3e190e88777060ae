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

__all__ = ["GatewayAdapter", "ResponseLegAdapter", "WireAnswer", "WireRequest"]


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
        """Codes of the statements that this protocol can carry out, in this phase."""
        ...

    def decode(self, wire: WireRequest) -> ApiCall:
        """The exchange being judged, which names `statements` as `possible`.

        Raises MalformedCallError or CallTooLargeError.
        """
        ...

    def encode(self, call: ApiCall, decision: Decision) -> WireAnswer:
        """The protocol's permit or deny."""
        ...

    def encode_error(self, error: ProtocolError, error_id: str) -> WireAnswer:
        """The protocol's own answer to a gateway that asked wrongly: never a permit."""
        ...


class ResponseLegAdapter(GatewayAdapter, Protocol):
    """The part of a protocol that shows what the upstream answered, before the caller sees it."""

    def unchanged(self, call: ApiCall) -> WireAnswer:
        """What was shown, for the gateway to pass on: no policy has a say."""
        ...
