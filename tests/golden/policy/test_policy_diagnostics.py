"""What policy authors read: the diagnostics of files, reader and parser, letter for letter."""

from pathlib import Path

import pytest

from deemster.policy.codes import Code
from tests.golden.policy.diagnostic_cases import cases, printed

# Files on disk cannot stand for these; tests/unit/policy has them.
NOT_AS_FILES = {
    Code.FILE_UNREADABLE,
    Code.FILE_TOO_LARGE,
    Code.TOO_MANY_ERRORS,
    Code.TOO_MANY_NODES,
}
STAGES = list(Code)[: list(Code).index(Code.IMPORT_NOT_FOUND)]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_diagnostics_read_as_expected(case: Path) -> None:
    assert printed(case) == (case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [code for code in STAGES if code not in NOT_AS_FILES])
def test_every_code_of_these_stages_has_a_case_that_shows_it(code: Code) -> None:
    assert any(
        f"error[{code}]" in (case / "expected.txt").read_text(encoding="utf-8") for case in cases()
    )
