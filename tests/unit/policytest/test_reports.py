"""A test run in words, as JSON and as JUnit XML."""

import json
import xml.etree.ElementTree as ET
from textwrap import dedent

from deemster.policytest.junit import junit_report
from deemster.policytest.outcomes import TestRun
from deemster.policytest.reports import json_report, text_report
from tests.unit.policytest.test_runner import run
from tests.unit.policytest.test_suite import with_cases

CASES = """
    - name: passes
      request: {method: GET, url: https://api.example.com/notes}
      token: alice
      expect: {decision: permit}
    - name: "fails <&> \\u001b[31m"
      request: {method: GET, url: https://api.example.com/notes}
      token: {like: alice, scope: other}
      expect: {decision: permit}
    - name: another challenge
      request: {method: GET, url: https://api.example.com/notes}
      token: {like: alice, scope: other}
      expect: {decision: deny, reason: scope-missing, challenge: {scope: notes.write}}
    - name: is skipped
      skip: not before the new scope is there
      request: {method: GET, url: https://api.example.com/notes}
      expect: {decision: permit}
    - name: errors
      request: {method: GET, url: notes}
      expect: {decision: deny}
    """


async def ran() -> TestRun:
    return await run(with_cases(CASES))


async def test_text_shows_place_request_expected_got_and_trace_of_what_failed() -> None:
    told = text_report(await ran(), seconds=0.5, colour=False)
    assert told == dedent(
        """\
        tests/suite.yaml  Notes: 1 passed, 2 failed, 1 skipped, 1 errored
          FAILED  tests/suite.yaml:17  fails <&> \\x1b[31m
            request     GET https://api.example.com/notes
            token       like alice, but for scope
            expected    permit
            got         deny, reason scope-missing, operation list, status 403
            decided by  notes/list/allow/scopes (notes.yaml:16)
            trace
              notes.yaml:16  notes/list/allow/scopes  scope-missing  claims.scope = ['other']  <- decides

          FAILED  tests/suite.yaml:21  another challenge
            request     GET https://api.example.com/notes
            token       like alice, but for scope
            expected    deny, reason scope-missing, challenge.scope notes.write
            got         deny, reason scope-missing, operation list, status 403
                        challenge.scope: expected `notes.write`, got `notes.read`
            decided by  notes/list/allow/scopes (notes.yaml:16)
            trace
              notes.yaml:16  notes/list/allow/scopes  scope-missing  claims.scope = ['other']  <- decides

          SKIPPED  tests/suite.yaml:25  is skipped: not before the new scope is there
          ERRORED  tests/suite.yaml:29  errors
            request     GET notes
            token       none
            problem     `url` this is not an absolute URL

        1 suite, 5 cases: 1 passed, 2 failed, 1 skipped, 1 errored (0.50 s)
        """  # noqa: E501
    )


async def test_json_has_the_same_and_is_json() -> None:
    report = json.loads(json.dumps(json_report(await ran())))
    assert report["counts"] == {"passed": 1, "failed": 2, "skipped": 1, "errored": 1}
    assert report["exitStatus"] == 2
    cases = report["suites"][0]["cases"]
    assert [case["outcome"] for case in cases] == [
        "passed", "failed", "failed", "skipped", "errored",
    ]  # fmt: skip
    assert cases[1]["mismatches"] == [{"what": "decision", "expected": "permit", "got": "deny"}]
    assert cases[1]["got"]["place"] == "notes.yaml:16"
    assert cases[1]["trace"] == [
        {
            "idPath": "notes/list/allow/scopes",
            "place": "notes.yaml:16",
            "outcome": "scope-missing",
            "detail": "claims.scope = ['other']",
        }
    ]


async def test_junit_is_xml_whatever_stands_in_the_names() -> None:
    text = junit_report(await ran(), seconds=0.5)
    root = ET.fromstring(text)  # noqa: S314  (written by ourselves)
    assert root.attrib == {
        "tests": "5", "failures": "2", "errors": "1", "skipped": "1", "time": "0.500",
    }  # fmt: skip
    suite = root[0]
    assert [case.attrib["line"] for case in suite] == ["13", "17", "21", "25", "29"]
    assert suite[1].attrib["name"] == "fails <&> \N{REPLACEMENT CHARACTER}[31m"
    failure = suite[1].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "decision: expected permit, got deny"
    assert "notes.yaml:16  notes/list/allow/scopes" in (failure.text or "")
    assert [case[0].tag for case in suite if len(case)] == [
        "failure", "failure", "skipped", "error",
    ]  # fmt: skip


async def test_colour_is_only_where_it_was_asked_for() -> None:
    assert "\x1b" not in text_report(await ran(), seconds=0.5, colour=False)
    assert "\x1b[31mFAILED\x1b[0m" in text_report(await ran(), seconds=0.5, colour=True)
