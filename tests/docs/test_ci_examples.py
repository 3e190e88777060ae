"""examples/ci: each file is what its CI server reads, and its commands run against the policies."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "ci"


def loaded(name: str) -> dict[str, Any]:
    file = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    assert isinstance(file, dict)
    return file


def github_lines() -> Iterator[str]:
    for job in loaded("github-actions.yaml")["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                yield step["run"]


def gitlab_lines() -> Iterator[str]:
    job = loaded("gitlab-ci.yaml")["policies"]
    yield from (*job["before_script"], *job["script"])


def pre_commit_lines() -> Iterator[str]:
    for repository in loaded("pre-commit-config.yaml")["repos"]:
        for hook in repository["hooks"]:
            yield hook["entry"]


LINES = {
    "github-actions.yaml": list(github_lines()),
    "gitlab-ci.yaml": list(gitlab_lines()),
    "pre-commit-config.yaml": list(pre_commit_lines()),
}
COMMANDS = sorted(
    {line for lines in LINES.values() for line in lines if line.startswith("deemster ")}
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration tree, laid out."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "policies", folder / "policies")
    assert run(folder, "deemster fmt policies").returncode == 0
    return folder


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(line)
    assert program == "deemster"
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("line", COMMANDS)
def test_command_runs_as_it_stands(line: str, checkout: Path) -> None:
    ran = run(checkout, line)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", LINES)
def test_each_example_has_the_three_gates_and_nothing_that_is_not_tried_here(name: str) -> None:
    words = [line.split()[:2] for line in LINES[name]]
    assert [word for word in words if word[0] == "deemster"] == [
        ["deemster", "fmt"], ["deemster", "check"], ["deemster", "test"],
    ]  # fmt: skip
    assert [word for word in words if word[0] != "deemster"] in ([], [["pip", "install"]])


def test_workflow_of_github_has_pinned_actions_few_rights_and_keeps_its_reports() -> None:
    workflow = loaded("github-actions.yaml")
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert set(job) == {"runs-on", "timeout-minutes", "steps"}
    for step in job["steps"]:
        assert ("uses" in step) is not ("run" in step)
        assert re.fullmatch(r"actions/[a-z-]+@v[0-9]+", step.get("uses", "actions/x@v1"))
    (kept,) = [step["with"]["path"] for step in job["steps"] if "artifact" in step.get("uses", "")]
    (test,) = [line for line in github_lines() if " test " in line]
    assert all(file.startswith(kept) for file in re.findall(r"--report \w+=(\S+)", test))


def test_job_of_gitlab_finds_its_report_and_the_covered_share(checkout: Path) -> None:
    job = loaded("gitlab-ci.yaml")["policies"]
    (line,) = [line for line in job["script"] if " test " in line]
    told = run(checkout, line).stdout
    pattern = job["coverage"]
    assert pattern.startswith("/")
    assert pattern.endswith("/")
    assert re.findall(pattern[1:-1], told, re.MULTILINE) == ["100.0"]
    assert (checkout / job["artifacts"]["reports"]["junit"]).is_file()
    assert all((checkout / path).is_dir() for path in job["artifacts"]["paths"])


def test_hooks_of_pre_commit_have_what_pre_commit_asks_for() -> None:
    (repository,) = loaded("pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert set(hook) == {"id", "name", "language", "entry", "files", "pass_filenames"}
        assert re.search(hook["files"], "policies/lib/standard.yaml")
        assert not re.search(hook["files"], "src/policies/x.yaml")
        # The tree is read whole, whichever of its files are committed.
        assert hook["pass_filenames"] is False
