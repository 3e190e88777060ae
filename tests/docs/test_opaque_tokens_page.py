"""docs/opaque-tokens.md: its settings load, its defaults and reasons are those of the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from deemster.app import build_token_providers
from deemster.model.decision import Reason
from deemster.settings import load_settings
from deemster.settings.model import Settings
from deemster.settings.provider_model import (
    CertificateAuthentication,
    IntrospectionSettings,
    KeyAuthentication,
    SecretAuthentication,
    VerifyingProviderSettings,
)
from deemster.tokens.introspection import IntrospectingProvider
from deemster.tokens.introspection_counters import IntrospectionOutcome
from tests.support.certificates import Authority
from tests.support.clock import FrozenClock
from tests.support.markdown import code_blocks, sections
from tests.support.page_settings import ENVIRON, with_a_directory

PAGE = (Path(__file__).parents[2] / "docs" / "opaque-tokens.md").read_text("utf-8")
PARTS = sections(PAGE)
(SETTINGS,) = code_blocks(PAGE, "yaml")


@dataclass(frozen=True)
class Loaded:
    settings: Settings

    def of(self, provider_id: str) -> IntrospectionSettings:
        for provider in self.settings.token_providers:
            if provider.id == provider_id:
                assert isinstance(provider, VerifyingProviderSettings)
                assert provider.introspection is not None
                return provider.introspection
        raise AssertionError(provider_id)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    (tmp_path / "client-secret").write_text("a client secret", encoding="utf-8")
    authority = Authority(tmp_path, "bank-ca")
    ours = authority.issue("deemster")
    ours.key.rename(tmp_path / "deemster-key.pem")
    return Loaded(load_settings(with_a_directory(tmp_path, SETTINGS), ENVIRON))


async def test_the_settings_of_the_page_make_providers(loaded: Loaded) -> None:
    providers = build_token_providers(loaded.settings.token_providers, FrozenClock())
    assert [type(provider) for provider in providers.by_id.values()] == [IntrospectingProvider] * 3
    await providers.close()


def test_the_settings_of_the_page_mean_what_it_says(loaded: Loaded) -> None:
    assert loaded.of("staff").url == "https://staff.example.com/introspect"
    assert isinstance(loaded.of("staff").auth, SecretAuthentication)
    assert loaded.of("partners").url is None
    assert isinstance(loaded.of("partners").auth, KeyAuthentication)
    assert isinstance(loaded.of("bank").auth, CertificateAuthentication)
    assert loaded.of("bank").audience_by_endpoint
    assert loaded.of("bank").cache == 0


def test_the_defaults_of_the_table_are_those_of_the_settings(loaded: Loaded) -> None:
    found = loaded.of("staff")
    told = dict(re.findall(r"^\| (`[^|]+`) \|.*\| ([^|]+) \|$", PAGE, re.M))
    assert told["`audience`"] == "`answer`"
    assert not found.audience_by_endpoint
    assert (told["`allowPrivate`"], found.allow_private) == ("`false`", False)
    assert told["`cache`"] == f"`{found.cache:g}s`"
    assert told["`negativeCache`"] == f"`{found.negative_cache:g}s`"
    assert told["`timeout`"] == f"`{found.timeout * 1000:g}ms`"
    assert told["`concurrency`"] == f"`{found.concurrency}`"
    assert told["`breaker.failures`, `breaker.openFor`"] == (
        f"`{found.failures}`, `{found.open_for:g}s`"
    )


def test_every_reason_and_outcome_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(token-[a-z-]+|binding-[a-z-]+|dependency-[a-z-]+)`", PAGE))
    assert named <= {reason.value for reason in Reason}
    assert len(named) == 9
    for outcome in IntrospectionOutcome:
        assert f"`{outcome.value}`" in PARTS["How long a revoked token is still permitted"]
