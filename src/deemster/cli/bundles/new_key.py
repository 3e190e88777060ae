"""`deemster bundle new-key`: a pair of keys, the private one for who signs alone."""

from __future__ import annotations

import json
import os
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from deemster.bundles.jws import SigningKey
from deemster.errors import ConfigurationError
from deemster.policytest.printable import printable

__all__ = ["new_key"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Algorithm(Enum):
    """`--algorithm`: those of `bundles/jws.py`."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"
    PS256 = "PS256"


def new_key(
    name: Annotated[
        Path,
        typer.Argument(
            metavar="NAME", help="The files are NAME.private.json and NAME.public.json."
        ),
    ],
    algorithm: Annotated[
        Algorithm, typer.Option("--algorithm", help="What it signs by.")
    ] = Algorithm.EDDSA,
) -> None:
    """Make a key to sign bundles with, and the public key that services pin.

    Files that are there already are never replaced.
    """
    key = SigningKey.generate(algorithm.value)
    private = name.with_name(f"{name.name}.private.json")
    public = name.with_name(f"{name.name}.public.json")
    _write(private, key.private_jwk, 0o600)
    try:
        _write(public, key.pinned.public_jwk, 0o644)
    except BaseException:
        private.unlink()
        raise
    print(printable(f"{private}: sign with it; keep it where bundles are built, and nowhere else"))
    print(printable(f"{public}: services pin it"))
    print(f"key {key.pinned.key_id} ({algorithm.value})")


def _write(file: Path, jwk: dict[str, object], mode: int) -> None:
    try:
        with os.fdopen(os.open(file, _NEW, mode), "w", encoding="utf-8") as opened:
            opened.write(json.dumps(jwk, indent=2) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError:
        raise ConfigurationError(f"`{file}` is there already: take another name") from None
