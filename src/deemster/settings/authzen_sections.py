"""Reads `authzen`: where the service is known to those who ask questions of AuthZEN."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from deemster.settings.model import AuthzenSettings
from deemster.settings.scalars import parse_integer, parse_url
from deemster.settings.section import Section
from deemster.settings.service_sections import between

__all__ = ["read_authzen"]

# RFC 3986 3.3: segments that every reader takes as they are written.
_PATH = re.compile(r"(?:/[A-Za-z0-9_~.\-]+)*")
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")


def read_authzen(section: Section) -> AuthzenSettings:
    """`authzen:`"""
    url: str | None = section.optional("publicBaseUrl", _parse_public_url, None)
    most = section.optional("maxEvaluations", between(parse_integer, 1, 1000, str), 100)
    section.unsupported("signedMetadata", "search")
    section.finish()
    return AuthzenSettings(url, most)


def _parse_public_url(text: str) -> str:
    """Authorization API 1.0 section 9: https, no query, no fragment; clients compare it to the
    letter with what they were told."""
    parts = urlsplit(parse_url(text))
    if parts.scheme != "https":
        raise ValueError("expected an https URL: who is told of another one must not use it")
    if "?" in text or "#" in text or text != text.strip():
        raise ValueError("expected a URL without user, query and fragment")
    if text.endswith("/"):
        raise ValueError("expected no slash at its end: the well-known part goes before the path")
    if _PATH.fullmatch(parts.path) is None or _DOTS.search(parts.path) is not None:
        raise ValueError("expected plain segments in its path: letters, digits, `-`, `.`, `_`, `~`")
    return text
