"""Reads `services`, `databases` and `queries`: what attributes of policies may ask, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode
from deemster.settings.model import DatabaseSettings, QuerySettings, ServiceSettings, ServiceTls
from deemster.settings.reach import PROTECTED_HELP, check_reach
from deemster.settings.reading import PROTECTORS
from deemster.settings.scalars import (
    parse_duration,
    parse_header_name,
    parse_id,
    parse_integer,
    parse_url,
    shown_duration,
)
from deemster.settings.secret import Secret
from deemster.settings.section import Section
from deemster.settings.service_sections import between
from deemster.settings.sql_directory_sections import read_database_url

__all__ = ["read_databases", "read_queries", "read_services"]

T = TypeVar("T")

_DOTS = re.compile(r"(?:\.|%2[eE]){1,2}")
_QUERY = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
# RFC 9110 5.5: visible ASCII with blanks within.
_FIELD_VALUE = re.compile(r"[!-~](?:[ !-~]*[!-~])?")
_OWN_HEADERS = frozenset({"host", "accept-encoding", "content-length", "transfer-encoding"})


def read_services(root: Section) -> tuple[ServiceSettings, ...]:
    """`services:`"""
    return _named(root, "services", _read_service)


def read_databases(root: Section) -> tuple[DatabaseSettings, ...]:
    """`databases:`"""

    def read(name: str, section: Section) -> DatabaseSettings | None:
        url = read_database_url(section)
        return None if url is None else DatabaseSettings(name, url)

    return _named(root, "databases", read)


def read_queries(root: Section) -> tuple[QuerySettings, ...]:
    """`queries:`"""
    written = root.mapping("databases")
    known = [key.text for key, _ in written.entries] if written is not None else []

    def read(name: str, section: Section) -> QuerySettings | None:
        database = section.required("database", parse_id)
        sql = section.required("sql", _parse_sql, shown=_shown_sql)
        rows = section.optional("rows", between(parse_integer, 1, 10_000, str), 100)
        section.finish()
        if database is not None and database not in known:
            section.error(
                Code.SETTING,
                f"there is no database `{database}`",
                section.span_at("database"),
                help=did_you_mean(database, known) or "add it to `databases`, with its URL",
            )
        if database is None or sql is None:
            return None
        return QuerySettings(name, database, sql, rows)

    return _named(root, "queries", read)


def _named(root: Section, key: str, read: Callable[[str, Section], T | None]) -> tuple[T, ...]:
    return tuple([found for name, section in _entries(root, key) if (found := read(name, section))])


def _entries(root: Section, key: str) -> Iterator[tuple[str, Section]]:
    """Name and section of each entry of a mapping whose keys the operator chose."""
    mapping = root.mapping(key)
    for name, node in () if mapping is None else mapping.entries:
        path = f"{key}[{name.text}]"
        try:
            parse_id(name.text)
        except ValueError as error:
            root.error(Code.BAD_VALUE, f"`{name.text}`: {error}", name.span)
            continue
        if isinstance(node, MappingNode):
            yield name.text, Section(root.reading, node, path)
        else:
            root.error(Code.WRONG_TYPE, f"`{path}` is not a mapping", node.span)


# --- services -----------------------------------------------------------------------------------


def _read_service(name: str, section: Section) -> ServiceSettings | None:
    url = section.required("url", _parse_service_url)
    allow_private = section.flag("allowPrivate", default=False)
    behind = section.choice("plaintextBehind", PROTECTORS, None)
    headers = _read_headers(section)
    section.take("bearer", "tls")
    bearer = section.secret("bearer") if section.has("bearer") else None
    if bearer is not None:
        _check_header_value(section, "bearer", bearer)
    tls = _read_tls(section.section("tls"))
    concurrency = section.optional("concurrency", between(parse_integer, 1, 10_000, str), 16)
    breaker = section.section("breaker")
    failures = breaker.optional("failures", between(parse_integer, 1, 1_000, str), 5)
    open_for = breaker.optional(
        "openFor", between(parse_duration, 0.1, 3600.0, shown_duration), 10.0, shown=shown_duration
    )
    breaker.finish()
    section.finish()
    if bearer is not None and any(name == "authorization" for name, _ in headers):
        section.error(
            Code.SETTING,
            "`bearer` is the header `authorization`, which `headers` has too",
            section.span_at("bearer"),
        )
    if url is None:
        return None
    check_reach(
        section, "url", url, allow_private=allow_private, behind=behind, help=PROTECTED_HELP
    )
    return ServiceSettings(
        name=name,
        url=url,
        allow_private=allow_private,
        headers=headers,
        bearer=bearer,
        tls=tls,
        concurrency=concurrency,
        failures=failures,
        open_for=open_for,
    )


def _read_headers(section: Section) -> tuple[tuple[str, Secret], ...]:
    headers = section.section("headers")
    found: dict[str, Secret] = {}
    for written in headers.written():
        value = headers.secret(written)
        try:
            name = parse_header_name(written)
        except ValueError as error:
            headers.error(Code.BAD_VALUE, f"`{written}`: {error}", headers.span_at(written))
            continue
        if name in _OWN_HEADERS or name in found:
            why = "is written twice" if name in found else "belongs to the connection"
            headers.error(Code.SETTING, f"the header `{name}` {why}", headers.span_at(written))
        elif value is not None:
            found[name] = value
    headers.finish()
    for name, value in found.items():
        _check_header_value(headers, name, value)
    return tuple(found.items())


def _check_header_value(section: Section, key: str, value: Secret) -> None:
    if _FIELD_VALUE.fullmatch(value.reveal()) is None:
        section.error(
            Code.SETTING,
            f"the secret of `{key}` cannot stand in a header",
            section.span_at(key),
            help="visible ASCII, with blanks within",
        )


def _read_tls(section: Section) -> ServiceTls:
    ca = section.file_path("ca") if section.has("ca") else None
    certificate = section.file_path("certificate") if section.has("certificate") else None
    key = section.file_path("key") if section.has("key") else None
    if (certificate is None) != (key is None):
        section.error(Code.SETTING, "`certificate` and `key` go together", section.span)
    section.finish()
    return ServiceTls(ca, certificate, key)


def _parse_service_url(text: str) -> str:
    url = parse_url(text)
    segments = urlsplit(url).path.split("/")[1:]
    if any(_DOTS.fullmatch(segment) for segment in segments) or "" in segments[:-1]:
        raise ValueError("expected a path without dot segments and empty segments")
    return url


# --- queries ------------------------------------------------------------------------------------


def _parse_sql(text: str) -> str:
    if _QUERY.match(text) is None:
        raise ValueError("expected a query that begins with SELECT or WITH")
    query = text.strip().removesuffix(";")
    if ";" in query:
        raise ValueError("expected one statement, and values as `:parameters`")
    return query


def _shown_sql(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= 80 else line[:79] + "…"
