"""Which gateway is this caller, by everything it presents (service.md 3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Mapping, Sequence
from typing import NoReturn

from deemster.errors import ConfigurationError, GatewayUnauthenticatedError
from deemster.gateways.credential_use import CredentialUse
from deemster.gateways.pep_credentials import (
    DEFAULT_SECRET_HEADER,
    MAX_SECRET_BYTES,
    MIN_SECRET_BYTES,
    TOKEN_PROTOCOLS,
    AccessTokens,
    GatewayCredentials,
    GatewaySecret,
    KnownCertificates,
    callers_by_header,
)
from deemster.model.certificate import PeerCertificate
from deemster.model.clock import Clock
from deemster.model.gateway import Gateway, GatewayCaller

__all__ = [
    "DEFAULT_SECRET_HEADER",
    "MAX_SECRET_BYTES",
    "MIN_SECRET_BYTES",
    "GatewayCredentials",
    "GatewaySecret",
    "PepAuthenticator",
]

Headers = Sequence[tuple[bytes, bytes]]


class PepAuthenticator:
    """Compares what the caller presents with every credential there is.

    Whatever is presented must be right, and all of it of one gateway: a wrong secret beside a
    right certificate is refused, and so is a certificate of another gateway, or of nobody where
    the gateway has certificates.

    Comparisons of secrets are of SHA-256 digests, in constant time and without an early exit, so
    that time tells neither how much of a guess was right nor whose secret it resembles
    (facts/security.md 1.5, T2).
    """

    def __init__(
        self,
        gateways: Sequence[GatewayCredentials],
        *,
        clock: Clock,
        insecure_anonymous_gateway: Gateway | None = None,
        access_tokens: AccessTokens | None = None,
        use: CredentialUse | None = None,
    ) -> None:
        """`insecure_anonymous_gateway` is who a caller that presents nothing is taken for.
        `use` is told of each credential that was accepted.

        Raises ConfigurationError naming the gateway and the credential's id, never a secret.
        """
        self._clock = clock
        self._anonymous = _anonymous_caller(insecure_anonymous_gateway)
        self._tokens = access_tokens
        self._use = use or CredentialUse()
        self._secrets = callers_by_header(gateways)
        self._certificates = KnownCertificates(gateways)

    def authenticate(
        self, headers: Headers, protocol: str, peer: PeerCertificate | None = None
    ) -> GatewayCaller | Awaitable[GatewayCaller]:
        """The caller, if it may use `protocol`, or what to await for it.

        `headers` have lower-case names; `peer` is the certificate of the TLS connection, its chain
        verified. Raises GatewayUnauthenticatedError, with one message whatever was wrong.
        """
        secrets = self._secrets
        presented = [field for field in headers if field[0] in secrets]
        return self._authenticated(presented, headers, protocol, peer)

    def authenticate_single(
        self,
        fields: Mapping[bytes, bytes],
        headers: Headers,
        protocol: str,
        peer: PeerCertificate | None,
    ) -> GatewayCaller | Awaitable[GatewayCaller]:
        """As `authenticate`, where each field came once; `fields` and `headers` are the same."""
        presented = [(name, fields[name]) for name in self._secrets if name in fields]
        return self._authenticated(presented, headers, protocol, peer)

    def _authenticated(
        self, presented: Headers, headers: Headers, protocol: str, peer: PeerCertificate | None
    ) -> GatewayCaller | Awaitable[GatewayCaller]:
        if self._tokens is not None and protocol in TOKEN_PROTOCOLS:
            return self._with_token(self._tokens, headers, presented, protocol, peer)
        caller = self._holder(presented)
        if peer is not None:
            caller = self._agreed(caller, peer, presented)
        elif not presented:
            caller = self._anonymous
        return self._entitled(caller, protocol)

    def become(self, other: PepAuthenticator) -> None:
        """Know the gateways and credentials that `other` knows, and no others, from here on."""
        # INVARIANT: no await in between, so that no caller is judged by some of each.
        self._secrets = other._secrets
        self._certificates = other._certificates
        self._tokens = other._tokens
        self._anonymous = other._anonymous

    def _entitled(self, caller: GatewayCaller | None, protocol: str) -> GatewayCaller:
        if caller is None or protocol not in caller.gateway.protocols:
            _refuse()
        self._use.note(caller, self._clock.wall())
        return caller

    def _holder(self, presented: Headers) -> GatewayCaller | None:
        """Whose secret it is; None where none was presented, or a wrong one."""
        # Two secrets are refused even where both are right: which gateway would it be.
        if len(presented) != 1 or len(presented[0][1]) > MAX_SECRET_BYTES:
            return None
        header, value = presented[0]
        digest = hashlib.sha256(value).digest()
        found = None
        for known, caller in self._secrets[header]:
            if hmac.compare_digest(known, digest):
                found = caller  # no early exit
        return found

    def _agreed(
        self, by_secret: GatewayCaller | None, peer: PeerCertificate, presented: Headers
    ) -> GatewayCaller | None:
        """Who it is by secret and certificate together; None where nothing proves anybody."""
        if presented and by_secret is None:
            _refuse()
        # A connection may live longer than the certificate that opened it.
        if self._clock.wall() >= peer.valid_until:
            _refuse("the certificate has expired")
        named = self._certificates.holders_of(peer)
        if len(named) > 1:
            _refuse("the certificate names two gateways")
        by_certificate = next(iter(named.values()), None)
        if by_secret is None:
            return by_certificate
        if by_certificate is None:
            self._check_not_another(by_secret, peer)
            return by_secret
        return _the_same(by_certificate, by_secret)

    def _check_not_another(self, caller: GatewayCaller, peer: PeerCertificate | None) -> None:
        if (
            peer is not None
            and self._certificates.expects(caller.gateway)
            and caller.gateway.id not in self._certificates.holders_of(peer)
        ):
            _refuse("the certificate is none of this gateway's")

    async def _with_token(
        self,
        tokens: AccessTokens,
        headers: Headers,
        presented: Headers,
        protocol: str,
        peer: PeerCertificate | None,
    ) -> GatewayCaller:
        sent = [value for name, value in headers if name == b"authorization"]
        try:
            caller = self._holder(presented)
            if peer is not None:
                caller = self._agreed(caller, peer, presented)
            elif caller is None and presented:
                _refuse()
            if sent:
                holder = await tokens.holder_of(_bearer_token(sent), peer)
                self._check_not_another(holder, peer)
                caller = holder if caller is None else _the_same(caller, holder)
            elif caller is None and peer is None:
                caller = self._anonymous
            return self._entitled(caller, protocol)
        except GatewayUnauthenticatedError as refused:
            error = ', error="invalid_token"' if sent else ""
            challenge = f'Bearer realm="deemster"{error}'
            raise GatewayUnauthenticatedError(
                _REFUSED, detail=refused.detail, challenge=challenge
            ) from None


def _the_same(one: GatewayCaller, other: GatewayCaller) -> GatewayCaller:
    if one.gateway.id != other.gateway.id:
        _refuse("two credentials of two gateways")
    return one


def _bearer_token(sent: Sequence[bytes]) -> str:
    if len(sent) != 1:
        _refuse("more than one Authorization header")
    # RFC 9110 11.1: the scheme's name is case-insensitive, one space follows it.
    scheme, _, token = sent[0].partition(b" ")
    if scheme.lower() != b"bearer" or not token or not token.isascii():
        _refuse("no bearer token in the Authorization header")
    return token.decode("ascii")


def _refuse(detail: str = "") -> NoReturn:
    raise GatewayUnauthenticatedError(_REFUSED, detail=detail)


def _anonymous_caller(gateway: Gateway | None) -> GatewayCaller | None:
    if gateway is None:
        return None
    if gateway.asserts or gateway.may_name_subjects:
        raise ConfigurationError(
            f"gateway `{gateway.id}`: a caller without a secret is never believed, so "
            "`insecureAnonymousGateway` goes with neither `asserts` nor `mayNameSubjects`"
        )
    return GatewayCaller(gateway, None)


_REFUSED = "the gateway is not authenticated"
