"""Compiles the modules of the hot path into the wheel, where that is asked for.

    DEEMSTER_COMPILED=1 python -m pip wheel .

The very same modules, by mypyc; `modules` of `tool.hatch.build.targets.wheel.hooks.custom` names
them. Without the variable, and for an editable install, the wheel is pure Python. It needs a C
compiler and the headers of Python; where they are missing the build fails, and nobody is served
the slower form in silence. See docs/decisions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "DEEMSTER_COMPILED"


class CompiledModules(BuildHookInterface[BuilderConfig]):
    """Hatch's custom build hook."""

    def dependencies(self) -> list[str]:
        """What the build needs beside hatchling: the compiler, and what the modules import."""
        if not self._is_wanted:
            return []
        return [*self.config["requires"], *self.metadata.core.dependencies]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the extension modules into the wheel, beside their sources."""
        if version == "editable" or not self._is_wanted:
            return
        self._built = tempfile.TemporaryDirectory()
        place = Path(self._built.name)
        for found in _compiled(Path(self.root), place, self.config["modules"]):
            build_data["force_include"][str(found)] = str(found.relative_to(place))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if hasattr(self, "_built"):
            self._built.cleanup()

    @property
    def _is_wanted(self) -> bool:
        return self.target_name == "wheel" and os.environ.get(SWITCH) == "1"


def _compiled(root: Path, place: Path, modules: list[str]) -> list[Path]:
    """The extension modules, made in a copy: sources never lie beside what is made of them."""
    shutil.copytree(
        root / "src" / "deemster",
        place / "deemster",
        ignore=shutil.ignore_patterns("__pycache__", "*.so"),
    )
    paths = [module.replace(".", "/") + ".py" for module in modules]
    missing = [path for path in paths if not (place / path).is_file()]
    if missing:
        raise FileNotFoundError(f"pyproject.toml names modules that are not there: {missing}")
    (place / "mypy.ini").write_text(_MYPY, encoding="utf-8")
    made = subprocess.run(
        [sys.executable, "-m", "mypyc", "--config-file", "mypy.ini", *paths],
        cwd=place,
        env={**os.environ, "MYPYC_DEBUG_LEVEL": "0", "PYTHONPATH": ""},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode:
        raise RuntimeError(f"mypyc could not compile the modules:\n{made.stdout[-4000:]}")
    return sorted([*place.glob("*.so"), *place.glob("deemster/**/*.so")])


# `make types` judges types. Here they are only read: what an older mypy or a missing stub says of
# them must not keep a wheel from being made.
_MYPY = (
    "[mypy]\npython_version = 3.11\nignore_missing_imports = True\nwarn_unused_ignores = False\n"
)
