"""`pytest --deemster policies/`: the same suites as items of pytest, in processes of their own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[2]
INVOICES = "policies/tests/invoices.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing but the demonstration tree, in `policies`."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--deemster", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def line_of(file: Path, text: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def weaken(folder: Path) -> None:
    file = folder / "policies" / "api-services" / "invoices.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("user.level >= 5", "user.level >= 3"), encoding="utf-8")


def test_every_case_of_every_suite_is_an_item_under_its_own_name(folder: Path) -> None:
    run = run_pytest(folder, "--collect-only", "-q", "policies")
    assert run.returncode == 0, run.stdout
    items = [line for line in run.stdout.splitlines() if "::" in line]
    assert len(items) == 93
    assert items[0] == f"{INVOICES}::a reader lists"
    assert f"{INVOICES}::who may list [expired(alice)]" in items


def test_a_failure_says_what_deemster_test_says_and_where(folder: Path) -> None:
    weaken(folder)
    run = run_pytest(folder, "policies", "-k", "junior or sales")
    assert run.returncode == 1
    told = subprocess.run(
        [sys.executable, "-m", "deemster", "test", "-k", "junior"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    ).stdout  # fmt: skip
    explained = [line for line in told.splitlines() if line.startswith("    ")]
    assert len(explained) > 10
    for line in explained:
        assert line in run.stdout
    # Pytest cuts the line to the width of the terminal.
    assert f"FAILED {INVOICES}::junior finance does not - decision: exp" in run.stdout
    assert "decision: expected deny, got permit" in run.stdout


def test_words_of_pytest_are_honoured_over_several_processes(folder: Path) -> None:
    weaken(folder)
    run = run_pytest(folder, INVOICES, "-n", "2", "-k", "void or junior", "-x", "-q")
    # xdist says that it was interrupted, pytest alone that a test failed.
    assert run.returncode == 2
    assert run.stdout.count("FAILED policies") == 1


def test_reports_of_pytest_have_the_line_of_the_case(folder: Path) -> None:
    report = folder / "report.xml"
    run = run_pytest(
        folder,
        INVOICES,
        "-k",
        "reader and lists",
        f"--junitxml={report}",
        "-o",
        "junit_family=xunit1",
    )
    assert run.returncode == 0, run.stdout
    # Pytest counts from 0 there.
    line = line_of(folder / INVOICES, "- name: a reader lists") - 1
    assert f'line="{line}"' in report.read_text(encoding="utf-8")


def test_a_tree_with_errors_is_an_error_of_collection_with_every_finding(folder: Path) -> None:
    library = folder / "policies" / "lib" / "standard.yaml"
    library.write_text(
        library.read_text(encoding="utf-8").replace("weekday", "weekdays"), encoding="utf-8"
    )
    run = run_pytest(folder, "policies")
    assert run.returncode == 2
    assert f"policies/lib/standard.yaml:{line_of(library, 'weekdays')}:" in run.stdout
    assert "did you mean `weekday`?" in run.stdout
    assert "Traceback" not in run.stdout


def test_without_the_option_pytest_is_left_alone(folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "policies"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 5
    assert "no tests ran" in run.stdout


def test_a_suite_of_another_tree_needs_that_named(folder: Path) -> None:
    (folder / "policies").rename(folder / "other")
    refused = run_pytest(folder, "other/tests")
    assert refused.returncode == 2
    assert "name it by --deemster-tree" in refused.stdout
    run = run_pytest(folder, "other/tests", "--deemster-tree", "other", "-q")
    assert run.returncode == 0, run.stdout
    assert "93 passed" in run.stdout


def test_the_service_does_not_import_pytest(folder: Path) -> None:
    code = (
        "import json, sys; import deemster.app, deemster.cli.test, deemster.serving.run; "
        "print(json.dumps([name for name in sys.modules if name.partition('.')[0] == 'pytest']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(run.stdout) == []
