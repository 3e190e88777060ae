"""`deemster init`: a starter that runs: settings, a gateway secret, a tree, its tests, schemas."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from deemster.cli.schema import schema_files
from deemster.errors import ConfigurationError

__all__ = ["init"]

_SCHEMAS = Path("schemas")
_SECRET = Path("secrets", "gateway")
_SECRET_BYTES = 32
# A dot file in the package would be passed over by some build tools.
_RENAMED = {"gitignore": ".gitignore"}


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where; made if it is not there.")
    ] = Path(),
) -> None:
    """Make a starter: deemster.yaml, a gateway secret, and a small tree with a test suite.

    Overwrites nothing.
    """
    starter = dict(_starter(files("deemster.cli") / "starter", Path()))
    # Beside the policies, whose first lines name them to editors.
    starter |= {_SCHEMAS / name: text for name, text in schema_files().items()}
    targets = [directory / path for path in (*starter, _SECRET)]
    taken = [str(target) for target in targets if os.path.lexists(target)]
    if taken:
        raise ConfigurationError(
            f"nothing was written, because this is there already: {', '.join(sorted(taken))}"
        )
    for path, text in starter.items():
        _write(directory / path, text, mode=0o644)
    _write(directory / _SECRET, secrets.token_urlsafe(_SECRET_BYTES) + "\n", mode=0o600)
    for target in sorted(targets):
        print(f"made {target}")
    where = "" if directory == Path() else f"cd {directory} && "
    print(f"next: {where}deemster test && deemster serve")


def _starter(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        inner = path / _RENAMED.get(entry.name, entry.name)
        if entry.is_dir():
            yield from _starter(entry, inner)
        else:
            yield inner, entry.read_text(encoding="utf-8")


def _write(target: Path, text: str, *, mode: int) -> None:
    folder_mode = 0o700 if mode == 0o600 else 0o755
    target.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
    # O_EXCL: what appeared in between is not overwritten, and a link is not followed.
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
