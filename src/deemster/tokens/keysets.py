"""A provider's public keys: which one verifies a token, and which generation of keys is live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deemster.errors import ConfigurationError
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.tokens.jose import KeyNotUsableError, VerificationKey, verification_key

__all__ = [
    "KeySet",
    "KeyTable",
    "StaticKeySet",
    "inline_key_set",
    "key_set_from_file",
    "parse_key_set",
]

_MAX_DEPTH = 16


class KeySet(Protocol):
    """Keys of one provider. Key ids mean nothing outside it."""

    @property
    def generation(self) -> int:
        """Another number whenever the keys change: what was believed before is looked at anew."""
        ...

    @property
    def refresh_due(self) -> bool:
        """True when the next verification should ask for newer keys."""
        ...

    def key_at_hand(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """The key where it is here and may be used without asking anybody; else None.

        None says nothing about the key: `key_for` does.
        """
        ...

    @property
    def asks_nobody(self) -> bool:
        """True while `key_for` would answer without asking: what is not at hand is not there."""
        ...

    async def key_for(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """The key, or None where the provider has no such key.

        Raises DependencyUnavailableError where the keys cannot be had at all.
        """
        ...

    async def close(self) -> None:
        """Stop whatever runs in the background."""
        ...


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The usable keys of one JWK set; `dropped` says why the others are not used."""

    keys: tuple[VerificationKey, ...]
    dropped: tuple[str, ...]

    def choose(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """By exact key id; without one, only where a single key could be meant."""
        fitting = [
            key
            for key in self.keys
            if algorithm in key.algorithms and (key_id is None or key.key_id == key_id)
        ]
        return fitting[0] if len(fitting) == 1 else None


class StaticKeySet:
    """Keys that never change while the process runs."""

    generation = 1
    refresh_due = False
    asks_nobody = True

    def __init__(self, table: KeyTable) -> None:
        self._table = table

    def key_at_hand(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """As `KeyTable.choose`."""
        return self._table.choose(key_id, algorithm)

    async def key_for(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """As `KeyTable.choose`."""
        return self._table.choose(key_id, algorithm)

    async def close(self) -> None:
        """Nothing runs."""


def parse_key_set(data: bytes) -> KeyTable:
    """A JWK set (RFC 7517 5). One bad key never loses the others.

    Raises ValueError where the document is no key set at all.
    """
    try:
        document = read_strict_json(data, max_depth=_MAX_DEPTH)
    except StrictJsonError as error:
        raise ValueError(f"the key set is not JSON: {error}") from None
    match document:
        case {"keys": [*keys]}:
            return _table(keys)
        case _:
            raise ValueError("the key set has no list of `keys`")


def key_set_from_file(path: Path) -> StaticKeySet:
    """Keys from a JWK set file. Raises ConfigurationError where none of them can be used."""
    try:
        table = parse_key_set(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"key file `{path}` cannot be read", detail=str(error)) from None
    except ValueError as error:
        raise ConfigurationError(f"key file `{path}` cannot be used: {error}") from None
    if not table.keys:
        reasons = ", ".join(table.dropped) or "the list is empty"
        raise ConfigurationError(f"key file `{path}` has no usable key: {reasons}")
    return StaticKeySet(table)


def inline_key_set(document: bytes) -> StaticKeySet:
    """Keys written into the settings. Raises ConfigurationError where one cannot be used.

    All of them must be: nobody else wrote them.
    """
    try:
        table = parse_key_set(document)
    except ValueError as error:
        raise ConfigurationError(f"`keys.inline` cannot be used: {error}") from None
    if table.dropped or not table.keys:
        reasons = ", ".join(table.dropped) or "the list is empty"
        raise ConfigurationError(f"`keys.inline` has a key that cannot be used: {reasons}")
    return StaticKeySet(table)


def _table(jwks: Iterable[object]) -> KeyTable:
    admitted: list[VerificationKey] = []
    dropped: list[str] = []
    for index, jwk in enumerate(jwks):
        try:
            if not isinstance(jwk, Mapping):
                raise KeyNotUsableError("not an object")  # noqa: TRY301 - one place drops keys
            admitted.append(verification_key(jwk))
        except KeyNotUsableError as error:
            dropped.append(f"key {index}: {error}")
    ids = [key.key_id for key in admitted]
    # RFC 7517 4.5: ids within a set SHOULD be distinct. Of two keys with one id neither is used:
    # choosing by order would let the order of a document decide whom we believe.
    twins = {key_id for key_id in ids if key_id is not None and ids.count(key_id) > 1}
    dropped += [f"duplicate key id `{key_id[:64]}`" for key_id in sorted(twins)]
    return KeyTable(tuple(key for key in admitted if key.key_id not in twins), tuple(dropped))
