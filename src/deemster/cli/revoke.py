"""`deemster revoke`: tokens that are not to be believed any more, in the store that all share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from deemster.app.shared import open_store
from deemster.cli.arguments import FormatOption, RequiredConfigOption
from deemster.cli.output import OutputFormat, print_json
from deemster.errors import ConfigurationError
from deemster.model.clock import SystemClock
from deemster.policy.diagnostics import did_you_mean
from deemster.policytest.printable import printable
from deemster.settings import Settings, load_settings, process_environment
from deemster.settings.provider_model import VerifyingProviderSettings
from deemster.settings.scalars import parse_duration
from deemster.sharedstate.redis_store import RedisStore
from deemster.sharedstate.revocations import (
    LONGEST_VALUE,
    Kind,
    Revocation,
    read_revocations,
    remove_revocation,
    write_revocation,
)

__all__ = ["revoke"]

T = TypeVar("T")


def revoke(
    provider: Annotated[
        str | None, typer.Option("--provider", help="Whose tokens: id of a token provider.")
    ] = None,
    jti: Annotated[str | None, typer.Option("--jti", help="One token, by its `jti`.")] = None,
    sub: Annotated[
        str | None, typer.Option("--sub", help="All tokens of a subject issued until now.")
    ] = None,
    sid: Annotated[
        str | None, typer.Option("--sid", help="All tokens of a session issued until now.")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            help="How long it is kept. Default: the provider's `revocation.keep`.",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="For whoever reads the list.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take a revocation back.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Show what is in force.")] = False,
    config: RequiredConfigOption = Path("deemster.yaml"),
    output_format: FormatOption = OutputFormat.TEXT,
) -> None:
    """Revoke tokens before they expire; services see it within `revocations.refresh`."""
    settings = load_settings(config, process_environment())
    given: dict[Kind, str | None] = {"jti": jti, "sub": sub, "sid": sid}
    named = [(kind, value) for kind, value in given.items() if value is not None]
    if show:
        if named:
            raise typer.BadParameter("`--list` shows all of them: name none")
        _list(settings, provider, output_format)
        return
    if len(named) != 1:
        raise typer.BadParameter("name one of `--jti`, `--sub` and `--sid`, or `--list`")
    ((kind, value),) = named
    kept = _kept(settings, provider)
    if not 0 < len(value) <= LONGEST_VALUE:
        raise typer.BadParameter(f"`--{kind}` has 1 to {LONGEST_VALUE} characters")
    if undo:
        _undo(settings, str(provider), kind, value)
        return
    now = SystemClock().wall()
    until = now + (kept if keep is None else _duration(keep))
    entry = Revocation(str(provider), kind, value, now, until, reason)
    _with_store(settings, lambda store: write_revocation(store, entry, now))
    print(f"revoked until {_shown(until)}")


def _undo(settings: Settings, provider: str, kind: Kind, value: str) -> None:
    if not _with_store(settings, lambda store: remove_revocation(store, provider, kind, value)):
        raise ConfigurationError(f"nothing is revoked for this `{kind}`")
    print("taken back")


def _list(settings: Settings, provider: str | None, output_format: OutputFormat) -> None:
    now = SystemClock().wall()
    found = _with_store(settings, lambda store: read_revocations(store, now))
    entries = [entry for entry in found if provider in (None, entry.provider)]
    if output_format is OutputFormat.JSON:
        print_json(
            [
                {
                    "provider": entry.provider,
                    entry.kind: entry.value,
                    "issuedUntil": _shown(entry.before),
                    "until": _shown(entry.until),
                    "reason": entry.reason,
                }
                for entry in entries
            ]
        )
        return
    for entry in entries:
        told = f"  {entry.reason}" if entry.reason else ""
        print(
            printable(
                f"{entry.provider}  {entry.kind} {entry.value}  until {_shown(entry.until)}{told}"
            )
        )


def _kept(settings: Settings, provider: str | None) -> float:
    """How long revocations of the provider are kept. Raises ConfigurationError."""
    kept = {
        found.id: found.revocation_kept
        for found in settings.token_providers
        if isinstance(found, VerifyingProviderSettings)
    }
    if provider not in kept:
        near = "" if provider is None else did_you_mean(provider, kept)
        known = near or f"`--provider` is one of: {', '.join(sorted(kept))}"
        raise ConfigurationError(f"there is no token provider `{provider}`; {known}")
    seconds = kept[provider]
    if seconds is None:
        raise ConfigurationError(
            f"nobody looks up revocations of `{provider}`: write `revocation: {{keep: 24h}}` there"
        )
    return seconds


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"`--for`: {error}") from None


def _with_store(settings: Settings, use: Callable[[RedisStore], Awaitable[T]]) -> T:
    """Raises ConfigurationError where there is no store, DependencyUnavailableError."""

    async def run() -> T:
        store = open_store(settings, SystemClock())
        if store is None:
            raise ConfigurationError(
                "revocations need a store that all processes share: write `shared: {url: …}`"
            )
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _shown(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
