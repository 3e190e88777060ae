"""`deemster token`: mint with a provider's development key, and with no other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.arguments import RequiredConfigOption, minted_claims
from deemster.cli.trees import chosen_paths, load_chosen_tree
from deemster.errors import ConfigurationError
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import did_you_mean
from deemster.settings import Settings, load_settings, process_environment
from deemster.settings.provider_model import DevelopmentKeySource, VerifyingProviderSettings
from deemster.tokens.development_key import DevelopmentKey

__all__ = ["development_token", "token"]

CLIENT_ID = "deemster-cli"


def token(
    provider: Annotated[str, typer.Option("--provider", help="Id of a token provider.")],
    sub: Annotated[
        str | None, typer.Option("--sub", help="The user; without it a client's token.")
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="Scopes, separated by spaces.")
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option("--claim", metavar="NAME=VALUE", help="A further claim; JSON or text."),
    ] = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(
            "--audience",
            help="Default: the audiences of the provider's API services.",
            show_default=False,
        ),
    ] = None,
    lifetime: Annotated[int, typer.Option("--lifetime", min=1, help="Seconds.")] = 3600,
    config: RequiredConfigOption = Path("deemster.yaml"),
) -> None:
    """Print a token of a provider whose keys are `insecureDevelopmentKey`."""
    settings = load_settings(config, process_environment())
    claims = minted_claims(sub, scope, claim or ())
    now = int(SystemClock().wall())
    print(
        development_token(
            settings,
            provider,
            {"iat": now, "exp": now + lifetime, **claims},
            audience=tuple(audience or _audiences(settings, provider)),
        )
    )


def development_token(
    settings: Settings, provider_id: str, claims: dict[str, object], *, audience: tuple[str, ...]
) -> str:
    """A token with `iss`, `aud` and `client_id` unless `claims` has them.

    Raises ConfigurationError where the provider has no development key.
    """
    providers = {provider.id: provider for provider in settings.token_providers}
    provider = providers.get(provider_id)
    if provider is None:
        near = did_you_mean(provider_id, providers) or f"known: {', '.join(sorted(providers))}"
        raise ConfigurationError(f"there is no token provider `{provider_id}`; {near}")
    if not isinstance(provider, VerifyingProviderSettings) or not isinstance(
        provider.keys, DevelopmentKeySource
    ):
        raise ConfigurationError(
            f"provider `{provider_id}` has no `insecureDevelopmentKey`: only the one who holds "
            "its keys can mint its tokens"
        )
    key = asyncio.run(_development_keys(settings))[provider_id]
    return key.mint(
        {
            "iss": provider.issuer,
            **({"aud": audience[0] if len(audience) == 1 else list(audience)} if audience else {}),
            "client_id": CLIENT_ID,
            **claims,
        }
    )


async def _development_keys(settings: Settings) -> Mapping[str, DevelopmentKey]:
    from deemster.app import build_token_providers  # slow to import

    providers = build_token_providers(settings.token_providers, SystemClock())
    await providers.close()
    return providers.development_keys


def _audiences(settings: Settings, provider_id: str) -> tuple[str, ...]:
    loaded = load_chosen_tree(chosen_paths(None, settings), settings)
    found = {
        service.audience
        for service in loaded.snapshot.services.values()
        if service.provider_id == provider_id and service.audience is not None
    }
    return tuple(sorted(found))
