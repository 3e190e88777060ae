"""`deemster fmt`, as it is typed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deemster.cli.main import app

UNTIDY = "kind: Library\n# why\napiVersion:   deemster/v1\nmetadata: {id: 'a'}\n"
TIDY = "# why\napiVersion: deemster/v1\nkind: Library\nmetadata: {id: a}\n"
BROKEN = "apiVersion: deemster/v1\nkind: &x Library\n"


def fmt(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["fmt", *arguments], input=stdin)


@pytest.fixture(autouse=True)
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`policies` of the current folder: one file as it should be, one that is not."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "policies"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "untidy.yaml").write_text(UNTIDY, encoding="utf-8")
    (folder / "tidy.yaml").write_text(TIDY, encoding="utf-8")
    return folder


def test_files_are_formatted_where_they_stand(policies: Path) -> None:
    outcome = fmt()
    assert outcome.exit_code == 0
    assert outcome.stdout == (
        "formatted policies/deep/untidy.yaml\n1 file formatted, 1 as they should be\n"
    )
    assert (policies / "deep" / "untidy.yaml").read_text(encoding="utf-8") == TIDY
    assert fmt().stdout == "0 files formatted, 2 as they should be\n"


def test_a_file_keeps_its_mode_and_one_that_is_tidy_is_not_written(policies: Path) -> None:
    untidy, tidy = policies / "deep" / "untidy.yaml", policies / "tidy.yaml"
    untidy.chmod(0o640)
    os.utime(tidy, ns=(1, 1))
    assert fmt("policies").exit_code == 0
    assert stat.S_IMODE(untidy.stat().st_mode) == 0o640
    assert tidy.stat().st_mtime_ns == 1


def test_check_names_what_would_change_and_changes_nothing(policies: Path) -> None:
    outcome = fmt("--check")
    assert outcome.exit_code == 1
    assert outcome.stdout == (
        "would format policies/deep/untidy.yaml\n1 file would be formatted, 1 as they should be\n"
    )
    assert (policies / "deep" / "untidy.yaml").read_text(encoding="utf-8") == UNTIDY
    assert fmt("--check", "policies/tidy.yaml").exit_code == 0


def test_diff_shows_what_would_change_and_changes_nothing(policies: Path) -> None:
    outcome = fmt("--diff")
    assert outcome.exit_code == 0
    assert outcome.stdout == (
        "--- policies/deep/untidy.yaml\n"
        "+++ policies/deep/untidy.yaml (formatted)\n"
        "@@ -1,4 +1,4 @@\n"
        "+# why\n"
        "+apiVersion: deemster/v1\n"
        " kind: Library\n"
        "-# why\n"
        "-apiVersion:   deemster/v1\n"
        "-metadata: {id: 'a'}\n"
        "+metadata: {id: a}\n"
    )
    assert (policies / "deep" / "untidy.yaml").read_text(encoding="utf-8") == UNTIDY
    assert fmt("--diff", "--check").exit_code == 1


def test_a_missing_line_break_at_the_end_is_shown(policies: Path) -> None:
    (policies / "tidy.yaml").write_text(TIDY.rstrip("\n"), encoding="utf-8")
    assert fmt("--diff", "policies/tidy.yaml").stdout.endswith(
        "-metadata: {id: a}\n\\ No newline at end of file\n+metadata: {id: a}\n"
    )


def test_a_file_that_cannot_be_read_is_left_alone_and_the_others_are_formatted(
    policies: Path,
) -> None:
    broken = policies / "broken.yaml"
    broken.write_text(BROKEN, encoding="utf-8")
    outcome = fmt()
    assert outcome.exit_code == 2
    assert "policies/broken.yaml:2:7: error[yaml-feature]: anchors are not used" in outcome.stderr
    assert broken.read_text(encoding="utf-8") == BROKEN
    assert (policies / "deep" / "untidy.yaml").read_text(encoding="utf-8") == TIDY


def test_a_policy_with_errors_of_another_kind_is_formatted(policies: Path) -> None:
    wrong = policies / "wrong.yaml"
    wrong.write_text("nonsense:   1\nkind: Library\n", encoding="utf-8")
    assert fmt("policies/wrong.yaml").exit_code == 0
    assert wrong.read_text(encoding="utf-8") == "kind: Library\nnonsense: 1\n"


def test_stdin_goes_to_stdout(policies: Path) -> None:
    outcome = fmt("-", stdin=UNTIDY)
    assert (outcome.exit_code, outcome.stdout) == (0, TIDY)
    assert fmt("-", "--check", stdin=UNTIDY).exit_code == 1
    assert fmt("-", "--check", stdin=TIDY).exit_code == 0


def test_stdin_that_cannot_be_read_is_told_and_nothing_comes_out() -> None:
    outcome = fmt("-", stdin=BROKEN)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "stdin:2:7: error[yaml-feature]" in outcome.stderr


def test_stdin_stands_alone() -> None:
    assert fmt("-", "policies", stdin="").exit_code == 2
