"""SARIF 2.1.0, by the requirements of its schema and text that a reader relies on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSet, Note, Severity
from deemster.policy.explanations import EXPLANATIONS
from deemster.policy.sarif import sarif_log
from deemster.policy.suppression import SuppressedFinding
from deemster.policy.tree import Suppression

PLACE = SourceSpan("policies/grüße & co.yaml", 3, 5, 3, 9)
FOUND = Diagnostic(
    Code.UNUSED_NAME,
    Severity.HINT,
    "nothing uses `{x}`",
    PLACE,
    help="write [it](out)",
    notes=(Note("declared at … as int", SourceSpan("b.yaml", 1, 2, 1, 3)), Note("no place")),
)
REASON = Suppression(Code.UNUSED_NAME, None, "kept for later", SourceSpan("c.yaml", 5, 7, 5, 11))


def log(*found: Diagnostic, suppressed: tuple[SuppressedFinding, ...] = ()) -> dict[str, Any]:
    return sarif_log(DiagnosticSet(found), suppressed, version="1.2.3", exit_code=1)


def run(*found: Diagnostic, suppressed: tuple[SuppressedFinding, ...] = ()) -> dict[str, Any]:
    written = log(*found, suppressed=suppressed)
    assert set(written) == {"$schema", "version", "runs"}
    assert written["version"] == "2.1.0"
    (only,) = written["runs"]
    assert isinstance(only, dict)
    return only


# --- the schema's requirements ------------------------------------------------------------------

URI = re.compile(r"(?:file://)?[A-Za-z0-9._~!$&'()*+,;=:@/%-]+")


def check_message(message: dict[str, Any]) -> None:
    assert set(message) <= {"text", "markdown"}
    assert isinstance(message["text"], str)
    # 3.11.5: no brace that could begin a placeholder. 3.11.6: nothing that reads like a link.
    for text in message.values():
        assert not re.search(r"(?<!\{)(?:\{\{)*\{(?!\{)", text)
        assert "](" not in text


def check_place(place: dict[str, Any]) -> None:
    assert set(place) == {"artifactLocation", "region"}
    artifact, region = place["artifactLocation"], place["region"]
    assert URI.fullmatch(artifact["uri"])
    assert ("uriBaseId" in artifact) is not artifact["uri"].startswith("file://")
    assert set(region) <= {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(isinstance(number, int) and number >= 1 for number in region.values())
    assert (region["startLine"], region.get("startColumn", 1)) <= (
        region.get("endLine", region["startLine"]),
        region.get("endColumn", 2**31),
    )


def check_run(found: dict[str, Any]) -> None:
    assert set(found) == {"tool", "columnKind", "invocations", "results"}
    assert found["columnKind"] == "unicodeCodePoints"
    driver = found["tool"]["driver"]
    rules = driver["rules"]
    assert driver["name"] == "deemster"
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        for text in (rule["shortDescription"], rule["fullDescription"], rule["help"]):
            check_message(text)
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    for result in found["results"]:
        assert result["level"] in {"error", "warning", "note"}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        check_message(result["message"])
        assert len(result["locations"]) == 1
        check_place(result["locations"][0]["physicalLocation"])
        for related in result.get("relatedLocations", ()):
            check_place(related["physicalLocation"])
            check_message(related["message"])
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        for suppression in result["suppressions"]:
            assert suppression["kind"] == "inSource"
            check_place(suppression["location"]["physicalLocation"])


def test_run_without_findings_has_every_rule_with_help() -> None:
    found = run()
    check_run(found)
    assert found["results"] == []
    assert [rule["id"] for rule in found["tool"]["driver"]["rules"]] == list(EXPLANATIONS)
    assert found["tool"]["driver"]["version"] == "1.2.3"
    assert found["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]


def test_finding_has_its_place_level_text_and_neighbours() -> None:
    found = run(FOUND)
    check_run(found)
    (result,) = found["results"]
    assert (result["ruleId"], result["level"]) == ("unused-name", "note")
    assert result["message"] == {"text": "nothing uses `{{x}}`\nhelp: write [it] (out)"}
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {
            "uri": "policies/gr%C3%BC%C3%9Fe%20%26%20co.yaml",
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
    }
    (related,) = result["relatedLocations"]
    assert related["message"] == {"text": "declared as int"}
    assert result["suppressions"] == []


def test_suppressed_finding_says_why_and_where() -> None:
    found = run(suppressed=(SuppressedFinding(FOUND, REASON),))
    check_run(found)
    (suppression,) = found["results"][0]["suppressions"]
    assert suppression["justification"] == "kept for later"
    assert suppression["location"]["physicalLocation"]["region"]["startLine"] == 5


@pytest.mark.parametrize(
    ("file", "uri"),
    [("/srv/a b.yaml", "file:///srv/a%20b.yaml"), ("a\udcffb.yaml", "a%FFb.yaml"), (".", ".")],
)
def test_path_becomes_a_uri(file: str, uri: str) -> None:
    found = run(Diagnostic(Code.EMPTY_TREE, Severity.ERROR, "x", SourceSpan(file, 1, 1, 1, 1)))
    check_run(found)
    place = found["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == uri
    assert place["region"] == {"startLine": 1}


def test_finding_that_moves_within_its_file_keeps_its_fingerprint() -> None:
    moved = Diagnostic(
        FOUND.code, FOUND.severity, FOUND.message, SourceSpan(PLACE.file, 9, 1, 9, 2)
    )
    prints = [result["partialFingerprints"] for result in run(FOUND, moved)["results"]]
    assert prints[0] == prints[1]


@given(st.text(), st.text(), st.text(min_size=1))
def test_any_text_makes_a_valid_log(message: str, help_: str, file: str) -> None:
    span = SourceSpan(file, 2, 3, 2, 3)
    found = Diagnostic(Code.UNKNOWN_KEY, Severity.ERROR, message, span, help_)
    check_run(run(found))
