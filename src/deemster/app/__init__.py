"""The composition root: the only package that constructs, once, from the settings."""

from deemster.app.application import Application, build_application, new_id
from deemster.app.policies import policy_loader, provider_facts, source_facts
from deemster.app.providers import TokenProviders, build_token_providers
from deemster.app.users import build_user_resolver

__all__ = [
    "Application",
    "TokenProviders",
    "build_application",
    "build_token_providers",
    "build_user_resolver",
    "new_id",
    "policy_loader",
    "provider_facts",
    "source_facts",
]
