"""Reads `directories[].claims`: the user as the verified token tells of it."""

from __future__ import annotations

from deemster.settings.directory_model import ClaimsDirectorySettings
from deemster.settings.section import Section
from deemster.settings.user_mapping_sections import read_user_mapping

__all__ = ["read_claims_directory"]


def read_claims_directory(section: Section) -> ClaimsDirectorySettings | None:
    """`groups`, `roles`, `attributes`: which claim says it."""
    mapping = read_user_mapping(section)
    section.finish()
    return ClaimsDirectorySettings(mapping)
