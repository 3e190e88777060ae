"""A log file that a killed process left behind is gone on with on a line of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.decisionlog.targets import FileTarget


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
