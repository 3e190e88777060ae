"""A service to be measured in process: settings, the call that it permits, its secret."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from benchmarks.issuing import Issuer
from benchmarks.ours import settings_in, sideband_call
from benchmarks.trees import calls, tree_texts

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Settings of a service to be measured, and the call that it will permit."""

    settings: Path
    body: bytes
    secret: str


def prepare(folder: Path, operations: int) -> Prepared:
    """A tree, keys, a directory, a secret and the settings that name them, below `folder`."""
    issuer = Issuer(folder)
    secret = secrets.token_urlsafe(32)
    settings = settings_in(folder, issuer, tree_texts(operations), secret, port=0, check_port=0)
    asked = calls(operations)[operations // 2]
    token = issuer.token("ES256", asked.scope)
    call = sideband_call("http://127.0.0.1", secret, asked.method, asked.url, token)
    return Prepared(settings, call.body.encode(), secret)
