"""Does this caller hold a right shared secret, and which gateway is it then (service.md 3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from deemster.errors import ConfigurationError, GatewayUnauthenticatedError
from deemster.model.gateway import Gateway, GatewayCaller

__all__ = [
    "DEFAULT_SECRET_HEADER",
    "MAX_SECRET_BYTES",
    "MIN_SECRET_BYTES",
    "GatewayCredentials",
    "GatewaySecret",
    "PepAuthenticator",
]

DEFAULT_SECRET_HEADER = "client-token"  # noqa: S105 - the name of a header field
MIN_SECRET_BYTES = 32
MAX_SECRET_BYTES = 8192
"""Room for a signed JWT, which is what some gateways are given; bounds what a stranger makes us
digest."""


@dataclass(frozen=True, slots=True)
class GatewaySecret:
    """One live secret; several are live while one is being replaced. `id` is for the record."""

    id: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GatewayCredentials:
    """A gateway, and each secret that proves it."""

    gateway: Gateway
    secrets: tuple[GatewaySecret, ...]


class PepAuthenticator:
    """Compares the caller's secret with every secret there is.

    Comparisons are of SHA-256 digests, in constant time and without an early exit, so that time
    tells neither how much of a guess was right nor whose secret it resembles (facts/security.md
    1.5, T2).
    """

    def __init__(
        self,
        gateways: Sequence[GatewayCredentials],
        *,
        header: str = DEFAULT_SECRET_HEADER,
        insecure_anonymous_gateway: Gateway | None = None,
    ) -> None:
        """`insecure_anonymous_gateway` is who a caller without the header is taken for.

        Raises ConfigurationError naming the gateway and the secret's id, never the secret.
        """
        self._header = header.lower().encode("ascii")
        self._anonymous = _anonymous_caller(insecure_anonymous_gateway)
        self._callers = _callers_by_digest(gateways)

    def authenticate(self, headers: Sequence[tuple[bytes, bytes]], protocol: str) -> GatewayCaller:
        """The caller, if it may use `protocol`; `headers` have lower-case names.

        Raises GatewayUnauthenticatedError, with one message whatever was wrong.
        """
        presented = [value for name, value in headers if name == self._header]
        caller = self._caller_of(presented)
        if caller is None or protocol not in caller.gateway.protocols:
            raise GatewayUnauthenticatedError("the gateway is not authenticated")
        return caller

    def replace_secrets(self, gateways: Sequence[GatewayCredentials]) -> None:
        """Take these secrets in place of the others: all of them, or (ConfigurationError) none."""
        self._callers = _callers_by_digest(gateways)

    def _caller_of(self, presented: list[bytes]) -> GatewayCaller | None:
        if not presented:
            return self._anonymous
        # Two secrets are refused even where both are right: which gateway would it be.
        if len(presented) != 1 or len(presented[0]) > MAX_SECRET_BYTES:
            return None
        digest = hashlib.sha256(presented[0]).digest()
        found = None
        for known, caller in self._callers:
            if hmac.compare_digest(known, digest):
                found = caller  # no early exit
        return found


def _callers_by_digest(
    gateways: Sequence[GatewayCredentials],
) -> tuple[tuple[bytes, GatewayCaller], ...]:
    callers: dict[bytes, GatewayCaller] = {}
    for credentials in gateways:
        gateway = credentials.gateway
        for secret in credentials.secrets:
            digest = hashlib.sha256(_usable(secret, gateway)).digest()
            other = callers.get(digest)
            if other is not None:
                raise ConfigurationError(
                    f"gateway `{gateway.id}`: secret `{secret.id}` is also secret "
                    f"`{other.secret_id}` of gateway `{other.gateway.id}`"
                )
            callers[digest] = GatewayCaller(gateway, secret.id)
    return tuple(callers.items())


def _usable(secret: GatewaySecret, gateway: Gateway) -> bytes:
    place = f"gateway `{gateway.id}`: secret `{secret.id}`"
    value = secret.value
    if not value.isascii() or not value.isprintable() or value != value.strip():
        # RFC 9110 5.5: anything else would reach us changed, or not at all.
        raise ConfigurationError(
            f"{place} must be printable ASCII without spaces at its ends: it is sent as a header"
        )
    if not MIN_SECRET_BYTES <= len(value) <= MAX_SECRET_BYTES:
        raise ConfigurationError(
            f"{place} has {len(value)} bytes, it must have at least {MIN_SECRET_BYTES} and at "
            f"most {MAX_SECRET_BYTES}"
        )
    return value.encode("ascii")


def _anonymous_caller(gateway: Gateway | None) -> GatewayCaller | None:
    if gateway is None:
        return None
    if gateway.asserts or gateway.may_name_subjects:
        raise ConfigurationError(
            f"gateway `{gateway.id}`: a caller without a secret is never believed, so "
            "`insecureAnonymousGateway` goes with neither `asserts` nor `mayNameSubjects`"
        )
    return GatewayCaller(gateway, None)
