"""The canonical layout, byte for byte, on files that authors might have."""

from pathlib import Path

import pytest

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policytools.layout.formatting import formatted
from tests.golden.layout.cases_of_layout import cases, laid_out


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_file_is_laid_out_as_expected(case: Path) -> None:
    assert laid_out(case) == (case / "after.yaml").read_bytes()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_layout_is_its_own_layout(case: Path) -> None:
    after = (case / "after.yaml").read_bytes()
    assert formatted(after, "after.yaml", DiagnosticSink()) == after
