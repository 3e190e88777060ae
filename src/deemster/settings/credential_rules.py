"""What holds between the credentials of gateways and the rest of the settings."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.settings.model import GatewaySettings, ListenerSettings, TlsSettings
from deemster.settings.provider_model import TokenProviderSettings, VerifyingProviderSettings
from deemster.settings.reading import Reading

__all__ = ["check_credentials"]

TOKEN_PROTOCOLS = ("authzen", "decision-endpoint")
# Their calls carry the end user's header fields beside the gateway's own.
FORWARDING = ("ext-authz-http", "forward-auth", "nginx", "traefik", "caddy", "haproxy")
_GRPC = "ext-authz-grpc"
_AUTHORIZATION = "authorization"
_NO_SECRET = {
    "connection": "it is framing",
    "content-length": "it is framing",
    "content-type": "it is the body's",
    "cookie": "it is the end user's",
    "host": "every call has one",
    "transfer-encoding": "it is framing",
}


def check_credentials(
    reading: Reading,
    gateways: list[tuple[GatewaySettings, str]],
    providers: Iterable[TokenProviderSettings],
    listeners: ListenerSettings,
) -> None:
    """`gateways`: each with its path."""
    by_id = {provider.id: provider for provider in providers}
    any_token = any(gateway.access_tokens for gateway, _ in gateways)
    for gateway, path in gateways:
        _check_header(reading, gateway, path, any_token=any_token)
        _check_certificates(reading, gateway, path, listeners)
        _check_tokens(reading, gateway, path, by_id)


def _check_header(
    reading: Reading, gateway: GatewaySettings, path: str, *, any_token: bool
) -> None:
    why = _NO_SECRET.get(gateway.secret_header)
    forwards = any(protocol in FORWARDING for protocol in gateway.protocols)
    if gateway.secret_header == _AUTHORIZATION and (any_token or forwards):
        why = "an access token or the end user's credential may stand there"
    if why is not None:
        reading.sink.error(
            Code.SETTING,
            f"`{gateway.secret_header}` cannot carry the secret: {why}",
            reading.span_of(f"{path}.secretHeader"),
        )


def _check_certificates(
    reading: Reading, gateway: GatewaySettings, path: str, listeners: ListenerSettings
) -> None:
    if not gateway.certificates:
        return
    spoken: dict[str, TlsSettings | None] = {}
    if gateway.protocols != {_GRPC}:
        spoken["decisions"] = listeners.decisions.tls
    if _GRPC in gateway.protocols and listeners.ext_authz is not None:
        spoken["extAuthz"] = listeners.ext_authz.tls
    if spoken and not any(tls is not None and tls.client_ca for tls in spoken.values()):
        listener = next(iter(spoken))
        reading.sink.error(
            Code.SETTING,
            "nobody can show a certificate to a listener that asks for none",
            reading.span_of(f"{path}.certificates"),
            help=f"write `listeners.{listener}.tls` with `clientCa`, the CA that issued it",
        )


def _check_tokens(
    reading: Reading,
    gateway: GatewaySettings,
    path: str,
    providers: dict[str, TokenProviderSettings],
) -> None:
    places = {
        value.shown: value.path.removesuffix("id")
        for value in reading.values
        if value.path.startswith(f"{path}.accessTokens[") and value.path.endswith("].id")
    }
    for token in gateway.access_tokens:
        span = reading.span_of(f"{places[token.id]}provider")
        provider = providers.get(token.provider)
        if provider is None:
            reading.sink.error(
                Code.SETTING,
                f"there is no token provider `{token.provider}`",
                span,
                help=did_you_mean(token.provider, list(providers)),
            )
        elif not isinstance(provider, VerifyingProviderSettings):
            reading.sink.error(
                Code.SETTING,
                f"token provider `{token.provider}` verifies no tokens: gateways assert its claims",
                span,
            )
        elif provider.keys is None:
            # Which provider a gateway's token is asked about is told by the issuer in it.
            means = "introspection" if provider.plugin is None else "a plug-in"
            reading.sink.error(
                Code.SETTING,
                f"token provider `{token.provider}` reads its tokens by {means}: a gateway proves "
                "itself by a JWT",
                span,
            )
    if not gateway.access_tokens:
        return
    others = sorted(gateway.protocols.difference(TOKEN_PROTOCOLS))
    if len(others) == len(gateway.protocols):
        message = "an access token proves a gateway only to " + " and ".join(
            f"`{protocol}`" for protocol in TOKEN_PROTOCOLS
        )
        reading.sink.error(
            Code.SETTING,
            message,
            reading.span_of(f"{path}.accessTokens"),
            help="elsewhere the Authorization header is the end user's",
        )
    elif others and not gateway.secrets and not gateway.certificates:
        reading.sink.error(
            Code.SETTING,
            f"`{others[0]}` takes no access token, and this gateway has nothing else",
            reading.span_of(f"{path}.protocols"),
            help="give it `secrets` or `certificates` as well",
        )
