"""`gateways:` ► who may ask, and the secrets that prove it."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.gateways.pep_auth import (
    DEFAULT_SECRET_HEADER,
    GatewayCredentials,
    GatewaySecret,
    PepAuthenticator,
)
from deemster.model.gateway import Gateway
from deemster.settings.model import AnonymousGatewaySettings, GatewaySettings, Settings
from deemster.settings.secret import reread_secret

__all__ = ["build_authenticator", "credentials_of", "reread_credentials"]


def build_authenticator(
    settings: Settings, credentials: tuple[GatewayCredentials, ...]
) -> PepAuthenticator:
    """Raises ConfigurationError, e.g. where two gateways have one secret."""
    headers = {gateway.secret_header for gateway in settings.gateways}
    return PepAuthenticator(
        credentials,
        # The settings have refused different headers.
        header=next(iter(headers), DEFAULT_SECRET_HEADER),
        insecure_anonymous_gateway=_anonymous(settings.insecure_anonymous_gateway),
    )


def credentials_of(gateways: Iterable[GatewaySettings]) -> tuple[GatewayCredentials, ...]:
    """With the secrets as they were when the settings were read."""
    return tuple(
        [
            GatewayCredentials(
                _gateway(gateway),
                tuple([GatewaySecret(item.id, item.value.reveal()) for item in gateway.secrets]),
            )
            for gateway in gateways
        ]
    )


def reread_credentials(gateways: Iterable[GatewaySettings]) -> tuple[GatewayCredentials, ...]:
    """With the secrets as their files have them now. Raises ConfigurationError."""
    return tuple(
        [
            GatewayCredentials(
                _gateway(gateway),
                tuple(
                    [
                        GatewaySecret(item.id, reread_secret(item.value).reveal())
                        for item in gateway.secrets
                    ]
                ),
            )
            for gateway in gateways
        ]
    )


def _gateway(settings: GatewaySettings) -> Gateway:
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
