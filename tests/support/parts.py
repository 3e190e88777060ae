"""Real parts that tests drive and do not import; `make setup parts` installs them.

A part that is missing skips the test by name with the reason. Under `CI=true` that is a failure: a
gate that quietly tests less than it says is no gate.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

PARTS = Path(__file__).parents[2] / ".parts"
# Programs that come as wheels lie beside the interpreter; Debian's servers are in sbin.
ELSEWHERE = os.pathsep.join((str(Path(sys.executable).parent), "/usr/sbin", "/usr/local/sbin"))


class Parts:
    """What this machine has. `is_ci` comes from the environment, read in conftest."""

    def __init__(self, *, is_ci: bool) -> None:
        self._is_ci = is_ci

    def command(self, *names: str) -> str:
        """The path of the first of these commands that is there."""
        places = (None, ELSEWHERE)
        found = next(
            (
                path
                for name in names
                for place in places
                if (path := shutil.which(name, path=place))
            ),
            None,
        )
        return found or self._missing(f"no command {' or '.join(f'`{name}`' for name in names)}")

    def node_script(self, script: str) -> Path:
        """A script of an npm package, as a path below `node_modules`; `node` is there too."""
        self.command("node")
        found = PARTS / "node_modules" / script
        if found.exists():
            return found
        return Path(self._missing(f"npm package `{script.split('/')[0]}` is not installed"))

    def _missing(self, reason: str) -> str:
        told = f"{reason}; `make setup parts` installs it"
        if self._is_ci:
            pytest.fail(told)
        pytest.skip(told)
