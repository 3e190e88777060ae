"""Statements that change header fields or the query, carried out: pure functions of the message.

Source: policy-language section 8. Text sets, a list repeats, null removes. What is set stands
once, at the end: what was there under that name is gone, whoever sent it. So is a header field of
a name that many an upstream takes for the same one (`X_User` and `X.User` for `X-User`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote_plus

from deemster.model.decision import Statement
from deemster.policy.statements.codes import KnownCode

__all__ = ["Fields", "changed_fields", "changed_query"]

Fields = tuple[tuple[str, str], ...]
"""Header fields in order: (name, value)."""


def changed_fields(fields: Fields, statements: Iterable[Statement]) -> Fields:
    """The fields as the statements leave them; those with other codes are passed over."""
    settings = {
        name.lower(): values for name, values in _settings(statements, KnownCode.MODIFY_HEADERS)
    }
    if not settings:
        return fields
    taken = set(map(_one_spelling, settings))
    kept = [field for field in fields if _one_spelling(field[0]) not in taken]
    added = [(name, value) for name, values in settings.items() for value in values]
    return (*kept, *added)


def _one_spelling(name: str) -> str:
    # facts/security.md: CGI and what came of it spell both as `_`.
    return name.lower().replace("_", "-").replace(".", "-")


def changed_query(query: str, statements: Iterable[Statement]) -> str:
    """The query, without its `?`, as the statements leave it.

    Parameters are compared decoded; those that no statement names stay as they are written.
    """
    settings = dict(_settings(statements, KnownCode.MODIFY_QUERY))
    kept = [
        pair
        for pair in query.split("&")
        if pair and unquote_plus(pair.partition("=")[0]) not in settings
    ]
    added = [
        f"{quote(name, safe='')}={quote(value, safe='')}"
        for name, values in settings.items()
        for value in values
    ]
    return "&".join([*kept, *added]) if settings else query


def _settings(
    statements: Iterable[Statement], code: KnownCode
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is set to which values, none for what is removed."""
    for statement in statements:
        if statement.code != code or not isinstance(statement.payload, dict):
            continue
        for name, value in statement.payload.items():
            if value is None:
                yield name, ()
            else:
                yield name, tuple(value) if isinstance(value, list) else (value,)
