"""`deemster bundle`: the drill as a whole, and the mistakes of its command line."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.bundles.archive import read_archive
from deemster.bundles.jws import ALGORITHMS
from deemster.cli.bundles.new_key import Algorithm
from deemster.cli.main import app
from tests.support.transcripts import replayed

DRILL = Path(__file__).parents[1] / "golden" / "cli" / "bundle-drill.txt"
KEYS = ("release", "next", "stranger")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert CliRunner().invoke(app, ["init", str(tmp_path / "notes")]).exit_code == 0
    monkeypatch.chdir(tmp_path / "notes")
    return tmp_path / "notes"


def said(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["bundle", *arguments])
    return found.exit_code, " ".join((found.stdout + found.stderr).replace("│", " ").split())


def built(*changes: str) -> tuple[int, str]:
    usual = ["policies", "--environment", "production", "--sequence", "1", "--expires", "7d"]
    return said("build", *usual, "--output", "notes.bundle", *changes)


def test_the_drill_prints_what_it_did(folder: Path) -> None:
    def hide(text: str) -> str:
        for name in KEYS:
            file = folder / f"{name}.public.json"
            if file.is_file():
                text = text.replace(json.loads(file.read_text())["kid"], f"({name} key)")
        return text

    transcript = DRILL.read_text(encoding="utf-8")
    assert replayed(transcript, folder, hide) == transcript


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (("--environment", "pro duction"), "expected 1 to 64 letters"),
        (("--environment", ""), "expected 1 to 64 letters"),
        (("--sequence", "0"), "greater than or equal to 1"),
        (("--sequence", "two"), "should be a valid integer"),
        (("--expires", "soon"), "expected a time such as `7d` or `12h`"),
        (("--expires", "0d"), "would expire before it is issued"),
        (("--expires", "2026-13-01T00:00:00Z"), "expected an instant as"),
        (("--expires", "2001-01-01T00:00:00Z"), "would expire before it is issued"),
        (("--issued-at", "yesterday"), "expected an instant as"),
        (("--sign", "missing.json"), "key file `missing.json` cannot be read"),
        (("--config", "missing.yaml"), "missing.yaml"),
        (("--output", "nowhere/notes.bundle"), "there is no folder `nowhere`"),
        (("--output", "policies"), "`policies` is a folder"),
    ],
)
def test_a_mistake_in_the_command_line_is_told_and_nothing_is_made(
    folder: Path, changes: tuple[str, ...], told: str
) -> None:
    code, output = built(*changes)
    assert (code, told in output) == (2, True), output
    assert not (folder / "notes.bundle").exists()


def test_the_same_tree_makes_the_same_file(folder: Path) -> None:
    assert said("new-key", "release")[0] == 0
    again = ("--issued-at", "2026-11-20T08:00:00Z", "--sign", "release.private.json")
    assert built(*again)[0] == 0
    first = (folder / "notes.bundle").read_bytes()
    for file in sorted((folder / "policies").rglob("*.yaml"), reverse=True):
        file.write_bytes(file.read_bytes())
        os.utime(file, (1, 1))
    assert built(*again)[0] == 0
    assert (folder / "notes.bundle").read_bytes() == first


def with_other_provider(folder: Path) -> None:
    file = folder / "deemster.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count("id: staff") == 1
    file.write_text(text.replace("id: staff", "id: others"), encoding="utf-8")


def test_settings_are_compared_where_they_are_given(folder: Path) -> None:
    assert built("--config", "deemster.yaml")[0] == 0
    (folder / "notes.bundle").unlink()
    with_other_provider(folder)
    code, output = built("--config", "deemster.yaml")
    assert (code, "`staff`" in output, "no bundle was made" in output) == (1, True, True), output
    assert not (folder / "notes.bundle").exists()


def test_a_test_suite_with_an_error_is_an_error_of_the_tree(folder: Path) -> None:
    file = folder / "policies" / "tests" / "notes.yaml"
    text = file.read_text(encoding="utf-8")
    assert "service: notes\n" in text
    file.write_text(text.replace("service: notes\n", "service: nothing\n"), encoding="utf-8")
    code, output = built()
    assert (code, "no bundle was made" in output) == (1, True), output
    assert "policies/tests/notes.yaml:" in output
    assert not (folder / "notes.bundle").exists()


def test_the_very_bundle_that_was_taken_is_accepted_again(folder: Path) -> None:
    assert said("new-key", "release")[0] == 0
    command = ["bundle", "build", "policies", "--environment", "production", "--sequence", "7",
               "--expires", "7d", "--output", "notes.bundle", "--sign", "release.private.json",
               "--format", "json"]  # fmt: skip
    digest = json.loads(CliRunner().invoke(app, command).stdout)["digest"]
    usual = ("verify", "notes.bundle", "--key", "release.public.json", "--environment",
             "production", "--newest", "7")  # fmt: skip
    assert said(*usual, "--newest-digest", digest)[0] == 0
    code, output = said(*usual, "--newest-digest", "0" * 64)
    assert (code, f"has sequence 7 and digest {digest}" in output) == (1, True), output
    assert said(*usual)[0] == 1
    code, output = said(*usual, "--newest-digest", "taken")
    assert (code, "expected 64 hexadecimal digits" in output) == (2, True), output


def test_findings_are_told_as_json_where_it_is_asked_for(folder: Path) -> None:
    with_other_provider(folder)
    command = ["bundle", "build", "policies", "--environment", "production", "--sequence", "1",
               "--expires", "7d", "--output", "notes.bundle", "--config", "deemster.yaml",
               "--format", "json"]  # fmt: skip
    found = CliRunner().invoke(app, command)
    answer = json.loads(found.stdout)
    assert (found.exit_code, answer["exitStatus"], len(answer["diagnostics"])) == (1, 1, 1)


def test_a_tree_that_nothing_could_be_served_of_is_not_bundled(folder: Path) -> None:
    for file in (folder / "policies").rglob("notes.yaml"):
        file.unlink()
    (folder / "policies" / "shared.yaml").write_text(
        "apiVersion: deemster/v1\nkind: Library\nmetadata: {id: shared, title: Shared}\n"
    )
    code, output = built()
    assert (code, "the tree has no API service" in output) == (1, True), output
    assert not (folder / "notes.bundle").exists()


def test_warnings_are_told_and_do_not_keep_a_bundle_from_being_made(folder: Path) -> None:
    (folder / "policies" / "tests" / "notes.yaml").unlink()
    found = CliRunner().invoke(
        app,
        ["bundle", "build", "policies", "--environment", "production", "--sequence", "1",
         "--expires", "7d", "--output", "notes.bundle", "--format", "json"],
    )  # fmt: skip
    assert found.exit_code == 0
    assert "warning" in found.stderr
    assert json.loads(found.stdout)["files"] == 2


def test_names_that_differ_only_in_case_are_told_when_a_bundle_is_built(folder: Path) -> None:
    for name, id in (("shared", "one"), ("Shared", "two")):
        (folder / "policies" / f"{name}.yaml").write_text(
            f"apiVersion: deemster/v1\nkind: Library\nmetadata: {{id: {id}, title: Shared}}\n"
        )
    code, output = built()
    assert (code, "refused (malformed)" in output, "side by side" in output) == (1, True, True)
    assert not (folder / "notes.bundle").exists()


def test_private_keys_are_private_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        assert said("new-key", "release")[0] == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "release.private.json").stat().st_mode) == 0o600
    assert "d" not in json.loads((folder / "release.public.json").read_text())


def test_half_a_pair_of_keys_is_not_left_behind(folder: Path) -> None:
    (folder / "release.public.json").write_text("{}")
    code, output = said("new-key", "release")
    assert (code, "`release.public.json` is there already" in output) == (2, True)
    assert not (folder / "release.private.json").exists()


def test_no_message_holds_a_private_key(folder: Path) -> None:
    assert said("new-key", "release")[0] == 0
    secret = json.loads((folder / "release.private.json").read_text())["d"]
    built("--sign", "release.private.json")
    outputs = [
        said("verify", "notes.bundle", "--key", "release.private.json", "--environment", "a")[1],
        said("sign", "notes.bundle", "--key", "release.private.json", "--format", "json")[1],
        said("rollback", "--to", "notes.bundle", "--newest", "2", "--key", "release.private.json",
             "--expires", "7d", "--output", "back.bundle")[1],
    ]  # fmt: skip
    assert all(outputs)
    assert not any(secret in output for output in outputs)
    assert secret.encode() not in (folder / "notes.bundle").read_bytes()


def test_the_command_offers_what_bundles_can_be_signed_by() -> None:
    assert {algorithm.value for algorithm in Algorithm} == set(ALGORITHMS)


def test_a_rollback_checks_the_older_tree_again(folder: Path) -> None:
    assert said("new-key", "release")[0] == 0
    assert built("--sign", "release.private.json")[0] == 0
    with_other_provider(folder)
    code, output = said(
        "rollback", "--to", "notes.bundle", "--newest", "2", "--key", "release.private.json",
        "--expires", "7d", "--output", "back.bundle", "--config", "deemster.yaml",
    )  # fmt: skip
    assert (code, "no bundle was made" in output) == (1, True), output
    assert "notes.bundle/api-services/notes.yaml:" in output
    assert not (folder / "back.bundle").exists()


def test_a_bundle_that_is_signed_anew_changes_in_its_signature_only(folder: Path) -> None:
    assert said("new-key", "release")[0] == 0
    assert built()[0] == 0
    before = read_archive((folder / "notes.bundle").read_bytes())
    assert said("sign", "notes.bundle", "--key", "release.private.json")[0] == 0
    after = read_archive((folder / "notes.bundle").read_bytes())
    assert (before.manifest, before.files) == (after.manifest, after.files)
    assert before.signature is None
    assert after.signature is not None
