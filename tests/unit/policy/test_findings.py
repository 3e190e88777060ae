"""One mistake is told once, with the shortest way to it."""

from deemster.model.source import SourceSpan
from deemster.policy.checking.findings import told_once
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, Note, Severity

HERE = SourceSpan("lib.yaml", 3, 1, 3, 4)


def a_finding(steps: int = 0, *, message: str = "wrong", line: int = 1) -> Diagnostic:
    """Reached by `steps` steps that begin at `line`."""
    notes = [Note("declared", HERE)]
    notes += [
        Note(f"step {n}", SourceSpan("a.yaml", line + n, 1, line + n, 2), is_step=True)
        for n in range(steps)
    ]
    return Diagnostic(Code.TYPE_MISMATCH, Severity.ERROR, message, HERE, notes=tuple(notes))


def notes_of(*findings: Diagnostic) -> list[str]:
    (one,) = told_once(findings)
    return [note.message for note in one.notes]


def test_what_is_wrong_by_itself_is_told_without_its_uses() -> None:
    assert notes_of(a_finding(2), a_finding(), a_finding(1)) == ["declared"]


def test_what_is_wrong_in_its_uses_names_one_and_counts_the_others() -> None:
    assert notes_of(a_finding(1)) == ["declared", "step 0"]
    assert notes_of(a_finding(2), a_finding(1, line=9)) == [
        "declared",
        "step 0",
        "and in 1 more place",
    ]
    assert notes_of(*(a_finding(1, line=n) for n in range(4)))[-1] == "and in 3 more places"


def test_a_long_way_is_shortened_in_the_middle() -> None:
    assert notes_of(a_finding(9)) == [
        "declared",
        *("step 0", "step 1", "step 2"),
        "… 3 more steps …",
        *("step 6", "step 7", "step 8"),
    ]


def test_different_findings_at_one_place_stay_apart() -> None:
    told = list(told_once([a_finding(), a_finding(1, message="also wrong")]))
    assert [finding.message for finding in told] == ["wrong", "also wrong"]
