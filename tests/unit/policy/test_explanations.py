"""The table of codes: complete, and written alike."""

from __future__ import annotations

import re

import pytest

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations import CHAPTERS, EXPLANATIONS, SUPPRESSIBLE
from tests.golden.policy.diagnostic_cases import cases


def test_no_code_is_explained_twice() -> None:
    assert sum(len(chapter) for chapter in CHAPTERS.values()) == len(EXPLANATIONS)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_title_completes_a_sentence_and_text_is_sentences(code: Code) -> None:
    explanation = EXPLANATIONS[code]
    title, text = explanation.title, explanation.text
    assert title[0].islower() or title.startswith("`")
    assert not title.endswith(".")
    assert len(title) <= 88
    assert text[0].isupper() or text.startswith("`")
    assert text.endswith(".")
    assert 20 <= len(text) <= 600


def test_severities_are_those_that_findings_have() -> None:
    shown = {
        (Code(code), Severity(severity))
        for case in cases()
        for severity, code in re.findall(
            r": (error|warning|hint)\[([a-z0-9-]+)\]: ",
            (case / "expected.txt").read_text(encoding="utf-8"),
        )
    }
    wrong = [
        (code, severity)
        for code, severity in shown
        if severity not in EXPLANATIONS[code].severities
    ]
    assert wrong == []


def test_only_what_may_be_no_error_is_suppressible_and_one_error_more() -> None:
    for code in Code:
        severities = EXPLANATIONS[code].severities
        if code in SUPPRESSIBLE and code is not Code.FAIL_OPEN_COMBINING:
            assert set(severities) != {Severity.ERROR}
    assert Code.STALE_SUPPRESSION not in SUPPRESSIBLE
    assert EXPLANATIONS[Code.FAIL_OPEN_COMBINING].severities == (Severity.ERROR,)
