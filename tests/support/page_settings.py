"""Settings of which a page of the docs shows a part: the rest that a file needs to load."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ENVIRON", "with_a_directory", "with_a_provider"]

ENVIRON = {"K": "k" * 32}
"""What the rest reads of the environment."""

_REST = """
policies: {path: policies}
gateways:
  - {id: kong, protocols: [sideband], apiServices: ["*"], secrets: [{id: k, value: "${env:K}"}]}
decisionLog: {sinks: [{stdout: {}}], whenFull: drop}
"""
_DIRECTORY = "directories: [{id: people, static: {users: {alice: {}}}}]\n"
_PROVIDER = """
tokenProviders:
  - id: staff
    type: internal
    issuer: https://staff.example.com
    keys: {discovery: true}
    directory: DIRECTORY
"""


def with_a_directory(folder: Path, part: str) -> Path:
    """A file of the part, whose providers have the directory `people`."""
    return _written(folder, part + _REST + _DIRECTORY)


def with_a_provider(folder: Path, part: str, directory: str = "people") -> Path:
    """A file of the part, and the provider `staff` with a directory of the part."""
    return _written(folder, part + _REST + _PROVIDER.replace("DIRECTORY", directory))


def _written(folder: Path, text: str) -> Path:
    file = folder / "deemster.yaml"
    file.write_text(text, encoding="utf-8")
    return file
