"""`-p tests.support.compiled`: what is tested is the compiled package, all that is said of it.

Without this a broken path would test the sources once more, and everything would be green.
"""

import importlib
import tomllib
from pathlib import Path

import pytest

__all__ = ["compiled_modules"]


def compiled_modules() -> list[str]:
    """Names of the modules that a compiled wheel has in that form."""
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return [str(module) for module in hook["modules"]]


def pytest_configure() -> None:
    """As pytest says. Ends the run where a module is not compiled."""
    for name in compiled_modules():
        place = importlib.import_module(name).__file__
        if place is None or place.endswith(".py"):
            raise pytest.UsageError(f"{name} is not compiled: {place}")


def pytest_report_header() -> str:
    """As pytest says."""
    return f"compiled: {len(compiled_modules())} modules"
