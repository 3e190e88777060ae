"""Members that an operator does not want in the log: gone, or a digest that nobody can guess."""

from __future__ import annotations

import hmac

import msgspec
import pytest

from deemster.decisionlog.record import RecordBuilder, outcome_of
from deemster.decisionlog.redaction_rules import REDACTABLE, Redaction, RedactionRules
from deemster.decisionlog.replayable import ReplayRules
from deemster.model.access import AccessRequest, Action, Resource, Subject
from deemster.model.evidence import Evidence
from deemster.model.identity import UserContext
from deemster.settings import decision_log_sections
from tests.unit.decisionlog.records import CALLER, a_call, a_decision

SALT = b"0123456789-salt-of-the-log"
RULES = ReplayRules(
    claims=frozenset({"sub", "client_id", "email"}),
    headers=frozenset({"x-a"}),
    query=frozenset({"page"}),
    user=frozenset({"groups"}),
    attributes=frozenset({"*"}),
)


def a_record(members: dict[str, Redaction], **of_call: object) -> dict[str, object]:
    call = a_call(**of_call)
    user = UserContext(id="alice", groups=frozenset({"sales"}))
    evidence = Evidence(5.0, call, "bizpro", "api", user, {})
    decision = a_decision(evidence=evidence)
    builder = RecordBuilder("test", lambda: 5.0, redact=RedactionRules(members, SALT), replay=RULES)
    record = builder.build("sideband", CALLER, call, decision, outcome_of(decision), 1)
    found = msgspec.json.decode(msgspec.json.encode(record))
    assert isinstance(found, dict)
    return found


def digest(text: str) -> str:
    return "digest:" + hmac.digest(SALT, text.encode(), "sha256").hex()[:32]


def test_settings_and_log_know_the_same_members() -> None:
    assert decision_log_sections.REDACTABLE == REDACTABLE


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("subject", "alice"),
        ("client_id", "app"),
        ("client_ip", "192.0.2.7"),
        ("gateway_request_id", "req-1"),
    ],
)
def test_a_member_is_removed_or_digested_and_named_in_masked(member: str, value: str) -> None:
    assert a_record({})[member] == value
    removed = a_record({member: Redaction.REMOVE})
    assert (removed[member], removed["masked"]) == (None, ["url.query", member])
    digested = a_record({member: Redaction.DIGEST})
    assert (digested[member], digested["masked"]) == (digest(value), ["url.query", member])


def test_a_path_goes_as_a_whole_and_the_host_stays() -> None:
    url = a_record({"url.path": Redaction.DIGEST})["url"]
    shown = digest("/billing/invoices/12")
    assert url == f"https://api.example.com/{shown}?token=[redacted]"
    assert (
        a_record({"url.path": Redaction.REMOVE})["url"]
        == "https://api.example.com/[redacted]?token=[redacted]"
    )


def test_what_a_question_was_about_is_digested() -> None:
    request = AccessRequest(Subject("user", "alice"), Action("read"), Resource("doc", "7"))
    record = a_record({"resource.id": Redaction.DIGEST}, url="", question=request)
    assert record["resource"] == {"type": "doc", "id": digest("7")}


def test_nobody_is_named_in_replay_who_is_taken_out_of_the_record() -> None:
    how = {"subject": Redaction.DIGEST, "client_id": Redaction.REMOVE}
    text = msgspec.json.encode(a_record(how))
    assert b'"alice"' not in text
    assert b'"app"' not in text
    assert text.count(digest("alice").encode()) == 3
    replay = a_record(how)["replay"]
    assert isinstance(replay, dict)
    assert replay["user"]["groups"] == ["sales"]


def test_only_what_the_settings_allow_is_in_replay() -> None:
    text = msgspec.json.encode(a_record({}))
    assert b"CANARY" not in text
    replay = a_record({})["replay"]
    assert isinstance(replay, dict)
    assert replay["token"]["claims"] == {"email": "alice@example.com"}
    assert replay["masked"] == [
        "claims.jti",
        "headers.authorization",
        "headers.cookie",
        "query.token",
    ]
    assert replay["has"] == ["body"]


def test_a_member_too_large_is_left_out_and_says_so() -> None:
    record = a_record({}, headers=a_call().headers, url="https://a.example/?page=" + "x" * 20_000)
    assert record["replay"] == {"left_out": "larger than 16 KiB"}
