"""A log file that a killed process left behind is gone on with on a line of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deemster.decisionlog.targets import FileTarget
from tests.support.scale import scaled


@pytest.mark.parametrize(
    ("left", "after"),
    [
        (None, b"next\n"),
        (b"", b"next\n"),
        (b"whole\n", b"whole\nnext\n"),
        (b"whole\nha", b"whole\nha\nnext\n"),
        (b"ha", b"ha\nnext\n"),
    ],
)
def test_half_a_line_does_not_swallow_the_next(
    tmp_path: Path, left: bytes | None, after: bytes
) -> None:
    path = tmp_path / "decisions.jsonl"
    if left is not None:
        path.write_bytes(left)
    target = FileTarget(path)
    target.write(memoryview(b"next\n"))
    target.close()
    assert path.read_bytes() == after


def test_a_file_is_renamed_before_it_grows_over_its_size_and_the_oldest_goes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "decisions.jsonl"
    target = FileTarget(path, rotate_at=20, keep=2)
    for number in range(8):
        assert target.write(memoryview(b"line-%d...\n" % number)) == 10
    target.close()
    found = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert found == {
        "decisions.jsonl": b"line-6...\nline-7...\n",
        "decisions.jsonl.1": b"line-4...\nline-5...\n",
        "decisions.jsonl.2": b"line-2...\nline-3...\n",
    }


def test_a_batch_larger_than_the_size_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    target = FileTarget(path, rotate_at=5, keep=1)
    for text in (b"one longer line\n", b"another one\n"):
        target.write(memoryview(text))
    target.close()
    assert path.read_bytes() == b"another one\n"
    assert (tmp_path / "decisions.jsonl.1").read_bytes() == b"one longer line\n"


def test_with_nothing_kept_a_full_file_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    target = FileTarget(path, rotate_at=5, keep=0)
    target.write(memoryview(b"first\n"))
    target.write(memoryview(b"second\n"))
    target.close()
    assert [file.name for file in tmp_path.iterdir()] == ["decisions.jsonl"]
    assert path.read_bytes() == b"second\n"


def test_a_file_that_somebody_else_renamed_is_left_to_them(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    target = FileTarget(path, rotate_at=1000, keep=2)
    target.write(memoryview(b"first\n"))
    path.rename(tmp_path / "theirs")
    target.write(memoryview(b"second\n"))
    target.close()
    assert path.read_bytes() == b"second\n"
    assert (tmp_path / "theirs").read_bytes() == b"first\n"


_WRITER = """
import sys
from pathlib import Path
from deemster.decisionlog.targets import FileTarget
target = FileTarget(Path(sys.argv[1]), rotate_at=4000, keep=1000)
for number in range(int(sys.argv[3])):
    line = f"{sys.argv[2]}-{number} {'x' * (number % 90)}\\n".encode()
    assert target.write(memoryview(line)) == len(line)
"""


def test_processes_that_write_one_file_lose_nothing_when_it_is_renamed(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    count = scaled(20_000)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name, str(count)])
        for name in ("a", "b", "c")
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    files = list(tmp_path.iterdir())
    assert len(files) > 3
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    names = [line.partition(" ")[0] for line in lines]
    assert sorted(names) == sorted([f"{who}-{n}" for who in "abc" for n in range(count)])
    assert {line.partition(" ")[2].strip("x") for line in lines} == {""}
