"""The composition root: the only package that constructs, once, from the settings."""

from deemster.app.application import Application, build_application, new_id
from deemster.app.policies import provider_facts
from deemster.app.providers import TokenProviders, build_token_providers
from deemster.app.sources import SourcesOfSettings, build_attribute_sources, source_facts
from deemster.app.users import build_user_resolver

__all__ = [
    "Application",
    "SourcesOfSettings",
    "TokenProviders",
    "build_application",
    "build_attribute_sources",
    "build_token_providers",
    "build_user_resolver",
    "new_id",
    "provider_facts",
    "source_facts",
]
