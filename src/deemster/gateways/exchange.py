"""What is served at a path: from a whole message to its answer, in one protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from deemster.errors import ProtocolError
from deemster.gateways.adapter import (
    GatewayAdapter,
    ResponseLegAdapter,
    WireAnswer,
    WireHeaders,
    WireRequest,
)
from deemster.gateways.deciding import CallDecider, Pending
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall

__all__ = ["POST_ONLY", "CallExchange", "Exchange", "ResponseLegExchange", "answered"]

POST_ONLY = frozenset({"POST"})


class Exchange(Protocol):
    """A protocol, or a part of one, as the endpoint serves it."""

    @property
    def protocol(self) -> str:
        """As `gateways[].protocols` names it."""
        ...

    @property
    def methods(self) -> frozenset[str] | None:
        """What it answers to; None is every method."""
        ...

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer | Pending[WireAnswer]:
        """The answer to an authenticated gateway, or what to await for it where something must be
        fetched or written first. Raises ProtocolError, at once or awaited.
        """
        ...

    def encode_error(self, error: ProtocolError, error_id: str, headers: WireHeaders) -> WireAnswer:
        """As an adapter's."""
        ...


async def answered(exchange: Exchange, caller: GatewayCaller, wire: WireRequest) -> WireAnswer:
    """What `begin` begins, to the end. Raises ProtocolError."""
    begun = exchange.begin(caller, wire)
    return await begun if isinstance(begun, Pending) else begun


class CallExchange:
    """One call is decoded, and decided."""

    __slots__ = ("_adapter", "_decider", "encode_error", "methods", "protocol")

    def __init__(
        self,
        adapter: GatewayAdapter,
        decider: CallDecider,
        methods: frozenset[str] | None = POST_ONLY,
    ) -> None:
        self.protocol = adapter.protocol
        self.methods = methods
        self.encode_error = adapter.encode_error
        self._adapter = adapter
        self._decider = decider

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer | Pending[WireAnswer]:
        """Raises as `Exchange`'s."""
        return self._decider.begin(self._adapter, caller, self._adapter.decode(wire))


class ResponseLegExchange:
    """The upstream's answers are decided, as far as any policy looks at them.

    `opened` opens or rejects what the gateway brought back of the request. `looks_at_answer` says
    whether there is anything to decide; it may raise ProtocolError.
    """

    __slots__ = (
        "_adapter",
        "_decider",
        "_looks_at_answer",
        "_opened",
        "encode_error",
        "methods",
        "protocol",
    )

    def __init__(
        self,
        adapter: ResponseLegAdapter,
        decider: CallDecider,
        looks_at_answer: Callable[[ApiCall, GatewayCaller], bool],
        opened: Callable[[ApiCall, GatewayCaller], ApiCall],
    ) -> None:
        self.protocol = adapter.protocol
        self.methods: frozenset[str] | None = POST_ONLY
        self.encode_error = adapter.encode_error
        self._adapter = adapter
        self._decider = decider
        self._looks_at_answer = looks_at_answer
        self._opened = opened

    def begin(self, caller: GatewayCaller, wire: WireRequest) -> WireAnswer | Pending[WireAnswer]:
        """Raises as `Exchange`'s."""
        call = self._adapter.decode(wire)
        if call.kept is not None:
            call = self._opened(call, caller)
        if not self._looks_at_answer(call, caller):
            return self._adapter.unchanged(call)
        return self._decider.begin(self._adapter, caller, call)
