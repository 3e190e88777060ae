"""`state` of the sideband protocol: what is kept of a request, sealed for the gateway to carry.

Whoever has the key can answer the response leg, so any replica can. What a gateway brings back is
believed only where it was sealed by one of our keys, not long ago, in this environment, for this
gateway, and for a call of this method and URL.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import unquote_plus

from msgspec.structs import replace

from deemster.decisions.kept_state import (
    NotKeptError,
    state_members,
    state_of_members,
    without_user_parts,
)
from deemster.decisions.response_phase import RequestState, StateRejection
from deemster.errors import CannotCarryOutError
from deemster.model.clock import Clock
from deemster.model.gateway import GatewayCaller
from deemster.model.http import ApiCall
from deemster.model.urls import MalformedUrlError, canonical_url
from deemster.tokens.base64url import encode_base64url
from deemster.tokens.jose import NotOpenedError, SealingKey

__all__ = ["LARGEST", "LIFETIME", "PURPOSE", "SealedStates"]

PURPOSE = "deemster-state-1"
"""`typ` of the seal: says what is in it, in which version."""
LIFETIME = 300
"""Seconds that an upstream has for its answer."""
LARGEST = 64 * 1024
"""Characters of a sealed state. Above a quarter of it the user's parts are fetched again."""


class SealedStates:
    """Seals and opens. The first key seals, all open."""

    def __init__(self, keys: Sequence[SealingKey], *, clock: Clock, environment: str) -> None:
        """`keys`: at least one."""
        self._keys = tuple(keys)
        self._clock = clock
        self._environment = environment

    def replace_keys(self, keys: Sequence[SealingKey]) -> None:
        """From now on these."""
        self._keys = tuple(keys)

    def seal(self, kept: object, call: ApiCall, url: str) -> str:
        """The state of a permitted call, which the gateway forwards to `url`.

        `kept` is what the decision keeps. Raises CannotCarryOutError where it is too large.
        """
        if not isinstance(kept, RequestState):
            raise TypeError("what is kept of a request is a RequestState")
        bound = dict.fromkeys([_binding(call.method, call.url), _binding(call.method, url)])
        more: dict[str, object] = {
            "exp": int(self._clock.wall()) + LIFETIME,
            "env": self._environment,
            "for": list(bound),
        }
        try:
            content = state_members(kept, **more)
        except (TypeError, ValueError):
            # A directory's own values: they are asked for again.
            content = b""
        if not content or len(content) > LARGEST // 4:
            content = state_members(without_user_parts(kept), **more)
        sealed = self._keys[0].seal(content)
        if len(sealed) > LARGEST:
            raise CannotCarryOutError("what is to be kept for the answer is too large")
        return sealed

    def opened(self, call: ApiCall, caller: GatewayCaller) -> ApiCall:
        """The call of a response leg with its state opened, or rejected: never raises."""
        sealed = call.kept
        if sealed is None:
            return call
        key = None
        if isinstance(sealed, str):
            key = next((one for one in self._keys if one.claims(sealed)), None)
        if key is None or not isinstance(sealed, str):
            return replace(call, kept=StateRejection(ours=False))
        try:
            state = self._open(key, sealed, call, caller)
        except (NotOpenedError, NotKeptError, MalformedUrlError):
            return replace(call, kept=StateRejection(ours=True))
        return replace(call, kept=state, gateway_request_id=state.decision_id)

    def _open(
        self, key: SealingKey, sealed: str, call: ApiCall, caller: GatewayCaller
    ) -> RequestState:
        if len(sealed) > LARGEST:
            raise NotOpenedError("too large")
        state, more = state_of_members(key.open(sealed))
        expires, bound = more.get("exp"), more.get("for")
        if not isinstance(expires, int) or self._clock.wall() >= expires:
            raise NotOpenedError("expired")
        if more.get("env") != self._environment or state.gateway != caller.gateway.id:
            raise NotOpenedError("of another environment or gateway")
        if not isinstance(bound, list) or _binding(call.method, call.url) not in bound:
            raise NotOpenedError("of another call")
        return state


def _binding(method: str, url: str) -> str:
    """A digest of method and URL, the same for each spelling that means the same call.

    Gateways write the port or not, and Kong's kit writes the query in any order.
    """
    found = canonical_url(url)
    query = sorted(
        [_decoded(name), _decoded(value)]
        for name, _, value in (pair.partition("=") for pair in found.query.split("&") if pair)
    )
    text = json.dumps([method, found.origin, found.path, query])
    # Half of the digest: whoever wants to step around it must break the seal anyway.
    return encode_base64url(sha256(text.encode()).digest()[:16])


def _decoded(text: str) -> str:
    # Octets that are no UTF-8 stay apart from each other.
    return unquote_plus(text, errors="surrogateescape")
