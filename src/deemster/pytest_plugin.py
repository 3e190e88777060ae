"""Policy tests as items of pytest: `pytest --deemster policies/`.

pytest loads this module by its entry point in every run, so it imports no more than it must before
it is asked for. Nothing of the service imports it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr, TracebackStyle

    from deemster.cli.suites import OpenedSuites
    from deemster.policytest.cases import Suite, SuiteCase
    from deemster.policytest.outcomes import CaseResult
    from deemster.policytest.runner import SuiteRunner

__all__ = ["CaseItem", "SuiteFile"]

_POLICY_TEST = re.compile(rb"^kind:[ \t]*[\"']?PolicyTest\b", re.MULTILINE)
_HEAD = 4096
"""Bytes of a file in which its kind stands."""

_OPENED = pytest.StashKey[dict[Path, "OpenedSuites"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--deemster` and what goes with it."""
    group = parser.getgroup("deemster", "policy tests of Deemster")
    group.addoption(
        "--deemster", action="store_true", help="collect policy tests (kind: PolicyTest)"
    )
    group.addoption(
        "--deemster-config",
        type=Path,
        metavar="FILE",
        help="the settings file; without it token providers are made up",
    )
    group.addoption(
        "--deemster-tree",
        type=Path,
        metavar="PATH",
        help="the policy tree that the suites belong to; by default the folder that was named, "
        "else what the settings name, else ./policies",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Trees are loaded once a session."""
    config.stash[_OPENED] = {}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """A suite, if the file is one."""
    if not parent.config.getoption("deemster") or file_path.suffix != ".yaml":
        return None
    with file_path.open("rb") as file:
        if _POLICY_TEST.search(file.read(_HEAD)) is None:
            return None
    return SuiteFile.from_parent(parent, path=file_path)


class SuiteFile(pytest.File):
    """One PolicyTest document."""

    def collect(self) -> Iterable[CaseItem]:
        """Its cases. Raises CollectError with all findings where tree or suites have errors."""
        from deemster.policytest.printable import printable

        opened = self._opened()
        runner = opened.workplace.runner
        for suite in opened.workplace.suites:
            if Path(suite.span.file).resolve() == self.path.resolve():
                for case in suite.cases:
                    yield CaseItem.from_parent(
                        self, name=printable(case.name), suite=suite, case=case, runner=runner
                    )

    def _opened(self) -> OpenedSuites:
        from deemster.cli.suites import Asked, open_suites
        from deemster.errors import ConfigurationError, PolicyError
        from deemster.model.clock import SystemClock
        from deemster.policy.rendering import render_text

        tree = self._tree()
        if not self.path.is_relative_to(tree.absolute()):
            raise self.CollectError(
                f"{self.path} lies outside of the policy tree `{tree}`: name it by --deemster-tree"
            )
        known = self.config.stash[_OPENED]
        if tree not in known:
            asked = Asked(
                paths=(),
                tree=tree,
                config=self.config.getoption("deemster_config"),
                selection=None,
                covering=False,
                now=int(SystemClock().wall()),
            )
            try:
                known[tree] = open_suites(asked)
            except PolicyError as refused:
                text = render_text(refused.diagnostics, refused.sources)
                raise self.CollectError(f"{refused.message}\n{text}") from None
            except ConfigurationError as refused:
                raise self.CollectError(refused.message) from None
        return known[tree]

    def _tree(self) -> Path:
        """What was named as the tree, or the folder named on the command line that holds more."""
        named: Path | None = self.config.getoption("deemster_tree")
        if named is not None:
            return named
        for argument in self.config.args:
            folder = Path(argument)
            inside = folder.is_dir() and self.path.is_relative_to(folder.absolute())
            if inside and any(_holds_policies(folder)):
                return folder
        return self._configured() or Path("policies")

    def _configured(self) -> Path | None:
        config: Path | None = self.config.getoption("deemster_config")
        if config is None:
            return None
        from deemster.cli.trees import settings_in

        settings = settings_in(config)
        return settings.policies.path if settings is not None else None


def _holds_policies(folder: Path) -> Iterator[bool]:
    """True for each document that is no suite."""
    for file in sorted(folder.rglob("*.yaml")):
        if file.is_file() and _POLICY_TEST.search(file.read_bytes()[:_HEAD]) is None:
            yield True


class NotAsExpectedError(Exception):
    """The case failed or could not be asked; `result` says how."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.case.name)
        self.result = result


class CaseItem(pytest.Item):
    """One case, asked as `deemster test` asks it."""

    def __init__(
        self, *, suite: Suite, case: SuiteCase, runner: SuiteRunner, **more: object
    ) -> None:
        super().__init__(**more)  # type: ignore[arg-type]  # pytest's own: name and parent
        self._suite = suite
        self._case = case
        self._runner = runner

    def runtest(self) -> None:
        """Raises NotAsExpectedError; skips what its author skips."""
        from deemster.policytest.outcomes import CaseOutcome

        (result,) = asyncio.run(self._runner.run_cases(self._suite, [self._case]))
        if result.outcome is CaseOutcome.SKIPPED:
            pytest.skip(result.problem or "")
        if not result.good:
            raise NotAsExpectedError(result)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None
    ) -> str | TerminalRepr:
        """What `deemster test` says of a case; the first line is for summaries."""
        if not isinstance(excinfo.value, NotAsExpectedError):
            return super().repr_failure(excinfo, style)
        from deemster.policytest.reports import failure_text, in_short

        result = excinfo.value.result
        return f"{in_short(result)}\n{failure_text(result)}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line from 0, and the name in headings."""
        return self.path, self._case.span.line - 1, f"{self._suite.id}: {self.name}"
