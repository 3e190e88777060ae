"""`insecureDevelopmentKey`: a signing key in a file, made at first use, for trials on loopback."""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from deemster.errors import ConfigurationError
from deemster.model.strict_json import StrictJsonError, read_strict_json
from deemster.tokens.jose import KeyNotUsableError, SigningKey
from deemster.tokens.keysets import StaticKeySet, parse_key_set

__all__ = ["KEY_ID_PREFIX", "DevelopmentKey", "load_or_create"]

KEY_ID_PREFIX = "dev-"

_MAX_BYTES = 16 * 1024


class DevelopmentKey:
    """Mints tokens, and verifies them as any other key set would."""

    def __init__(self, signing_key: SigningKey) -> None:
        self._signing_key = signing_key

    @classmethod
    def generate(cls, algorithm: str = "ES256") -> DevelopmentKey:
        """A key that lives in this process only."""
        return cls(SigningKey.generate(algorithm, key_id_prefix=KEY_ID_PREFIX))

    @property
    def algorithm(self) -> str:
        """The one algorithm it signs with."""
        return self._signing_key.algorithm

    @property
    def key_id(self) -> str:
        """Starts with `dev-`, so that the key is seen for what it is in logs and records."""
        return self._signing_key.key_id

    @property
    def private_jwk(self) -> dict[str, object]:
        """For the key file."""
        return self._signing_key.private_jwk

    def key_set(self) -> StaticKeySet:
        """The public half."""
        document = json.dumps({"keys": [self._signing_key.public_jwk]})
        return StaticKeySet(parse_key_set(document.encode()))

    def mint(self, claims: Mapping[str, object], *, typ: str | None = "at+jwt") -> str:
        """A signed token with exactly these claims: nothing is added."""
        payload = json.dumps(claims, separators=(",", ":"), allow_nan=False).encode()
        return self._signing_key.sign(payload, typ=typ)


def load_or_create(path: Path, *, algorithm: str = "ES256") -> DevelopmentKey:
    """The key in `path`; made with mode 0600 where the file does not exist yet.

    Raises ConfigurationError: a file that others may read, a link, no usable key.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        _create(path, DevelopmentKey.generate(algorithm))
    # Another process may have been first: what stands in the file is the key.
    try:
        return _load(path)
    except FileNotFoundError:
        raise ConfigurationError(f"development key `{path}` cannot be made") from None


def _load(path: Path) -> DevelopmentKey:
    text = _read_private_file(path)
    try:
        jwk = read_strict_json(text, max_depth=4)
        signing_key = SigningKey(jwk) if isinstance(jwk, dict) else None
    except (StrictJsonError, KeyNotUsableError) as error:
        raise ConfigurationError(f"development key `{path}` cannot be used: {error}") from None
    if signing_key is None or not signing_key.key_id.startswith(KEY_ID_PREFIX):
        raise ConfigurationError(
            f"`{path}` is no development key: its `kid` does not start with `{KEY_ID_PREFIX}`"
        )
    return DevelopmentKey(signing_key)


def _read_private_file(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_not_following) as file:
            _check_private(path, os.fstat(file.fileno()))
            return file.read(_MAX_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from None


def _not_following(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _check_private(path: Path, status: os.stat_result) -> None:
    """`status` is the open file's, not the path's: nobody can change it in between."""
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"development key `{path}` is not a regular file")
    if status.st_mode & 0o077:
        raise ConfigurationError(
            f"development key `{path}` may be read by others; its mode must be 0600"
        )


def _create(path: Path, key: DevelopmentKey) -> None:
    text = json.dumps(key.private_jwk, indent=2).encode() + b"\n"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, flags, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
            # A link appears whole or not at all, and never replaces a key that is there.
            os.link(temporary, path)
        finally:
            temporary.unlink()
    except FileExistsError:
        return
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"development key `{path}` cannot be read or made: {os.strerror(error.errno or 0)}"
    )
