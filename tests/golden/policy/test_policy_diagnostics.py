"""What policy authors read: every diagnostic of a tree of files, letter for letter."""

import re
from pathlib import Path

import pytest

from deemster.policy.codes import Code
from deemster.policy.explanations import EXPLANATIONS
from tests.golden.policy.diagnostic_cases import cases, printed, shown_codes

# A few files on disk cannot show these; tests/unit has them.
NOT_AS_FILES = {
    Code.FILE_UNREADABLE,
    Code.FILE_TOO_LARGE,
    Code.TOO_MANY_ERRORS,
    Code.TOO_MANY_NODES,
    Code.TREE_TOO_LARGE,
}
NOT_OF_POLICIES = {Code.SETTING, Code.TEST_SUITE, Code.UNSUPPORTED_YET}
FINDING = re.compile(r"^.+: (?:error|warning|hint)\[[a-z0-9-]+\]: (.+)$", re.MULTILINE)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_diagnostics_read_as_expected(case: Path) -> None:
    assert printed(case) == (case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(set(Code) - NOT_AS_FILES - NOT_OF_POLICIES))
def test_every_code_has_a_case_that_shows_it(code: Code) -> None:
    assert code in shown_codes()


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_explained(code: Code) -> None:
    assert code in EXPLANATIONS, "say what it means in policy/explanations/, for `--explain`"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_messages_are_one_sentence_in_lower_case_without_a_full_stop(case: Path) -> None:
    messages = FINDING.findall((case / "expected.txt").read_text(encoding="utf-8"))
    assert messages
    wrong = [text for text in messages if text[0].isupper() or text.endswith(".")]
    # The name of a format begins with a capital in every sentence.
    assert [text for text in wrong if not text.startswith("YAML ")] == []
