"""What the value of a key may be: the forms of the language as data.

The parser draws words and bounds from a form; JSON Schemas, the reference and `deemster fmt` are
made of the same forms. A `Shape` (shapes.py) is the form of a mapping with known keys.

Used as a namespace: `from deemster.policy.parsing import forms`, then `forms.ListOf(forms.Text())`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from deemster.policy.parsing.scalars import INT_MAX, INT_MIN

if TYPE_CHECKING:
    from deemster.policy.parsing.shapes import Shape

__all__ = [
    "Choice",
    "Condition",
    "Deferred",
    "Duration",
    "Flag",
    "Form",
    "Id",
    "Instant",
    "Integer",
    "Json",
    "ListOf",
    "MapOf",
    "Name",
    "OneOf",
    "String",
    "Text",
]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is not empty. `what` is the word people read for it (`URL`, `path template`).

    `pattern` is a regular expression that the whole text matches, in the part of the syntax that
    Python, RE2 and ECMAScript share.
    """

    what: str = "text"
    pattern: str | None = None
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class String:
    """A text where a number is not taken for text: JSON's own. It may be empty."""


@dataclass(frozen=True, slots=True)
class Id:
    """An id: lower-case letters, digits, hyphens."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that expressions can use: letters, digits, underscores, no digit first."""


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A JSON integer within bounds."""

    minimum: int = INT_MIN
    maximum: int = INT_MAX


@dataclass(frozen=True, slots=True)
class Duration:
    """`150ms`, `300s`, `5m`, `1h`."""

    whole_seconds: bool = False


@dataclass(frozen=True, slots=True)
class Instant:
    """An RFC 3339 timestamp with its offset."""


@dataclass(frozen=True, slots=True)
class Choice(Generic[T_co]):
    """One of a few words. `options` maps each to what the parser makes of it.

    `docs` says in a few words what each means. `synonyms` are words that people write for an
    option: they are refused with a suggestion.
    """

    options: Mapping[str, T_co]
    docs: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, of different items and not empty unless it says so."""

    item: Form
    may_be_empty: bool = False
    at_most: int | None = None
    may_repeat: bool = False


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys the author chooses."""

    value: Form
    key: Name | Id | Text = Name()
    may_be_empty: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression in double quotes or a `|` block, a bare name, or `all`, `any`, `not`."""


@dataclass(frozen=True, slots=True)
class Json:
    """Free JSON, with JSON's own scalars. `what` is the word people read for it."""

    what: str = "any JSON value"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of several forms; no value has two of them."""

    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    """A form that is defined further down, or contains itself."""

    of: Callable[[], Form]


Form: TypeAlias = (
    "Text | String | Id | Name | Flag | Integer | Duration | Instant | Choice[object] | ListOf"
    " | MapOf | Condition | Json | OneOf | Deferred | Shape"
)
