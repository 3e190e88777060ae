"""How long can it still permit? Derived from the effective settings, and from nothing else.

Each row is a bound: what was taken back is permitted for at most that long by this service, if the
world goes well and, where that differs, if what it asks is away meanwhile. One test a row drives
the service over the bound on a fake clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deemster.settings.directory_model import (
    ClaimsDirectorySettings,
    DirectorySettings,
    SqlDirectory,
    StaticDirectory,
)
from deemster.settings.model import Settings
from deemster.settings.policy_model import PolicySettings, WhenTooOld
from deemster.settings.provider_model import (
    DiscoveredKeySource,
    PublishedKeySource,
    VerifyingProviderSettings,
)

__all__ = ["Bound", "staleness_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`what` of `whose` is permitted for at most `seconds` after it was taken back.

    None: nothing in the settings bounds it, and `why` says what does. `in_outage`: the same while
    what it asks does not answer.
    """

    what: str
    whose: str
    seconds: float | None
    in_outage: float | None
    why: str


def staleness_of(settings: Settings) -> list[Bound]:
    """In the order of the settings."""
    found = []
    for provider in settings.token_providers:
        if isinstance(provider, VerifyingProviderSettings):
            found += [*_of_tokens(settings, provider), _proof(provider)]
    for directory in settings.directories:
        found += list(_of_users(directory))
    found += list(_of_files(settings))
    return found


def _of_tokens(settings: Settings, provider: VerifyingProviderSettings) -> Iterator[Bound]:
    introspection = provider.introspection
    if provider.plugin is not None:
        yield _of_plugin(provider)
        if provider.revocation_kept is not None:
            yield _revoked(settings, provider)
        return
    if introspection is None:
        yield _revoked(settings, provider)
        yield _removed_key(provider)
        return
    yield Bound(
        what="a token that its issuer revoked",
        whose=f"token provider `{provider.id}`",
        seconds=introspection.cache,
        in_outage=introspection.cache,
        why="`introspection.cache`; what the endpoint said is not kept for longer in its outage",
    )
    if provider.revocation_kept is not None:
        yield _revoked(settings, provider)


def _of_plugin(provider: VerifyingProviderSettings) -> Bound:
    return Bound(
        what="a token that its plug-in no longer takes",
        whose=f"token provider `{provider.id}`",
        seconds=0.0,
        in_outage=0.0,
        why="it is asked about each token; what it keeps itself, it must tell",
    )


def _revoked(settings: Settings, provider: VerifyingProviderSettings) -> Bound:
    whose = f"token provider `{provider.id}`"
    if provider.revocation_kept is None:
        return Bound(
            what="a revoked token",
            whose=whose,
            seconds=None,
            in_outage=None,
            why=f"until its `exp` and `skew` ({provider.skew:g} s): no `revocation` is written",
        )
    wanted = settings.revocations
    stale = None if wanted.serve_stale else wanted.max_stale
    return Bound(
        what="a revoked token",
        whose=whose,
        seconds=wanted.refresh,
        in_outage=stale,
        why="`revocations.refresh`; without the shared store "
        + ("as long as it is away" if stale is None else "`revocations.maxStale`"),
    )


def _removed_key(provider: VerifyingProviderSettings) -> Bound:
    whose = f"token provider `{provider.id}`"
    if isinstance(provider.keys, DiscoveredKeySource | PublishedKeySource):
        return Bound(
            what="a token of a key that was removed",
            whose=whose,
            seconds=provider.fetching.refresh + provider.fetching.cool_down,
            in_outage=provider.fetching.max_stale + provider.fetching.cool_down,
            why="`keys.refresh` and `keys.coolDown`; in an outage of the issuer `keys.maxStale` "
            "and `keys.coolDown`",
        )
    return Bound(
        what="a token of a key that was removed",
        whose=whose,
        seconds=None,
        in_outage=None,
        why="until the service is started again: keys of a file are read at the start",
    )


def _proof(provider: VerifyingProviderSettings) -> Bound:
    rules = provider.senders
    return Bound(
        what="a stolen proof that was not used",
        whose=f"token provider `{provider.id}`",
        seconds=rules.lifetime + 2 * provider.skew,
        in_outage=None,
        why="`dpop.lifetime` and `skew` either way; a used one not at all",
    )


def _of_users(directory: DirectorySettings) -> Iterator[Bound]:
    whose = f"directory `{directory.id}`"
    if isinstance(directory.source, StaticDirectory):
        yield Bound(
            what="a disabled user, or a group that was left",
            whose=whose,
            seconds=None,
            in_outage=None,
            why="until the service is started again: its users stand in the settings",
        )
        return
    if isinstance(directory.source, ClaimsDirectorySettings):
        yield Bound(
            what="a disabled user, or a group that was left",
            whose=whose,
            seconds=None,
            in_outage=None,
            why="until the token's `exp` and `skew`: what is believed stands in the token",
        )
        return
    yield Bound(
        what="a disabled user, or a group that was left",
        whose=whose,
        seconds=directory.cache,
        in_outage=directory.cache,
        why="`cache`; what the directory said is not kept for longer in its outage"
        + (
            "; as a rule at once, because its database tells of changes"
            if isinstance(directory.source, SqlDirectory) and directory.source.notify
            else ""
        ),
    )


def _of_policies(policies: PolicySettings) -> Bound:
    what, whose = "a call that a new policy denies", "policies"
    bundle = policies.bundle
    if bundle is not None:
        denies = bundle.when_too_old is WhenTooOld.DENY
        return Bound(
            what=what,
            whose=whose,
            # Replicas do not ask together: each pause is longer or shorter by a tenth at most.
            seconds=1.1 * bundle.poll,
            in_outage=bundle.maximum_age + 1.0 if denies else None,
            why="`bundle.poll`; in an outage of its source "
            + (
                "`bundle.maximumAge`, and not beyond the bundle's own end"
                if denies
                else f"as long as it is away: `whenTooOld` is `{bundle.when_too_old.value}`"
            ),
        )
    if policies.watch:
        return Bound(
            what=what,
            whose=whose,
            seconds=None,
            in_outage=None,
            why="until a change of the tree has come to rest, which is looked for 4 times a second",
        )
    return Bound(
        what=what,
        whose=whose,
        seconds=None,
        in_outage=None,
        why="until SIGHUP, and then at once",
    )


def _of_files(settings: Settings) -> Iterator[Bound]:
    yield _of_policies(settings.policies)
    yield Bound(
        what="a gateway whose secret was withdrawn",
        whose="gateways",
        seconds=None,
        in_outage=None,
        why="until SIGHUP, and then at once",
    )
