"""Reads `shared` and `revocations`: what processes and replicas know together, and how fresh."""

from __future__ import annotations

import re

from deemster.settings.model import RevocationSettings, SharedSettings
from deemster.settings.reading import one_of
from deemster.settings.scalars import parse_duration, parse_id, shown_duration
from deemster.settings.section import Section
from deemster.settings.service_sections import between

__all__ = ["read_revocation_settings", "read_shared"]

# `redis://host:port/0`; whatever has a password is a secret.
_PLAIN_URL = re.compile(r"(?:rediss?://|unix://)[^@]*")


def read_shared(root: Section) -> SharedSettings | None:
    """`shared:`, None where there is none or after an error."""
    if not root.has("shared"):
        root.take("shared")
        return None
    section = root.section("shared")
    url = section.secret("url", literal=lambda text: _PLAIN_URL.fullmatch(text) is not None)
    prefix = section.optional("prefix", parse_id, "deemster")
    timeout = section.optional(
        "timeout",
        between(parse_duration, 0.01, 5.0, shown_duration),
        0.1,
        shown=shown_duration,
    )
    section.finish()
    return None if url is None else SharedSettings(url, prefix, timeout)


def read_revocation_settings(section: Section) -> RevocationSettings:
    """`revocations:`"""
    refresh = section.optional(
        "refresh", between(parse_duration, 0.1, 60.0, shown_duration), 1.0, shown=shown_duration
    )
    max_stale = section.optional(
        "maxStale", between(parse_duration, 1.0, 3600.0, shown_duration), 60.0, shown=shown_duration
    )
    when_stale = section.optional("whenStale", one_of(("deny", "serve")), "deny")
    section.finish()
    return RevocationSettings(refresh, max_stale, when_stale == "serve")
