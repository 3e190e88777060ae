"""When each credential of a gateway was last good, so that an operator sees which may go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from deemster.model.gateway import GatewayCaller

__all__ = ["CredentialUse"]

Credential = tuple[str, str]
"""Gateway and id of a secret, certificate or access token, as in the settings."""


class CredentialUse:
    """Seconds since 1970 by credential; bounded by the settings, because only those are kept."""

    __slots__ = ("_at",)

    def __init__(self, known: Iterable[Credential] = ()) -> None:
        self._at: dict[tuple[str, str | None], float] = dict.fromkeys(known, 0.0)

    def note(self, caller: GatewayCaller, now: float) -> None:
        """This credential was accepted."""
        key = (caller.gateway.id, caller.secret_id)
        if key in self._at:
            self._at[key] = now

    def know(self, known: Iterable[Credential]) -> None:
        """These there are from here on; what is known of those that stay is kept."""
        self._at = {key: self._at.get(key, 0.0) for key in known}

    @property
    def times(self) -> Mapping[tuple[str, str | None], float]:
        """0 where a credential was not used since the service started."""
        return MappingProxyType(self._at)
