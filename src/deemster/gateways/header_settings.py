"""Which header fields a decision's statements set, for protocols that name changes one by one."""

from __future__ import annotations

from collections.abc import Iterable

from deemster.model.decision import Statement

__all__ = ["MODIFY_HEADERS", "header_settings"]

MODIFY_HEADERS = "modify-headers"


def header_settings(statements: Iterable[Statement]) -> dict[str, tuple[str, ...]]:
    """Values by lower-case name, in order; no value means that the field is removed.

    Policy-language section 8: text sets, a list repeats, null removes. Statements that contradict
    each other were refused before; those with other codes are passed over.
    """
    settings: dict[str, tuple[str, ...]] = {}
    for statement in statements:
        if statement.code != MODIFY_HEADERS or not isinstance(statement.payload, dict):
            continue
        for name, value in statement.payload.items():
            if value is None:
                settings[name.lower()] = ()
            else:
                settings[name.lower()] = tuple(value) if isinstance(value, list) else (value,)
    return settings
