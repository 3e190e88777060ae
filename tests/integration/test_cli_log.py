"""`deemster log`: what was recorded is found again, told in words, and nothing is passed over."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.decision_log.following import follow
from deemster.cli.decision_log.shown import one_line, whole
from deemster.cli.main import app
from tests.support.markdown import code_blocks, sections

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "decision-log" / "decisions.jsonl"
PAGE = (ROOT / "docs" / "decision-log.md").read_text(encoding="utf-8")
RECORDS = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


def said(*arguments: str, input: bytes | None = None) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["log", *arguments], input=input)
    return found.exit_code, found.stdout, found.stderr


def ids(*arguments: str) -> list[str]:
    code, told, errors = said(str(SAMPLE), "--json", *arguments)
    assert (code, errors) == (0 if told else 1, "")
    return [json.loads(line)["decision_id"] for line in told.splitlines()]


ALL = [record["decision_id"] for record in RECORDS]


def test_the_sample_has_what_the_tests_ask_for() -> None:
    assert [record["outcome"] for record in RECORDS] == ["permit", "deny", "deny", "error"]
    assert len(set(ALL)) == len(ALL)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], [0, 1, 2, 3]),
        (["--outcome", "deny"], [1, 2]),
        (["--reason", "scope-missing"], [1]),
        (["--outcome", "deny", "--reason", "permitted"], []),
        (["--operation", "orders"], [0, 1, 3]),
        (["--operation", "orders/list"], [0, 1, 3]),
        (["--operation", "orders/lis"], []),
        (["--subject", "alice"], [0, 1, 3]),
        (["--gateway", "kong"], [0, 1, 2, 3]),
        (["--protocol", "authzen"], []),
        (["--last", "2"], [2, 3]),
        (["--since", "2000-01-01T00:00:00Z"], [0, 1, 2, 3]),
        (["--until", "2000-01-01"], []),
        (["--since", "1s"], []),
        (["--id", ALL[2]], [2]),
        (["--id", "nobody's"], []),
    ],
)
def test_each_option_narrows_what_is_shown(arguments: list[str], wanted: list[int]) -> None:
    assert ids(*arguments) == [ALL[at] for at in wanted]


def test_json_is_the_record_to_the_letter() -> None:
    assert said(str(SAMPLE), "--json")[1] == SAMPLE.read_text(encoding="utf-8")


def test_packed_files_and_the_standard_input_are_read_like_any_other(tmp_path: Path) -> None:
    packed = tmp_path / "decisions.jsonl.1.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    assert said(str(packed), str(SAMPLE), "--json")[1] == 2 * SAMPLE.read_text(encoding="utf-8")
    assert said("-", input=SAMPLE.read_bytes())[1] == said(str(SAMPLE))[1]


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        (b"{", "not JSON"),
        (b"[]", "no JSON object"),
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"v": 2}', "no record of version 1"),
        (b"[" * 100_000, "not JSON"),
        (b"x" * 3_000_000, "longer than a record can be"),
    ],
    ids=repr,
)
def test_a_line_that_is_no_record_is_told_by_its_place_and_hides_no_other(
    tmp_path: Path, line: bytes, trouble: str
) -> None:
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(lines[0] + line + b"\n" + b"".join(lines[1:]))
    code, told, errors = said(str(file))
    assert code == 2
    assert errors == f"{file}:2: {trouble}\n"
    assert len(told.splitlines()) == len(RECORDS)


def test_a_last_line_without_an_end_and_a_torn_archive_are_told(tmp_path: Path) -> None:
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(SAMPLE.read_bytes()[:-1])
    assert said(str(file))[::2] == (2, f"{file}:{len(RECORDS)}: has no end\n")
    packed = tmp_path / "decisions.jsonl.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes() * 100)[:-20])
    code, told, errors = said(str(packed))
    assert (code, "not gzip to its end" in errors) == (2, True)
    assert told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.jsonl"], "`missing.jsonl`: No such file or directory"),
        ([str(SAMPLE), "--since", "yesterday"], "neither a time such as"),
        ([str(SAMPLE), str(SAMPLE), "--follow"], "takes one file that is being written"),
        (["-", "--follow"], "takes one file that is being written"),
    ],
)
def test_mistakes_are_told_in_words(arguments: list[str], told: str) -> None:
    code, _, errors = said(*arguments)
    assert code == 2
    assert told in " ".join(errors.replace("│", " ").split())


@pytest.mark.parametrize("odd", [None, 7, [], {}, "\x1b[2J\u202e", ["\x1b"], [{"any": 7}]])
@pytest.mark.parametrize("name", sorted(RECORDS[1]))
def test_whatever_stands_in_a_record_it_is_told_and_does_nothing_to_a_terminal(
    name: str, odd: object
) -> None:
    record = {**RECORDS[1], name: odd}
    for told in (one_line(record, colour=False), whole(record)):
        assert told.replace("\n", "").isprintable()


def test_what_is_written_from_now_on_is_followed_through_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "decisions.jsonl"
    shutil.copy(SAMPLE, file)
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    steps: Iterator[None]

    def written() -> Iterator[None]:
        """What happens in each pause."""
        with file.open("ab") as old:
            old.write(lines[0][:40])
            old.flush()
            yield
            old.write(lines[0][40:])
            old.flush()
            yield
            file.rename(tmp_path / "decisions.jsonl.1")
            yield
            file.write_bytes(lines[1])
            yield
            # After the new one is there.
            old.write(lines[2])
            old.flush()
        yield
        file.write_bytes(b"")  # cut short
        yield
        with file.open("ab") as new:
            new.write(lines[3])
        yield

    steps = written()
    left = [True]

    def pause(_seconds: float) -> None:
        left[0] = next(steps, False) is None

    found = [line.text + b"\n" for line in follow(file, pause=pause, until=lambda: not left[0])]
    assert sorted(found) == sorted(lines)
    assert found.index(lines[0]) == 0


def test_the_page_shows_what_the_command_says() -> None:
    for block in code_blocks(sections(PAGE)["Asking it"], "console"):
        command, _, shown = block.partition("\n")
        words = command.removeprefix("$ deemster log ").split()
        arguments = [str(SAMPLE) if word == "decisions.jsonl" else word for word in words]
        code, told, errors = said(*arguments)
        assert (code, errors) == (0, "")
        assert told.strip() == shown.strip()
