"""`gateways:` ► who may ask, and the credentials that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from deemster.gateways.credential_use import CredentialUse
from deemster.gateways.pep_auth import PepAuthenticator
from deemster.gateways.pep_credentials import (
    GatewayCertificate,
    GatewayCredentials,
    GatewaySecret,
)
from deemster.model.clock import Clock
from deemster.model.gateway import Gateway
from deemster.settings.model import AnonymousGatewaySettings, GatewaySettings, Settings
from deemster.settings.provider_model import VerifyingProviderSettings
from deemster.settings.secret import Secret, reread_secret
from deemster.tokens.gateway_tokens import GatewayToken, GatewayTokens
from deemster.tokens.provider import TokenProvider
from deemster.tokens.revocation import RevocationCheck

__all__ = [
    "build_authenticator",
    "credential_ids",
    "credentials_of",
    "gateway_of",
    "reread_credentials",
]


def build_authenticator(
    settings: Settings,
    credentials: tuple[GatewayCredentials, ...],
    *,
    clock: Clock,
    providers: Mapping[str, TokenProvider],
    revocations: RevocationCheck | None = None,
    use: CredentialUse | None = None,
) -> PepAuthenticator:
    """Raises ConfigurationError, e.g. where two gateways have one secret."""
    return PepAuthenticator(
        credentials,
        clock=clock,
        insecure_anonymous_gateway=_anonymous(settings.insecure_anonymous_gateway),
        access_tokens=_access_tokens(settings, clock, providers, revocations),
        use=use,
    )


def credential_ids(gateways: Iterable[GatewaySettings]) -> list[tuple[str, str]]:
    """(gateway, id) of everything that proves a gateway."""
    found = []
    for gateway in gateways:
        ids = [secret.id for secret in gateway.secrets]
        ids += [certificate.id for certificate in gateway.certificates]
        ids += [token.id for token in gateway.access_tokens]
        found += [(gateway.id, credential) for credential in ids]
    return found


def _access_tokens(
    settings: Settings,
    clock: Clock,
    providers: Mapping[str, TokenProvider],
    revocations: RevocationCheck | None,
) -> GatewayTokens | None:
    issuers = {
        provider.id: provider.issuer
        for provider in settings.token_providers
        if isinstance(provider, VerifyingProviderSettings)
    }
    tokens = [
        GatewayToken(
            id=token.id,
            gateway=gateway_of(gateway),
            provider=providers[token.provider],
            issuer=issuers[token.provider],
            audience=token.audience,
            client_id=token.client_id,
            subject=token.subject,
            scope=token.scope,
        )
        for gateway in settings.gateways
        for token in gateway.access_tokens
    ]
    if not tokens:
        return None
    return GatewayTokens(
        tokens, clock=clock, seconds=settings.deadlines.token, revocations=revocations
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
