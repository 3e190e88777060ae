"""Reads `directories`: where the users of internal providers are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deemster.plugins import USER_SOURCES
from deemster.policy.codes import Code
from deemster.settings.claims_directory_sections import read_claims_directory
from deemster.settings.directory_model import DirectorySettings, DirectorySource
from deemster.settings.plugin_sections import read_plugin
from deemster.settings.scalars import parse_duration, parse_id, shown_duration
from deemster.settings.scim_directory_sections import read_scim_directory
from deemster.settings.section import Section
from deemster.settings.sql_directory_sections import read_sql_directory
from deemster.settings.static_directory_sections import read_static_directory
from deemster.settings.userinfo_directory_sections import read_userinfo_directory

__all__ = ["read_directory"]

LATER = ("ldap",)
READERS: Mapping[str, Callable[[Section], DirectorySource | None]] = {
    "static": read_static_directory,
    "sql": read_sql_directory,
    "scim": read_scim_directory,
    "userinfo": read_userinfo_directory,
    "claims": read_claims_directory,
    "plugin": lambda section: read_plugin(section, USER_SOURCES),
}
MOST_CACHE = 3600.0


def read_directory(section: Section) -> DirectorySettings | None:
    """One entry of `directories:`; None after an error."""
    directory_id = section.required("id", parse_id)
    written = section.written(READERS)
    section.unsupported(*LATER)
    source: DirectorySource | None = None
    if len(written) == 1:
        source = READERS[written[0]](section.section(written[0]))
    elif written or not section.written(LATER):
        *kinds, last = [f"`{kind}`" for kind in READERS]
        message = f"a directory is one of {', '.join(kinds)} and {last}"
        section.error(Code.SETTING, message, section.span)
    section.take(*READERS)
    if written == ["claims"]:
        section.misplaced(("cache",), "claims are read from each token anew")
    cache = section.optional("cache", _cache, 60.0, shown=shown_duration)
    section.finish()
    if directory_id is None or source is None:
        return None
    return DirectorySettings(directory_id, source, cache)


def _cache(text: str) -> float:
    seconds = parse_duration(text)
    if seconds > MOST_CACHE:
        raise ValueError(f"expected at most {shown_duration(MOST_CACHE)}")
    return seconds
