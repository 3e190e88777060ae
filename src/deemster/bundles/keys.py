"""Key files of bundles: the public ones that a service pins, the private one of who signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deemster.bundles.jws import PinnedKey, SigningKey, UnusableKeyError, members_of_pem
from deemster.bundles.reading import read_regular
from deemster.errors import ConfigurationError
from deemster.model.strict_json import StrictJsonError, read_strict_json

__all__ = ["MOST_PINNED", "BundleKeys", "read_signing_key"]

MOST_PINNED = 2
"""The key in use and the next one: a longer list would keep retired keys alive."""

_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class BundleKeys:
    """The public keys of which one must have signed a bundle."""

    pinned: tuple[PinnedKey, ...]

    def __post_init__(self) -> None:
        """Raises ConfigurationError unless there are one or two, each once."""
        if not self.pinned:
            raise ConfigurationError("no key is pinned: whoever wrote a bundle could not be told")
        ids = [key.key_id for key in self.pinned]
        if len(set(ids)) < len(ids):
            raise ConfigurationError(f"the key `{max(ids, key=ids.count)}` is pinned twice")
        if len(ids) > MOST_PINNED:
            raise ConfigurationError(
                f"{len(ids)} keys are pinned, and there may be {MOST_PINNED}: the one in use and "
                "the next. Take the retired ones out"
            )

    @classmethod
    def read(cls, paths: Iterable[Path]) -> BundleKeys:
        """Of files that hold a public key each as JWK or PEM, or a JWK set.

        Raises ConfigurationError naming the file, also where it holds a private key: what a
        service can read, whoever breaks into it can sign with.
        """
        return cls(tuple(key for path in paths for key in _pinned_in(path)))


def read_signing_key(path: Path) -> SigningKey:
    """A private key as JWK or unencrypted PEM, in a file that its owner alone can read.

    Raises ConfigurationError.
    """
    octets, mode = _read(path)
    try:
        key = SigningKey(_only(_keys_in(octets)))
    except UnusableKeyError as error:
        raise ConfigurationError(
            f"`{path}` {error}; expected a private key as JWK or PEM, such as "
            "`deemster bundle new-key` makes"
        ) from None
    if mode & 0o077:
        raise ConfigurationError(
            f"private key `{path}` may be read by others; its mode must be 0600: "
            f"run `chmod 600 {path}`"
        )
    return key


def _pinned_in(path: Path) -> list[PinnedKey]:
    octets, _ = _read(path)
    try:
        return [PinnedKey(members) for members in _keys_in(octets)]
    except UnusableKeyError as error:
        raise ConfigurationError(
            f"`{path}` {error}; expected a public key as JWK, JWK set or PEM"
        ) from None


def _only(found: Sequence[dict[str, object]]) -> dict[str, object]:
    if len(found) != 1:
        raise UnusableKeyError(f"holds {len(found)} keys; expected one")
    return found[0]


def _keys_in(octets: bytes) -> Sequence[dict[str, object]]:
    if octets.lstrip().startswith(b"-----BEGIN"):
        if octets.count(b"-----BEGIN") > 1:
            raise UnusableKeyError("holds several PEM blocks; expected one key a file")
        return [members_of_pem(octets)]
    try:
        document = read_strict_json(octets, max_depth=8)
    except StrictJsonError:
        raise UnusableKeyError("is neither JSON nor PEM") from None
    listed = document.get("keys", [document]) if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise UnusableKeyError("holds no JWK")
    return listed


def _read(path: Path) -> tuple[bytes, int]:
    """Content and mode."""
    octets, mode = read_regular(path, most=_MAX_BYTES, what="key file")
    if len(octets) > _MAX_BYTES:
        raise ConfigurationError(f"key file `{path}` has more than {_MAX_BYTES >> 10} KiB")
    return octets, mode
