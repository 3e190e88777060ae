"""Reads `directories[].sql`, and the URL of any database."""

from __future__ import annotations

import re

from deemster.attributesources.sql import query_parameters
from deemster.errors import ConfigurationError
from deemster.outgoing.databases import is_postgresql
from deemster.policy.codes import Code
from deemster.settings.directory_model import SqlDirectory
from deemster.settings.secret import Secret
from deemster.settings.section import Section

__all__ = ["OUR_CHANNEL", "read_database_url", "read_sql_directory"]

OUR_CHANNEL = "deemster_users"
"""On which the triggers of our own tables tell of changed users."""

# `user:password@` of a database URL; and SQLite's own form of a relative path.
_PASSWORD = re.compile(r"^[^/]*//[^/@]*:[^/@]*@")
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/)([^?]+)(.*)", re.DOTALL)
_QUERY = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_CHANNEL = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PARTS = ("user", "groups", "roles", "attributes")


def read_sql_directory(section: Section) -> SqlDirectory | None:
    """None after an error."""
    url = _read_url(section)
    queries = _read_queries(section.section("queries")) if section.has("queries") else None
    section.take("queries")
    notify = _read_notify(section, url, is_ours=queries is None)
    section.finish()
    if url is None or queries == {}:
        return None
    return SqlDirectory(url, queries, notify)


def read_database_url(section: Section) -> Secret | None:
    """`url` of a section that has nothing else; None after an error."""
    url = _read_url(section)
    section.finish()
    return url


def _read_url(section: Section) -> Secret | None:
    url = section.secret("url", literal=lambda text: _PASSWORD.match(text) is None)
    if url is None:
        return None
    relative = _SQLITE.fullmatch(url.reveal())
    if relative is not None and relative[2] != ":memory:":
        # SQLite would start at wherever the service was started.
        path = section.reading.folder.absolute() / relative[2]
        url = Secret(f"{relative[1]}{path}{relative[3]}", url.source)
    return url


def _read_queries(section: Section) -> dict[str, str]:
    """By part; empty after an error."""
    found = {}
    user = section.required("user", _parse_sql, shown=_shown)
    if user is not None:
        found["user"] = user
    for part in _PARTS[1:]:
        query = section.optional(part, _parse_optional_sql, None, shown=_shown)
        if query is not None:
            found[part] = query
    section.finish()
    return found if user is not None else {}


def _parse_optional_sql(text: str) -> str | None:
    return _parse_sql(text)


def _parse_sql(text: str) -> str:
    if _QUERY.match(text) is None or ";" in text:
        raise ValueError("expected one SELECT, without `;`")
    named = query_parameters(text)
    if named != {"subject"}:
        other = sorted(named - {"subject"})
        told = f"`:{other[0]}` is unknown" if other else "`:subject` is not in it"
        raise ValueError(f"{told}: the one parameter of these queries is `:subject`")
    return text


def _shown(sql: str | None) -> str:
    return " ".join((sql or "").split())


def _read_notify(section: Section, url: Secret | None, *, is_ours: bool) -> str | None:
    try:
        speaks = url is not None and is_postgresql(url.reveal())
    except ConfigurationError as error:
        section.error(Code.SETTING, error.message, section.span_at("url"))
        speaks = False
    if not section.has("notify"):
        section.take("notify")
        return OUR_CHANNEL if speaks and is_ours else None
    channel = section.optional("notify", _parse_channel, None)
    if not speaks:
        section.error(
            Code.SETTING,
            "only PostgreSQL tells of changes (LISTEN, NOTIFY)",
            section.span_at("notify"),
        )
    return channel if channel != "off" else None


def _parse_channel(text: str) -> str | None:
    if _CHANNEL.fullmatch(text) is None:
        raise ValueError("expected a channel such as `users_changed`, or `off`")
    return text
