"""Reads `directories[].sql`, and the URL of any database."""

from __future__ import annotations

import re

from deemster.settings.model import SqlDirectory
from deemster.settings.secret import Secret
from deemster.settings.section import Section

__all__ = ["read_database_url", "read_sql_directory"]

# `user:password@` of a database URL; and SQLite's own form of a relative path.
_PASSWORD = re.compile(r"^[^/]*//[^/@]*:[^/@]*@")
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/)([^?]+)(.*)", re.DOTALL)


def read_sql_directory(section: Section) -> SqlDirectory | None:
    url = read_database_url(section)
    return None if url is None else SqlDirectory(url)


def read_database_url(section: Section) -> Secret | None:
    """`url` of a section that has nothing else; None after an error."""
    url = section.secret("url", literal=lambda text: _PASSWORD.match(text) is None)
    section.finish()
    if url is None:
        return None
    relative = _SQLITE.fullmatch(url.reveal())
    if relative is not None and relative[2] != ":memory:":
        # SQLite would start at wherever the service was started.
        path = section.reading.folder.absolute() / relative[2]
        url = Secret(f"{relative[1]}{path}{relative[3]}", url.source)
    return url
