"""`deemster replay`: what the page shows, exit statuses, and lines that cannot be decided again."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from tests.support.markdown import code_blocks, sections
from tests.support.replay_example import EXAMPLE

PAGE = (Path(__file__).parents[2] / "docs" / "decision-log.md").read_text(encoding="utf-8")
LINES = (EXAMPLE / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
_RATE = re.compile(r" \([0-9.]+ s, [0-9,]+ a second\)")


def said(*arguments: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    return found.exit_code, found.stdout, found.stderr


def replayed(log: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    code, told, _ = said(log, "--policies", EXAMPLE / "next", "--format", "json", *arguments)
    return code, json.loads(told)


def changed(tmp_path: Path, line: int, **members: object) -> Path:
    """One record of the example, with other members; those of `replay` by `replay__x`."""
    record = json.loads(LINES[line])
    for name, value in members.items():
        if name.startswith("replay__"):
            record["replay"][name.removeprefix("replay__")] = value
        elif value is None and name == "replay":
            del record["replay"]
        else:
            record[name] = value
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return file


def test_the_page_shows_what_the_command_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE)
    [block] = code_blocks(sections(PAGE)["Deciding it again"], "console")
    command, _, shown = block.partition("\n")
    code, told, errors = said(*command.removeprefix("$ deemster replay ").split())
    assert (code, errors) == (1, "")
    assert _RATE.sub("", told.strip()) == _RATE.sub("", shown.strip())


def test_nothing_changes_under_the_tree_that_decided() -> None:
    log = EXAMPLE / "decisions.jsonl"
    code, told, errors = said(log, "--policies", EXAMPLE / "policies")
    assert (code, errors) == (0, "")
    assert "10 records decided again" in told
    assert told.strip().endswith("0 changed, 10 the same")


@pytest.mark.parametrize(
    ("fail_on", "line", "status"),
    [
        ("any", 1, 1),
        ("widened", 1, 1),
        ("effect", 1, 1),
        ("widened", 4, 0),
        ("widened", 3, 0),
        ("effect", 3, 1),
        ("never", 1, 0),
        ("any", 0, 0),
    ],
)
def test_what_makes_the_exit_status_1_is_chosen(
    tmp_path: Path, fail_on: str, line: int, status: int
) -> None:
    changes = {1: "widened", 3: "narrowed", 4: "narrowed", 0: None}
    code, found = replayed(changed(tmp_path, line), "--fail-on", fail_on)
    assert [one["kind"] for one in found["groups"]] == [changes[line]] * (line != 0)
    assert code == status


@pytest.mark.parametrize(
    ("line", "members", "why"),
    [
        (0, {"replay": None}, "it has no `replay`: `decisionLog.replay` was not set then"),
        (0, {"replay__left_out": "larger than 16 KiB"}, "its `replay` was left out"),
        (0, {"replay__phase": "response"}, "it is about an upstream's answer"),
        (0, {"reason": "overloaded", "effect": "deny"}, "no policy was asked: overloaded"),
        (0, {"reason": "deadline-exceeded"}, "no policy was asked: deadline-exceeded"),
        (0, {"masked": ["url.path"]}, "masked: url.path"),
        (0, {"replay__provider": "other"}, "not recorded: whether provider `staff` accepts"),
        (0, {"replay__audience": "b"}, "not recorded: whether the token is for another audience"),
        (0, {"replay__user": None}, "not recorded: the user, whom nobody looked up then"),
        (2, {"replay__token": None}, "not recorded: the token: nobody looked at one then"),
        (0, {"url": "nothing at all"}, "its URL is none"),
        (6, {}, "not recorded: the body, which is never recorded"),
        (0, {"reason": "no-such-reason"}, "no reason that is known: no-such-reason"),
    ],
)
def test_what_is_not_known_is_not_guessed(
    tmp_path: Path, line: int, members: dict[str, object], why: str
) -> None:
    code, found = replayed(changed(tmp_path, line, **members))
    assert (code, found["decided"]) == (2, 0)
    [(told, count)] = found["notReplayable"].items()
    assert count == 1
    assert told.startswith(why)


def test_a_claim_that_is_not_told_counts_only_where_it_is_read(tmp_path: Path) -> None:
    token = json.loads(LINES[2])["replay"]["token"]
    del token["claims"]["tier"]
    masked = ["claims.tier"]
    exporting = changed(tmp_path, 2, replay__token=token, replay__masked=masked)
    code, found = replayed(exporting)
    assert (code, found["notReplayable"]) == (2, {"not recorded: claims.tier": 1})
    listing = changed(tmp_path, 0, replay__token=token, replay__masked=masked)
    assert replayed(listing)[0] == 0


def test_groups_that_nobody_fetched_are_told_apart_from_those_that_are_not_recorded(
    tmp_path: Path,
) -> None:
    user = {"id": "alice"}
    code, found = replayed(changed(tmp_path, 0, replay__user=user))
    assert (code, list(found["notReplayable"])) == (
        2,
        ["not recorded: user.groups, which nobody fetched then"],
    )
    masked = changed(tmp_path, 0, replay__user=user, replay__masked=["user.groups"])
    assert list(replayed(masked)[1]["notReplayable"]) == ["not recorded: user.groups"]


def test_a_claim_that_was_not_there_is_known_not_to_be_there(tmp_path: Path) -> None:
    token = json.loads(LINES[2])["replay"]["token"]
    del token["claims"]["tier"]
    code, found = replayed(changed(tmp_path, 2, replay__token=token))
    assert code == 1
    assert found["groups"][0]["now"]["reason"] == "policy-denied"


def test_a_salted_log_needs_the_salt(tmp_path: Path) -> None:
    answer = {"attribute": "a.yaml#x", "source": "s", "call": "0" * 32, "document": 1}
    log = changed(tmp_path, 0, replay__salted=True, replay__answers=[answer])
    code, found = replayed(log)
    assert code == 2
    assert list(found["notReplayable"]) == [
        "its digests are salted: --config must name settings with the salt"
    ]


def test_lines_that_are_no_records_are_told_by_place_and_the_others_decided(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log.jsonl"
    odd = json.dumps({"v": 1, "decision_id": 5})
    log.write_text(f"{LINES[0]}\nno json\n{odd}\n{LINES[7]}\n{LINES[1]}", encoding="utf-8")
    code, told, errors = said(log, "--policies", EXAMPLE / "next")
    assert code == 2
    assert "2 records decided again" in told
    assert [line.partition(": ")[0] for line in errors.splitlines()] == [
        f"{log}:2",
        f"{log}:3",
        f"{log}:5",
    ]


def test_junit_has_a_case_for_each_operation_and_a_failure_where_it_changes(
    tmp_path: Path,
) -> None:
    report = tmp_path / "reports" / "junit.xml"
    code, _ = replayed(EXAMPLE / "decisions.jsonl", "--junit", report)
    assert code == 1
    suite = ET.parse(report).getroot()[0]  # noqa: S314 - we wrote it
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert cases == {
        "orders/cancel": ["failure"],
        "orders/export": ["failure"],
        "orders/health": [],
        "orders/list": ["failure"],
        "orders/no operation": [],
    }
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("5", "3")
