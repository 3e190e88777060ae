"""What a mapping may hold, as data: its keys with their forms and a sentence for people.

One truth for the parser, the JSON Schemas, the language reference and `deemster fmt`, which lays
keys out in the order that stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from deemster.policy.codes import Code
from deemster.policy.parsing.forms import Form

__all__ = ["Key", "Keys", "Shape", "Variant"]


@dataclass(frozen=True, slots=True)
class Key:
    """What may stand under a key, and what it does, in a sentence for policy authors.

    `example` is the value as YAML text. `default` is what holds where the key is absent, as it
    would be written, or in words.
    """

    form: Form
    doc: str
    example: str | None = None
    default: str | None = None


class Keys(Mapping[str, Key | None]):
    """Keys in the order in which `deemster fmt` lays them out. None: nothing is known of it yet.

    `keys | other` adds; `other` may be a set of names.
    """

    __slots__ = ("_by_name", "names")

    def __init__(self, by_name: Mapping[str, Key | None]) -> None:
        self._by_name = dict(by_name)
        self.names = frozenset(by_name)

    @classmethod
    def of(cls, names: Collection[str]) -> Keys:
        """Keys of which only the names are known; those of `Keys` as they are."""
        return names if isinstance(names, Keys) else cls(dict.fromkeys(sorted(names)))

    def __getitem__(self, name: str) -> Key | None:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __or__(self, other: Collection[str]) -> Keys:
        return Keys({**self._by_name, **Keys.of(other)})

    def __ror__(self, other: Collection[str]) -> Keys:
        return Keys.of(other) | self


@dataclass(frozen=True, slots=True)
class Variant:
    """Where `key` is one of `words`, `dependent` is needed and has this form."""

    key: str
    words: tuple[str, ...]
    dependent: str
    form: Form


@dataclass(frozen=True, slots=True)
class Shape:
    """What a mapping may hold.

    `name` is used in sentences (`an operation`). `required`, `later` and `elsewhere` map a key to
    the help shown: how to write what is missing, what it is that is not supported yet, where a
    misplaced key belongs. `example` is shown to who wrote something else than a mapping. `doc` is
    a sentence for the reference.

    Of each group in `exactly_one`, `at_most_one`, `at_least_one` that many keys are written;
    the parser says so in its own words where they are not. `variants` say what depends on the
    value of a key.
    """

    name: str
    keys: Keys | frozenset[str]
    required: Mapping[str, str | None] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    example: str | None = None
    noun: str = "key"
    unknown: Code = Code.UNKNOWN_KEY
    doc: str = ""
    exactly_one: tuple[tuple[str, ...], ...] = ()
    at_most_one: tuple[tuple[str, ...], ...] = ()
    at_least_one: tuple[tuple[str, ...], ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The keys' names."""
        return self.keys.names if isinstance(self.keys, Keys) else self.keys

    def key(self, name: str) -> Key | None:
        """What is known of a key."""
        return self.keys.get(name) if isinstance(self.keys, Keys) else None
