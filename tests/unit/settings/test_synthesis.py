"""Providers made up for a tree without settings never leave this process."""

from deemster.settings.provider_model import (
    AssertedProviderSettings,
    DevelopmentKeySource,
    VerifyingProviderSettings,
)
from deemster.settings.synthesis import NamedProvider, synthesise


def test_an_internal_provider_gets_a_key_of_its_own_and_an_issuer_of_nobody() -> None:
    (made,) = synthesise([NamedProvider("bizpro", internal=True, has_audience=True)])
    assert isinstance(made, VerifyingProviderSettings)
    assert made.keys == DevelopmentKeySource(None)
    assert made.issuer == "https://bizpro.invalid"
    assert made.directory == "synthetic"


def test_an_external_provider_takes_asserted_claims() -> None:
    (made,) = synthesise([NamedProvider("partners", internal=False, has_audience=False)])
    assert isinstance(made, AssertedProviderSettings)


def test_an_external_provider_of_a_service_with_an_audience_verifies() -> None:
    named = [
        NamedProvider("partners", internal=False, has_audience=False),
        NamedProvider("partners", internal=False, has_audience=True),
    ]
    (made,) = synthesise(named)
    assert isinstance(made, VerifyingProviderSettings)
    assert (made.internal, made.directory) == (False, None)


def test_each_provider_is_made_once_in_order_of_ids() -> None:
    named = [
        NamedProvider("b", internal=True, has_audience=True),
        NamedProvider("a", internal=True, has_audience=True),
        NamedProvider("b", internal=True, has_audience=True),
    ]
    assert [made.id for made in synthesise(named)] == ["a", "b"]
