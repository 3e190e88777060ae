"""docs/token-providers.md: its settings mean what it says, its defaults are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

from deemster.app import build_token_providers
from deemster.model.clock import SystemClock
from deemster.settings import Settings, load_settings
from deemster.settings.provider_model import (
    InlineKeySource,
    KeyFetchingSettings,
    VerifyingProviderSettings,
)
from deemster.tokens.several_issuers import SeveralIssuers
from tests.support.markdown import code_blocks
from tests.support.page_settings import ENVIRON, with_a_directory

PAGE = (Path(__file__).parents[2] / "docs" / "token-providers.md").read_text("utf-8")


def settings(folder: Path, text: str) -> Settings:
    return load_settings(with_a_directory(folder, text), ENVIRON)


def verifying(found: Settings) -> dict[str, VerifyingProviderSettings]:
    return {
        provider.id: provider
        for provider in found.token_providers
        if isinstance(provider, VerifyingProviderSettings)
    }


def test_the_settings_of_the_page_mean_what_it_says(tmp_path: Path) -> None:
    (text,) = code_blocks(PAGE, "yaml")
    found = verifying(settings(tmp_path, text))
    assert found["staff"].fetching == KeyFetchingSettings(300.0, 30.0, 43_200.0)
    assert found["staff"].longest_life == 3600.0
    assert found["lab"].fetching.allow_private
    assert isinstance(found["devices"].keys, InlineKeySource)
    assert [one.issuer for one in found["partners"].other_issuers] == ["https://two.example.com"]


async def test_providers_are_built_of_them(tmp_path: Path) -> None:
    (text,) = code_blocks(PAGE, "yaml")
    built = build_token_providers(settings(tmp_path, text).token_providers, SystemClock())
    assert isinstance(built.by_id["partners"], SeveralIssuers)
    assert set(built.by_id) == {"staff", "lab", "devices", "partners"}
    await built.close()


def test_the_defaults_of_the_table_are_those_of_the_settings(tmp_path: Path) -> None:
    text = """
tokenProviders:
  - id: staff
    type: internal
    issuer: https://staff.example.com
    keys: {discovery: true}
    directory: people
"""
    provider = verifying(settings(tmp_path, text))["staff"]
    told = dict(re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]+) \|$", PAGE, re.M))
    fetching = provider.fetching
    assert told["keys.refresh"] == f"`{fetching.refresh:g}s`"
    assert told["keys.coolDown"] == f"`{fetching.cool_down:g}s`"
    assert told["keys.maxStale"] == f"`{fetching.max_stale:g}s`"
    assert told["keys.allowPrivate"] == f"`{str(fetching.allow_private).lower()}`"
    assert told["algorithms"] == ", ".join(f"`{name}`" for name in provider.algorithms)
    assert told["tokenType"] == f"`{provider.token_type}`"
    assert told["skew"] == f"`{provider.skew:g}s`"
    assert provider.longest_life is None
