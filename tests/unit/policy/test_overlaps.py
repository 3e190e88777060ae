"""Two templates that nothing ranks, and what `alsoCovers` may name."""

import pytest

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, Severity
from tests.support.routes import a_service, an_operation, findings_of

Written = tuple[str, str] | tuple[str, str, dict[str, str]]


def overlap_of(
    *written: Written, fold_trailing_slash: bool = False, fold_case: bool = False
) -> Diagnostic | None:
    """The only finding among `one`, `two`, … given as (methods, path[, constraints])."""
    names = ("one", "two", "three")
    operations = [
        an_operation(name, methods, path, params=params[0] if params else None)
        for name, (methods, path, *params) in zip(names, written, strict=False)
    ]
    findings = findings_of(
        a_service(*operations, fold_trailing_slash=fold_trailing_slash, fold_case=fold_case)
    )
    assert len(findings) < 2
    return findings[0] if findings else None


@pytest.mark.parametrize(
    ("one", "two", "call"),
    [
        pytest.param(("GET", "/a"), ("GET", "/a"), "GET /a", id="equal"),
        pytest.param(("*", "/a"), ("*", "/a"), "GET /a", id="both for every method"),
        pytest.param(("GET PUT", "/a/{x}"), ("POST PUT", "/a/*"), "PUT /a/x", id="one method"),
        pytest.param(("GET", "/{x}/a/**"), ("GET", "/{y}/a/**"), "GET /x/a", id="rest"),
        pytest.param(
            ("GET", "/{x}", {"x": "[0-9]+"}),
            ("GET", "/{x}", {"x": "[0-9]+"}),
            "GET /0",
            id="equal patterns",
        ),
        pytest.param(
            ("GET", "/{x}/z", {"x": "[0-9]+"}),
            ("GET", "/{x}/z", {"x": "[0-9a-f]{4}"}),
            "GET /0000/z",
            id="different patterns that share a segment",
        ),
        pytest.param(
            ("GET", "/{x}", {"x": "int"}),
            ("GET", "/{x}", {"x": "[1-9]{2}"}),
            "GET /11",
            id="a type and a pattern",
        ),
        pytest.param(
            ("GET", "/{x}", {"x": "a|b"}),
            ("GET", "/{x}", {"x": "b|c"}),
            "GET /b",
            id="enumerations that share a word",
        ),
        pytest.param(("GET", "/a b"), ("GET", "/a b"), "GET /a%20b", id="encoded witness"),
    ],
)
def test_templates_of_equal_rank_that_share_a_call_are_an_error(
    one: Written, two: Written, call: str
) -> None:
    finding = overlap_of(one, two)
    assert finding is not None
    assert (finding.code, finding.severity) == (Code.OVERLAP, Severity.ERROR)
    assert f"`{call}` for one" in finding.message
    assert "`two`" in finding.message
    assert "`one`" in finding.message
    (note,) = finding.notes
    assert note.span is not None
    assert note.span < finding.span


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param(("GET", "/a"), ("POST", "/a"), id="other methods"),
        pytest.param(("GET", "/a"), ("*", "/a"), id="a listed method beats every method"),
        pytest.param(("GET", "/a"), ("GET", "/b"), id="other literals"),
        pytest.param(("GET", "/a"), ("GET", "/A"), id="case"),
        pytest.param(("GET", "/a"), ("GET", "/a/"), id="a trailing slash"),
        pytest.param(("GET", "/a/{x}"), ("GET", "/a/b"), id="more specific"),
        pytest.param(("GET", "/{x}"), ("GET", "/{x}", {"x": "int"}), id="a constraint ranks"),
        pytest.param(("GET", "/{x}/b"), ("GET", "/a/{x}"), id="ranked from the left"),
        pytest.param(("GET", "/a"), ("GET", "/a/**"), id="end and rest"),
        pytest.param(
            ("GET", "/{x}", {"x": "int"}), ("GET", "/{x}", {"x": "uuid"}), id="int and uuid"
        ),
        pytest.param(
            ("GET", "/{x}", {"x": "a|b"}), ("GET", "/{x}", {"x": "c|d"}), id="enumerations"
        ),
        pytest.param(
            ("GET", "/{x}", {"x": "[0-9]{4}"}), ("GET", "/{x}", {"x": "[0-9]{8}"}), id="lengths"
        ),
        pytest.param(
            ("GET", "/{x}/{y}", {"x": "int", "y": "[a-c]"}),
            ("GET", "/{x}/{y}", {"x": "int", "y": "[d-f]"}),
            id="apart at a later segment",
        ),
    ],
)
def test_templates_that_are_ranked_or_apart_are_no_overlap(one: Written, two: Written) -> None:
    assert overlap_of(one, two) is None


def test_patterns_that_are_not_proved_apart_count_as_overlapping() -> None:
    finding = overlap_of(
        ("GET", "/a/{x}", {"x": "[0-9]+"}), ("GET", "/a/{x}", {"x": r"\p{Greek}+"})
    )
    assert finding is not None
    assert finding.code is Code.OVERLAP
    assert "nothing proves that the patterns of segment 2 exclude each other" in finding.message


def test_folding_makes_templates_equal() -> None:
    slash = [("GET", "/a"), ("GET", "/a/")]
    case = [("GET", "/a"), ("GET", "/A")]
    assert overlap_of(slash[0], slash[1], fold_trailing_slash=True) is not None
    assert overlap_of(slash[0], slash[1], fold_case=True) is None
    assert overlap_of(case[0], case[1], fold_case=True) is not None
    assert overlap_of(case[0], case[1], fold_trailing_slash=True) is None
    assert overlap_of(("GET", "/k"), ("GET", "/\N{KELVIN SIGN}"), fold_case=True) is None


def test_two_paths_of_one_operation_must_not_tie_either() -> None:
    (finding,) = findings_of(a_service(an_operation("one", "GET", "/a/{x}", "/a/{y}")))
    assert finding.code is Code.OVERLAP
    assert "of this operation" in finding.message


def test_each_of_many_equal_templates_is_reported_once() -> None:
    operations = [an_operation(f"o{number}", "GET PUT", "/a") for number in range(5)]
    assert len(findings_of(a_service(*operations))) == 4


def test_operations_of_different_services_do_not_meet() -> None:
    first = a_service(an_operation("one", "GET", "/a"))
    second = a_service(
        an_operation("one", "GET", "/a"), id="other", base_urls=["https://other.example.com"]
    )
    assert not findings_of(first, second)


def test_also_covers_names_an_operation_of_the_service() -> None:
    broad = an_operation("broad", "*", "/**", also_covers=["ping", "health"])
    (finding,) = findings_of(a_service(broad, an_operation("pings", "*", "/ping")))[:1]
    assert (finding.code, finding.help) == (Code.UNKNOWN_OPERATION, "did you mean `pings`?")
    assert finding.span == broad.also_covers[0].span
