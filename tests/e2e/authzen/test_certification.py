"""The certification scenario of AuthZEN 1.0, over HTTP: facts/authzen.md 6.

Its fixture is the example `records`: users alice and bob, records record-1 and record-2. Eight
decisions are compared by value, everything else by its form.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.authzen.service import EVALUATION, EVALUATIONS, SECRET, Pdp, serving

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Members = dict[str, object]
BASE = "https://pdp.example.com"
METADATA = "/.well-known/authzen-configuration"


@pytest.fixture(scope="module", params=["uvicorn", "hypercorn"])
def pdp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pdp]:
    with serving("records", tmp_path_factory.mktemp("records"), server=request.param) as found:
        yield found


def user(id_: str, **properties: object) -> Members:
    return {"type": "user", "id": id_, **({"properties": properties} if properties else {})}


def action(name: str, **properties: object) -> Members:
    return {"name": name, **({"properties": properties} if properties else {})}


def record(id_: str, **properties: object) -> Members:
    return {"type": "record", "id": id_, **({"properties": properties} if properties else {})}


def question(subject: Members, action: Members, resource: Members, **more: object) -> Members:
    return {"subject": subject, "action": action, "resource": resource, **more}


ARCHIVED = record("record-2", status="archived")
EIGHT = [
    (question(user("alice"), action("read"), record("record-1")), True),
    (question(user("alice"), action("write"), record("record-1")), True),
    (question(user("bob"), action("read"), record("record-1")), True),
    # The stored bob is an administrator; this one was not said to be.
    (question(user("bob"), action("write"), record("record-1")), False),
    (question(user("alice"), action("write"), ARCHIVED), False),
    (question(user("bob", role="admin"), action("write"), ARCHIVED), True),
    (question(user("alice"), action("delete", soft=True), record("record-1")), True),
    (question(user("alice"), action("delete", soft=False), record("record-1")), False),
]
READ = EIGHT[0][0]


# --- Basic ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "decision"), EIGHT)
def test_the_eight_decisions(pdp: Pdp, body: Members, decision: bool) -> None:
    assert pdp.decides(body) is decision


@pytest.mark.parametrize(("body", "decision"), EIGHT)
def test_asked_again_the_answer_is_the_same(pdp: Pdp, body: Members, decision: bool) -> None:
    assert {pdp.decides(body) for _ in range(3)} == {decision}


def test_a_deny_is_a_200_and_tells_why(pdp: Pdp) -> None:
    answer = pdp.ask(EIGHT[3][0])
    assert answer.status_code == 200
    told = answer.json()
    assert told["decision"] is False
    assert (told["context"]["reason"], told["context"]["status"]) == ("no-rule", 403)
    assert told["context"]["decision_id"] == answer.headers["x-decision-id"]


@pytest.mark.parametrize(
    "more",
    [
        {"context": {}},
        {"context": {"time": "2026-11-26T09:00:00Z", "nested": {"a": [1, None, True, 1.5]}}},
        {"foo": "bar", "evaluation": [], "options": 7},
        {"subject": {**user("alice", department="Sales", tags=[1]), "extra": None}},
        {"action": {**action("read", method="GET"), "extra": {}}},
        {"resource": {**record("record-1", size=7, owner={"id": "bob"}), "extra": []}},
    ],
)
def test_optional_and_unknown_members_do_no_harm(pdp: Pdp, more: Members) -> None:
    assert pdp.decides({**READ, **more}) is True


@pytest.mark.parametrize(
    "body",
    [
        question(user("nobody"), action("read"), record("record-1")),
        question(user("alice"), action("fly"), record("record-1")),
        question(user("alice"), action("read"), {"type": "unicorn", "id": "1"}),
        question({"type": "robot", "id": "mallory"}, action("read"), record("record-1")),
    ],
)
def test_what_nobody_knows_is_denied_and_no_error(pdp: Pdp, body: Members) -> None:
    assert pdp.decides(body) is False


def test_the_order_of_members_means_nothing(pdp: Pdp) -> None:
    body = dict(reversed(list(EIGHT[5][0].items())))
    assert pdp.decides(body) is True


# --- errors ---------------------------------------------------------------------------------------


MALFORMED = [
    pytest.param(b"", id="empty"),
    pytest.param(b"{", id="broken"),
    pytest.param(b"[]", id="array"),
    pytest.param(b"null", id="null"),
    pytest.param(b"not json", id="no JSON"),
    pytest.param({}, id="nothing asked"),
    pytest.param({**READ, "subject": "alice"}, id="subject a string"),
    pytest.param({**READ, "subject": None}, id="subject null"),
    pytest.param({**READ, "subject": {"type": "user"}}, id="no subject.id"),
    pytest.param({**READ, "subject": {"id": "alice"}}, id="no subject.type"),
    pytest.param({**READ, "subject": {"type": 1, "id": "alice"}}, id="subject.type a number"),
    pytest.param({**READ, "action": {}}, id="no action.name"),
    pytest.param({**READ, "action": {"name": 7}}, id="action.name a number"),
    pytest.param({**READ, "action": ["read"]}, id="action an array"),
    pytest.param({**READ, "resource": {"type": "record"}}, id="no resource.id"),
    pytest.param({**READ, "resource": {"id": "record-1"}}, id="no resource.type"),
    pytest.param({**READ, "resource": 1}, id="resource a number"),
    pytest.param({**READ, "context": "web"}, id="context a string"),
    *[
        pytest.param({name: READ[name] for name in READ if name != left_out}, id=f"no {left_out}")
        for left_out in READ
    ],
]


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_request_is_a_400(pdp: Pdp, body: object, path: str) -> None:
    answer = pdp.ask(body, path, x_request_id="r-1")
    assert answer.status_code == 400
    assert "decision" not in answer.json()
    assert answer.json()["message"]
    assert answer.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None]
)
def test_a_wrong_content_type_is_a_400_and_no_415(
    pdp: Pdp, path: str, content_type: str | None
) -> None:
    assert pdp.ask(READ, path, content_type=content_type).status_code == 400
    assert pdp.ask(READ, path, content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1]])
def test_a_stranger_gets_a_401_with_a_challenge(pdp: Pdp, path: str, secret: str | None) -> None:
    answer = pdp.ask(READ, path, client_token=secret, x_request_id="r-2")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.headers["x-request-id"] == "r-2"
    assert "decision" not in answer.json()


def test_a_body_beyond_the_limit_is_a_413(pdp: Pdp) -> None:
    answer = pdp.ask({**READ, "context": {"text": "x" * 2**20}}, x_request_id="r-3")
    assert (answer.status_code, answer.headers["x-request-id"]) == (413, "r-3")


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_the_request_id_comes_back(pdp: Pdp, path: str) -> None:
    for id_ in ("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "any text: 1/2"):
        assert pdp.ask(READ, path, x_request_id=id_).headers["x-request-id"] == id_
    assert "x-request-id" not in pdp.ask(READ, path).headers


def test_the_request_id_is_recorded_with_the_decision(pdp: Pdp) -> None:
    answer = pdp.ask(READ, x_request_id="found-again")
    (found,) = pdp.records("found-again", 1)
    assert found["decision_id"] == answer.json()["context"]["decision_id"]
    assert (found["protocol"], found["gateway"]) == ("authzen", "records-app")
    assert (found["subject"], found["method"]) == ("alice", "read")
    assert found["resource"] == {"type": "record", "id": "record-1"}


# --- Batch ----------------------------------------------------------------------------------------


def several(bodies: list[Members], **more: object) -> Members:
    return {"evaluations": bodies, **more}


def test_several_answers_are_as_many_as_the_questions_and_in_their_order(pdp: Pdp) -> None:
    bodies = [body for body, _ in EIGHT]
    assert pdp.decide(several(bodies)) == [decision for _, decision in EIGHT]
    assert pdp.decide(several(bodies[::-1])) == [decision for _, decision in EIGHT][::-1]


def test_defaults_are_taken_whole_or_not_at_all(pdp: Pdp) -> None:
    body = several(
        [
            {},
            {"resource": record("record-1")},
            {"subject": user("bob")},
            {"subject": user("alice")},
            {"action": action("read")},
        ],
        **question(user("bob", role="admin"), action("write"), ARCHIVED),
    )
    # bob in the third is not said to be an administrator any more: nothing is merged.
    assert pdp.decide(body) == [True, True, False, False, True]


def test_a_question_that_lacks_something_is_a_deny_among_the_others(pdp: Pdp) -> None:
    body = several([READ, {"action": action("read")}, READ])
    answer = pdp.ask(body, EVALUATIONS)
    assert answer.status_code == 200
    first, wrong, last = answer.json()["evaluations"]
    assert (first["decision"], wrong["decision"], last["decision"]) == (True, False, True)
    assert wrong["context"]["error"]["status"] == 400


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, True, True, False, False, True, True, False]),
        ("deny_on_first_deny", [True, True, True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_each_semantic_ends_where_it_must(pdp: Pdp, semantic: str, expected: list[bool]) -> None:
    body = several(
        [body for body, _ in EIGHT], options={"evaluations_semantic": semantic, "other": 1}
    )
    assert pdp.decide(body) == expected


def test_a_failure_ends_deny_on_first_deny_as_a_deny_does(pdp: Pdp) -> None:
    options = {"evaluations_semantic": "deny_on_first_deny"}
    assert pdp.decide(several([READ, {}, READ], options=options)) == [True, False]


@pytest.mark.parametrize("evaluations", [..., []])
def test_no_items_are_one_question(pdp: Pdp, evaluations: object) -> None:
    more = {} if evaluations is ... else {"evaluations": evaluations}
    answer = pdp.ask({**READ, **more}, EVALUATIONS)
    assert answer.json()["decision"] is True
    assert "evaluations" not in answer.json()


@pytest.mark.parametrize(
    "more",
    [
        {"options": {"evaluations_semantic": "deny_on_first"}},
        {"evaluations": {}},
        {"evaluations": [READ] * 51},
        {"subject": "alice"},
    ],
)
def test_what_is_wrong_with_all_of_it_is_a_400(pdp: Pdp, more: Members) -> None:
    assert pdp.ask({**several([READ]), **more}, EVALUATIONS).status_code == 400


def test_each_question_has_its_own_decision_and_its_own_record(pdp: Pdp) -> None:
    answer = pdp.ask(several([body for body, _ in EIGHT]), EVALUATIONS, x_request_id="all-eight")
    told = [one["context"]["decision_id"] for one in answer.json()["evaluations"]]
    found = pdp.records("all-eight", 8)
    assert [r["decision_id"] for r in found] == told
    assert [r["effect"] == "permit" for r in found] == [decision for _, decision in EIGHT]
    assert len(set(told)) == 8


# --- Discovery ------------------------------------------------------------------------------------


def test_the_service_tells_where_it_is_asked_under_its_public_name_alone(pdp: Pdp) -> None:
    answer = pdp.client.get(METADATA, headers={"host": "evil.test", "x-forwarded-host": "evil"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "max-age=" in answer.headers["cache-control"]
    assert answer.json() == {
        "policy_decision_point": BASE,
        "access_evaluation_endpoint": BASE + EVALUATION,
        "access_evaluations_endpoint": BASE + EVALUATIONS,
    }
    assert pdp.client.head(METADATA).status_code == 200
    assert pdp.client.post(METADATA, json=READ).status_code == 405


def test_a_base_url_with_a_path_moves_both_the_document_and_the_endpoints(pdp: Pdp) -> None:
    more = {"authzen": {"publicBaseUrl": f"{BASE}/tenant1"}}
    with serving("records", pdp.folder.parent / "tenant1", more) as tenant:
        assert tenant.client.get(METADATA).status_code == 404
        found = tenant.client.get(f"{METADATA}/tenant1").json()
        assert found["policy_decision_point"] == f"{BASE}/tenant1"
        endpoint = found["access_evaluation_endpoint"].removeprefix(BASE)
        assert endpoint == "/tenant1/access/v1/evaluation"
        # A proxy in front may pass the path on or take its first part away.
        for path in (endpoint, EVALUATION):
            assert tenant.ask(READ, path).json()["decision"] is True


def test_what_has_no_public_name_tells_nothing_of_itself(pdp: Pdp) -> None:
    with serving("records", pdp.folder.parent / "nameless", {"authzen": {}}) as nameless:
        assert nameless.client.get(METADATA).status_code == 404
        assert nameless.decides(READ) is True
