"""Reads `services`, `databases` and `queries`: what attributes of policies may ask, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from deemster.policy.codes import Code
from deemster.policy.diagnostics import did_you_mean
from deemster.policy.reading.nodes import MappingNode
from deemster.settings.outgoing_model import DatabaseSettings, QuerySettings, ServiceSettings
from deemster.settings.outgoing_sections import check_header_value, read_outgoing
from deemster.settings.scalars import (
    parse_header_name,
    parse_id,
    parse_integer,
)
from deemster.settings.secret import Secret
from deemster.settings.section import Section
from deemster.settings.service_sections import between
from deemster.settings.sql_directory_sections import read_database_url

__all__ = ["read_databases", "read_queries", "read_service", "read_services"]

T = TypeVar("T")

_QUERY = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_OWN_HEADERS = frozenset({"host", "accept-encoding", "content-length", "transfer-encoding"})


def read_services(root: Section) -> tuple[ServiceSettings, ...]:
    """`services:`"""
    return _named(root, "services", read_service)


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


def read_service(name: str, section: Section) -> ServiceSettings | None:
    """All that `section` has left, as an HTTP service; None after an error."""
    section.take("bearer")
    outgoing = read_outgoing(section)
    headers = _read_headers(section)
    bearer = section.secret("bearer") if section.has("bearer") else None
    if bearer is not None:
        check_header_value(section, "bearer", bearer)
    section.finish()
    if bearer is not None and any(name == "authorization" for name, _ in headers):
        section.error(
            Code.SETTING,
            "`bearer` is the header `authorization`, which `headers` has too",
            section.span_at("bearer"),
        )
    if outgoing is None:
        return None
    return ServiceSettings(name=name, outgoing=outgoing, headers=headers, bearer=bearer)


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
        check_header_value(headers, name, value)
    return tuple(found.items())


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
