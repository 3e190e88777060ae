"""Packages with entry points, as an installer would leave them, in a folder on the path."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["announce"]


def announce(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    package: str,
    source: str,
    entries: dict[str, dict[str, str]],
) -> None:
    """A package of one module; `entries` by group: name ► what it is in the module."""
    site = folder / f"site-{package}"
    about = site / f"{package}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
    )
    lines = []
    for group, names in entries.items():
        lines += [f"[{group}]", *[f"{name} = {value}" for name, value in names.items()]]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (site / f"{package}.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
