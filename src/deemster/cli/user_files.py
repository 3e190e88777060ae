"""Users of a file: CSV with a head line, or JSON. All of them are right, or none is taken.

CSV: `subject,enabled,groups,roles`, names in a cell separated by `;`; other columns are attributes
as text. JSON: a list of objects with `subject`, `enabled`, `groups`, `roles`, `attributes`.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec

from deemster.errors import ConfigurationError
from deemster.usercontext.sql_people import LONGEST, Person

__all__ = ["read_users"]

MOST_BYTES = 64 * 1024 * 1024
_ENABLED = {"": True, "true": True, "false": False}


class _User(msgspec.Struct, forbid_unknown_fields=True):
    subject: str
    enabled: bool = True
    groups: list[str] = []
    roles: list[str] = []
    attributes: dict[str, object] = {}


def read_users(file: Path) -> list[Person]:
    """In the order of the file. Raises ConfigurationError naming the line or the entry."""
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"`{file}` cannot be read: {error.strerror}") from None
    if len(octets) > MOST_BYTES:
        raise ConfigurationError(f"`{file}` is larger than 64 MiB")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"`{file}` is not UTF-8, at byte {error.start}") from None
    found = _of_json(file, text) if file.suffix == ".json" else _of_csv(file, text)
    seen: dict[str, str] = {}
    for person, place in found:
        if not 0 < len(person.subject) <= LONGEST:
            raise ConfigurationError(f"{place}: `subject` has 1 to {LONGEST} characters")
        if person.subject in seen:
            raise ConfigurationError(
                f"{place}: `{person.subject}` is there twice, first in {seen[person.subject]}"
            )
        seen[person.subject] = place
    return [person for person, _ in found]


def _of_json(file: Path, text: str) -> list[tuple[Person, str]]:
    try:
        entries = msgspec.json.decode(text, type=list[_User])
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"`{file}`: {error}") from None
    return [
        (
            Person(
                entry.subject,
                entry.enabled,
                tuple(entry.groups),
                tuple(entry.roles),
                entry.attributes,
            ),
            f"{file}: entry {number}",
        )
        for number, entry in enumerate(entries, start=1)
    ]


def _of_csv(file: Path, text: str) -> list[tuple[Person, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if "subject" not in head or len(set(head)) < len(head):
            raise ConfigurationError(
                f"{file}:1: expected a head line with `subject`, each column once"
            )
        found = []
        for row in reader:
            place = f"{file}:{reader.line_num}"
            if len(row) != len(head):
                raise ConfigurationError(f"{place}: {len(row)} cells, expected {len(head)}")
            found.append((_person(dict(zip(head, row, strict=True)), place), place))
    except csv.Error as error:
        raise ConfigurationError(f"{file}:{reader.line_num}: {error}") from None
    return found


def _person(cells: dict[str, str], place: str) -> Person:
    enabled = _ENABLED.get(cells.pop("enabled", "").strip().lower())
    if enabled is None:
        raise ConfigurationError(f"{place}: `enabled` is `true` or `false`")
    return Person(
        cells.pop("subject"),
        enabled,
        _names(cells.pop("groups", "")),
        _names(cells.pop("roles", "")),
        {name: value for name, value in cells.items() if value},
    )


def _names(cell: str) -> tuple[str, ...]:
    return tuple([name for part in cell.split(";") if (name := part.strip())])
