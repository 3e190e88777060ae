"""What the formatter does at its limits; layouts themselves are golden cases and properties."""

from __future__ import annotations

import pytest

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policytools.layout.formatting import formatted


def laid_out(text: str) -> tuple[str | None, list[str]]:
    sink = DiagnosticSink()
    made = formatted(text.encode(), "a.yaml", sink)
    return None if made is None else made.decode(), [
        f"{item.code}: {item.message}" for item in sink.finish()
    ]


def test_a_layout_that_would_be_too_large_is_told_and_not_made() -> None:
    deep = "[" * 60 + ", ".join(["x"] * 20_000) + "]" * 60
    made, told = laid_out(f"a: {deep}\n")
    assert made is None
    assert told == [
        "file-too-large: laid out, the file would have 2,480,003 bytes, more than 1 MiB"
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: &x 1\n", "a: 1\na: 2\n", "a: [\n", "\tb"])
def test_what_cannot_be_read_is_told_as_the_loader_tells_it(text: str) -> None:
    made, told = laid_out(text)
    assert made is None
    assert len(told) == 1


@pytest.mark.parametrize("text", ["word\n", "'x'", "|\n  text\n"])
def test_a_text_alone_is_left_as_it_is(text: str) -> None:
    assert laid_out(text) == (text, [])


@pytest.mark.parametrize("text", ["{}\n", "[]\n", "# c\n{}\n"])
def test_nothing_but_brackets_stays_what_it_is(text: str) -> None:
    assert laid_out(text) == (text, [])
