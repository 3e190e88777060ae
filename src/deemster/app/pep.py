"""`gateways:` ► who may ask, and the credentials that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deemster.gateways.pep_auth import PepAuthenticator
from deemster.gateways.pep_credentials import (
    AccessTokens,
    GatewayCertificate,
    GatewayCredentials,
    GatewaySecret,
)
from deemster.model.clock import Clock
from deemster.model.gateway import Gateway
from deemster.settings.model import AnonymousGatewaySettings, GatewaySettings, Settings
from deemster.settings.secret import Secret, reread_secret

__all__ = ["build_authenticator", "credentials_of", "gateway_of", "reread_credentials"]


def build_authenticator(
    settings: Settings,
    credentials: tuple[GatewayCredentials, ...],
    *,
    clock: Clock,
    access_tokens: AccessTokens | None = None,
) -> PepAuthenticator:
    """Raises ConfigurationError, e.g. where two gateways have one secret."""
    return PepAuthenticator(
        credentials,
        clock=clock,
        insecure_anonymous_gateway=_anonymous(settings.insecure_anonymous_gateway),
        access_tokens=access_tokens,
    )


def credentials_of(gateways: Iterable[GatewaySettings]) -> tuple[GatewayCredentials, ...]:
    """With the secrets as they were when the settings were read."""
    return _credentials(gateways, lambda secret: secret)


def reread_credentials(gateways: Iterable[GatewaySettings]) -> tuple[GatewayCredentials, ...]:
    """With the secrets as their files have them now. Raises ConfigurationError."""
    return _credentials(gateways, reread_secret)


def _credentials(
    gateways: Iterable[GatewaySettings], current: Callable[[Secret], Secret]
) -> tuple[GatewayCredentials, ...]:
    return tuple(
        [
            GatewayCredentials(
                gateway_of(gateway),
                tuple(
                    [
                        GatewaySecret(item.id, current(item.value).reveal())
                        for item in gateway.secrets
                    ]
                ),
                gateway.secret_header,
                tuple(
                    [
                        GatewayCertificate(item.id, item.san, item.spki)
                        for item in gateway.certificates
                    ]
                ),
            )
            for gateway in gateways
        ]
    )


def gateway_of(settings: GatewaySettings) -> Gateway:
    """What this gateway may do."""
    return Gateway(
        id=settings.id,
        protocols=settings.protocols,
        api_services=settings.api_services,
        asserts=settings.asserts,
        claims=settings.claims,
        may_name_subjects=settings.may_name_subjects,
    )


def _anonymous(settings: AnonymousGatewaySettings | None) -> Gateway | None:
    if settings is None:
        return None
    return Gateway(
        id=settings.id,
        protocols=settings.protocols,
        api_services=settings.api_services,
        claims=settings.claims,
    )
