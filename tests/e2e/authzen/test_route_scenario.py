"""The API gateway scenario of AuthZEN's interoperability tests: facts/authzen.md 7.

Five users by five routes, as the example `todo-gateway` has them; asked as `route`, as `uri`, in
one message, and with the users' own tokens.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.authzen.service import Pdp, serving

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROUTES = [
    ("GET", "/users/{userId}", "/users/rick"),
    ("GET", "/todos", "/todos"),
    ("POST", "/todos", "/todos"),
    ("PUT", "/todos/{todoId}", "/todos/7240d0db-8ff0-41ec-98b2-34a096273b91"),
    ("DELETE", "/todos/{todoId}", "/todos/7240d0db-8ff0-41ec-98b2-34a096273b91"),
]
# Looking is for everybody. Admins and editors create and delete, geniuses and editors change.
ALLOWED = {
    "rick": [True, True, True, True, True],
    "morty": [True, True, True, True, True],
    "summer": [True, True, True, True, True],
    "beth": [True, True, False, False, False],
    "jerry": [True, True, False, False, False],
}
VECTORS = [
    pytest.param(subject, method, template, path, allowed, id=f"{subject} {method} {template}")
    for subject, answers in ALLOWED.items()
    for (method, template, path), allowed in zip(ROUTES, answers, strict=True)
]
every_vector = pytest.mark.parametrize(
    ("subject", "method", "template", "path", "allowed"), VECTORS
)


@pytest.fixture(scope="module")
def pdp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pdp]:
    with serving("todo-gateway", tmp_path_factory.mktemp("todo-gateway")) as found:
        yield found


def asked(
    subject: str, method: str, kind: str, id_: str, token: str | None = None, **more: object
) -> dict[str, object]:
    properties = {"properties": {"token": token}} if token is not None else {}
    return {
        "subject": {"type": "identity", "id": subject, **properties},
        "action": {"name": method},
        "resource": {"type": kind, "id": id_, **more},
        "context": {},
    }


def test_all_combinations_are_there() -> None:
    assert len(VECTORS) == 25


@every_vector
def test_a_route_is_asked_about_by_its_template(
    pdp: Pdp, subject: str, method: str, template: str, path: str, allowed: bool
) -> None:
    assert pdp.decides(asked(subject, method, "route", template)) is allowed


@every_vector
def test_a_url_gets_the_answer_of_its_route(
    pdp: Pdp, subject: str, method: str, template: str, path: str, allowed: bool
) -> None:
    url = f"https://todo.example.com{path}"
    assert pdp.decides(asked(subject, method, "uri", url)) is allowed


@every_vector
def test_the_users_own_token_changes_nothing_where_no_claim_is_asked_for(
    pdp: Pdp, subject: str, method: str, template: str, path: str, allowed: bool
) -> None:
    token = pdp.token(subject)
    assert pdp.decides(asked(subject, method, "route", template, token)) is allowed


def test_all_25_in_one_message(pdp: Pdp) -> None:
    questions = [asked(v[0], v[1], "route", v[2]) for v in (vector.values for vector in VECTORS)]  # type: ignore[arg-type]
    assert pdp.decide({"evaluations": questions}) == [v.values[4] for v in VECTORS]


def test_what_envoys_adapter_adds_is_tolerated(pdp: Pdp) -> None:
    properties = {
        "uri": "https://todo.example.com/todos",
        "schema": "https",
        "hostname": "todo.example.com",
        "path": "/todos",
        "params": {},
        "ip": "203.0.113.9",
    }
    assert pdp.decides(asked("beth", "GET", "route", "/todos", properties=properties)) is True
    assert pdp.decides(asked("beth", "POST", "route", "/todos", properties=properties)) is False


@pytest.mark.parametrize(
    ("method", "kind", "id_", "reason"),
    [
        ("get", "route", "/todos", "no-operation"),
        ("PATCH", "route", "/todos", "no-operation"),
        ("GET", "route", "/todos/", "no-operation"),
        ("GET", "route", "/TODOS", "no-operation"),
        ("GET", "route", "todos", "no-operation"),
        ("GET", "uri", "/todos", "no-api-service"),
        ("GET", "uri", "https://other.example.com/todos", "no-api-service"),
        ("GET", "uri", "https://todo.example.com/users/../todos", "ambiguous-path"),
        ("GET", "uri", "https://todo.example.com/%2e%2e/todos", "ambiguous-path"),
        ("GET", "uri", "https://todo.example.com//todos", "ambiguous-path"),
        ("GET", "page", "/todos", "no-api-service"),
    ],
)
def test_what_is_no_route_of_the_service_is_nobodys(
    pdp: Pdp, method: str, kind: str, id_: str, reason: str
) -> None:
    told = pdp.ask(asked("rick", method, kind, id_)).json()
    assert (told["decision"], told["context"]["reason"]) == (False, reason)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ({"sub": "beth"}, "subject-not-accepted"),
        ({"exp": 1_700_000_001}, "token-expired"),
        ({"aud": "others"}, "token-audience-mismatch"),
        ({"iss": "https://evil.test"}, "token-issuer-unknown"),
    ],
)
def test_a_token_that_comes_along_is_verified_and_must_be_the_subjects_own(
    pdp: Pdp, token: dict[str, object], reason: str
) -> None:
    presented = pdp.token("rick", **token)
    body = asked("rick", "GET", "route", "/todos", presented)
    told = pdp.ask(body, x_request_id=reason).json()
    assert (told["decision"], told["context"]["reason"]) == (False, reason)
    pdp.records(reason, 1)
    assert presented not in (pdp.folder / "decisions.jsonl").read_text(encoding="utf-8")
    assert presented not in (pdp.folder / "deemster.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("token", ["", "x", "Bearer x", "e30.e30.", "e30.e30.e30", "\u2603"])
def test_what_is_no_token_is_none(pdp: Pdp, token: str) -> None:
    told = pdp.ask(asked("rick", "GET", "route", "/todos", token)).json()
    assert told["decision"] is False
    assert told["context"]["reason"].startswith("token-")
    assert told["context"]["status"] == 401
