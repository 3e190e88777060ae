"""Secrets: a type that does not show itself, and the two places that a secret may come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deemster.errors import ConfigurationError

__all__ = ["Secret", "is_reference", "read_secret", "referenced_variables", "reread_secret"]

_REFERENCE = re.compile(r"\$\{(?P<kind>env|file):(?P<name>[^{}]+)\}")
_MAX_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret and where it came from. `repr` and `str` hide it.

    `file` is set where it came from a file, which is read again on a reload.
    """

    _value: str = field(repr=False)
    source: str
    file: Path | None = field(default=None, repr=False)

    def reveal(self) -> str:
        """The secret itself: for the one place that needs it."""
        return self._value

    def __str__(self) -> str:
        return f"<secret of {self.source}>"


def is_reference(text: str) -> bool:
    """Whether the whole text is `${env:NAME}` or `${file:PATH}`."""
    return _REFERENCE.fullmatch(text) is not None


def referenced_variables(text: str) -> frozenset[str]:
    """Names of the environment variables in `${env:NAME}` anywhere in a text."""
    return frozenset(match["name"] for match in _REFERENCE.finditer(text) if match["kind"] == "env")


def read_secret(reference: str, *, environ: Mapping[str, str], folder: Path) -> Secret:
    """The secret that a reference names; a relative path starts at `folder`.

    Raises ConfigurationError whose message never holds the secret.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ConfigurationError("a secret is `${env:NAME}` or `${file:PATH}`, and nothing around")
    name = match["name"]
    if match["kind"] == "file":
        path = folder / name
        return Secret(_file_text(path), f"file {path}", path)
    value = environ.get(name)
    if value is None:
        raise ConfigurationError(f"the environment variable `{name}` is not set")
    if not value:
        raise ConfigurationError(f"the environment variable `{name}` is empty")
    return Secret(value, f"env {name}")


def reread_secret(secret: Secret) -> Secret:
    """The secret as its file has it now; one from the environment stays what it is."""
    if secret.file is None:
        return secret
    return Secret(_file_text(secret.file), secret.source, secret.file)


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"the secret file `{path}` cannot be read: {error.strerror or 'no such file'}"
        ) from None
    if len(content) > _MAX_FILE_BYTES:
        raise ConfigurationError(f"the secret file `{path}` is larger than 64 KiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"the secret file `{path}` is not UTF-8") from None
    # Editors and `echo` end a file by one line feed; more than that belongs to the secret.
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ConfigurationError(f"the secret file `{path}` is empty")
    return text
