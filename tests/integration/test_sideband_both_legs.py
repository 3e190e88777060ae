"""Both legs of a sideband call: what is due on the answer is done, or nobody gets the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deemster.decisions.sealed_states import LIFETIME
from tests.support.both_legs import URL, Replica, Upstream, is_passed, reason_of
from tests.support.clock import FROZEN_AT, FrozenClock
from tests.support.gateway_calls import a_request_leg, some_states
from tests.support.points import a_caller
from tests.support.policy_trees import a_service, an_operation

GOLDEN = Path(__file__).parents[1] / "golden" / "wire" / "sideband"
CERTIFIED = (GOLDEN / "permit-with-certificate" / "request.http").read_text().partition("\n\n")[2]
STATEMENTS = """statements:
  mask: {code: exclude-attributes, appliesTo: permit, obligatory: true, payload: ["$.iban"]}
  who:
    {code: modify-headers, appliesTo: permit, obligatory: true, payload: {x-user: "${claims.sub}"}}
  page: {code: modify-query, appliesTo: permit, obligatory: true, payload: {debug: null, n: "5"}}
  tell:
    code: modify-headers
    appliesTo: permit
    obligatory: true
    payload: {x-seen: "${response.status}"}
"""


def tree(snippet: str, *, path: str = "/items", more: str = "") -> dict[str, str]:
    return {"shop.yaml": a_service(STATEMENTS + an_operation(snippet, path=path) + more)}


def over_answers(*rules: str, attach: str = "") -> str:
    written = "".join(f"        - {rule}\n" for rule in rules)
    return (
        "response:\n  policies:\n    - id: seen\n      combiningAlgorithm: deny-overrides\n"
        f"{attach}      rules:\n{written}"
    )


MASKED = tree("allow: authenticated\nattach: [mask]\n")
IDENTITY = tree(
    "allow: authenticated\n"
    + over_answers(
        "{id: r, effect: deny, when: \"claims.acr != 'hwk' || !('staff' in user.groups)\"}"
    )
)
PLAIN = tree("allow: authenticated\n")


async def round_trip(
    policies: dict[str, str], upstream: Upstream | None = None, **members: object
) -> dict[str, object]:
    """Asked of one process, shown to another that shares the key and knows nobody."""
    permitted = await Replica(policies).asked()
    assert "response" not in permitted
    return await Replica(policies, knows_people=False).shown(permitted, upstream, **members)


async def test_a_mask_of_the_request_leg_is_carried_out_by_any_replica() -> None:
    answer = await round_trip(MASKED)
    assert answer["body"] == '{"id":1}'
    assert answer["response_code"] == "200"


async def test_identity_comes_with_the_state_so_that_no_replica_needs_to_know_anybody() -> None:
    allow = "allow: {groups: {any: [staff]}}\n"
    for operator, reason in (("!=", "passed"), ("==", "policy-denied")):
        rule = (
            f"{{id: r, effect: deny, when: \"claims.acr {operator} 'hwk' || "
            "!('staff' in user.groups)\"}"
        )
        assert reason_of(await round_trip(tree(allow + over_answers(rule)))) == reason


async def test_what_the_request_did_not_ask_of_the_directory_is_asked_for_the_answer() -> None:
    permitted = await Replica(IDENTITY).asked()
    replica = Replica(IDENTITY)
    assert reason_of(await replica.shown(permitted)) == "passed"
    assert replica.point.users.fetched == ["groups"]
    nobody = Replica(IDENTITY, knows_people=False)
    assert not is_passed(await nobody.shown(permitted))


async def test_path_parameters_come_with_the_state() -> None:
    rule = "{id: r, effect: deny, when: \"params.id == '7'\"}"
    policies = tree("allow: authenticated\n" + over_answers(rule), path="/items/{id}")
    for number, reason in (("7", "policy-denied"), ("8", "passed")):
        permitted = await Replica(policies).asked(url=f"{URL}/{number}")
        assert reason_of(await Replica(policies).shown(permitted)) == reason


async def test_header_fields_and_query_of_the_request_are_changed_and_the_answer_still_fits() -> (
    None
):
    policies = tree("allow: authenticated\nattach: [mask, who, page]\n")
    replica = Replica(policies)
    url = f"{URL}?debug=1&a=2"
    headers = [{"authorization": "Bearer alice"}, {"X_User": "mallory"}, {"x-user": "mallory"}]
    permitted = await replica.asked(url=url, headers=headers)
    assert permitted["url"] == f"{URL}?a=2&n=5"
    assert permitted["headers"] == [{"authorization": "Bearer alice"}, {"x-user": "alice"}]
    for shown in (url, permitted["url"]):
        answer = await replica.shown(permitted, url=shown)
        assert answer["body"] == '{"id":1}'
    other = await replica.shown(permitted, url=f"{URL}?a=2")
    assert reason_of(other) == "state-rejected"


async def test_a_statement_of_the_response_phase_is_carried_out_on_the_answer() -> None:
    policies = tree(
        "allow: authenticated\n"
        + over_answers("{id: p, effect: permit}", attach="      attach: [tell, mask]\n")
    )
    answer = await round_trip(policies)
    assert answer["body"] == '{"id":1}'
    assert {"x-seen": "200"} in answer["headers"]  # type: ignore[operator]


# --- no state, where it is needed and where it is not ---------------------------------------------


async def test_where_nothing_is_due_there_is_no_state_and_the_answer_is_echoed() -> None:
    permitted = await Replica(PLAIN).asked()
    assert "state" not in permitted
    replica = Replica(PLAIN)
    answer = await replica.shown(permitted, Upstream(body="<html>", headers=[{"X-A": "1"}]))
    assert (answer["body"], answer["headers"]) == ("<html>", [{"X-A": "1"}])
    assert replica.records.decisions == []


@pytest.mark.parametrize("state", [..., None])
async def test_what_is_to_be_masked_passes_to_nobody_without_its_state(state: object) -> None:
    permitted = await Replica(MASKED).asked()
    answer = await Replica(MASKED).shown(permitted, state=state, request=a_request_leg(url=URL))
    assert reason_of(answer) == "state-rejected"


async def test_a_kit_that_sends_the_request_instead_cannot_say_who_called() -> None:
    permitted = await Replica(IDENTITY).asked()
    request = a_request_leg(
        url=URL, headers=[{"authorization": "Bearer alice"}], access_token={"sub": "alice"}
    )
    answer = await Replica(IDENTITY).shown(permitted, state=..., request=request)
    assert reason_of(answer) == "attribute-missing"


async def test_policies_that_need_nobody_work_for_such_a_kit() -> None:
    policies = tree(
        "allow: authenticated\n"
        + over_answers('{id: r, effect: deny, when: "response.status >= 500"}')
    )
    permitted = await Replica(policies).asked()
    for status, reason in (("200", "passed"), ("503", "policy-denied")):
        answer = await Replica(policies).shown(permitted, Upstream(status=status), state=...)
        assert reason_of(answer) == reason


# --- a state that is not of this call -------------------------------------------------------------


@pytest.mark.parametrize("policies", [MASKED, IDENTITY], ids=["masked", "judged"])
@pytest.mark.parametrize("place", [0, 100, 101, 150, -1])
async def test_a_tampered_state_is_rejected(policies: dict[str, str], place: int) -> None:
    permitted = await Replica(policies).asked()
    state = str(permitted["state"])
    other = "B" if state[place] != "B" else "C"
    spoilt = state[:place] + other + (state[place + 1 :] if place != -1 else "")
    answer = await Replica(policies).shown(permitted, state=spoilt)
    assert reason_of(answer) == "state-rejected"


@pytest.mark.parametrize("policies", [MASKED, IDENTITY], ids=["masked", "judged"])
@pytest.mark.parametrize("state", ["H4sIAAAA", "", 7, {"a": {"b": []}}, True])
async def test_anything_else_for_a_state_is_rejected(
    policies: dict[str, str], state: object
) -> None:
    permitted = await Replica(policies).asked()
    assert reason_of(await Replica(policies).shown(permitted, state=state)) == "state-rejected"


@pytest.mark.parametrize("policies", [MASKED, IDENTITY], ids=["masked", "judged"])
async def test_a_state_of_another_key_time_gateway_method_or_operation_is_rejected(
    policies: dict[str, str],
) -> None:
    permitted = await Replica(policies).asked()
    late = some_states(clock=FrozenClock(FROZEN_AT + LIFETIME))
    strangers = {
        "key": Replica(policies, some_states("another-state-key-" * 2)),
        "time": Replica(policies, late),
        "gateway": Replica(policies, caller=a_caller(id="other")),
    }
    for name, replica in strangers.items():
        assert reason_of(await replica.shown(permitted)) == "state-rejected", name
    renamed = {"shop.yaml": policies["shop.yaml"].replace("id: read\n", "id: other\n")}
    assert reason_of(await Replica(renamed).shown(permitted)) == "state-rejected"
    head = {"shop.yaml": policies["shop.yaml"].replace("[GET]", "[GET, HEAD]")}
    assert reason_of(await Replica(head).shown(permitted, method="HEAD")) == "state-rejected"


async def test_a_state_mixed_up_with_the_answer_to_a_call_that_nobody_looks_at_is_noticed() -> None:
    more = '  - id: open\n    match: {methods: [GET], path: "/open"}\n    allow: authenticated\n'
    policies = tree("allow: authenticated\nattach: [mask]\n", more=more)
    replica = Replica(policies)
    masked = await replica.asked()
    free = await replica.asked(url="https://api.example.com/shop/open")
    assert "state" not in free
    assert reason_of(await replica.shown(free)) == "passed"
    assert reason_of(await replica.shown(free, state=masked["state"])) == "state-rejected"
    assert reason_of(await replica.shown(free, state="of somebody else's")) == "passed"


async def test_a_mask_that_was_due_is_carried_out_after_a_reload_that_dropped_it() -> None:
    permitted = await Replica(MASKED).asked()
    answer = await Replica(PLAIN).shown(permitted)
    assert answer["body"] == '{"id":1}'


async def test_an_answer_whose_request_was_permitted_before_a_mask_was_there_is_refused() -> None:
    permitted = await Replica(PLAIN).asked()
    assert reason_of(await Replica(MASKED).shown(permitted)) == "state-rejected"


# --- bodies that cannot be changed ----------------------------------------------------------------


@pytest.mark.parametrize(
    "upstream",
    [
        Upstream(body='{"iban":"DE00"'),
        Upstream(body='{"a":1,"iban":"x","iban":"y"}'),
        Upstream(headers=[{"content-type": "text/html"}]),
        Upstream(headers=[]),
        Upstream(headers=[{"content-type": "application/json"}, {"content-encoding": "gzip"}]),
        Upstream(headers=[{"content-type": "application/json"}, {"content-length": "7"}]),
        Upstream(body=None),
        Upstream(body="", headers=[{"content-length": "700"}]),
        Upstream(status="206", body='"iban":"DE00"}'),
    ],
)
async def test_an_answer_that_cannot_be_masked_reaches_nobody(upstream: Upstream) -> None:
    replica = Replica(MASKED)
    answer = await replica.shown(await replica.asked(), upstream)
    assert reason_of(answer) == "statement-not-possible"
    assert replica.records.decisions[-1].reason == "statement-not-possible"
    assert replica.reports.faults == []


@pytest.mark.parametrize(
    "upstream",
    [
        Upstream(status="204", body=None, headers=[]),
        Upstream(status="304", body="", headers=[{"etag": '"1"'}]),
        Upstream(body="", headers=[{"content-length": "0"}]),
    ],
)
async def test_where_there_is_no_body_there_is_nothing_to_mask(upstream: Upstream) -> None:
    answer = await round_trip(MASKED, upstream)
    assert is_passed(answer)
    assert answer.get("body") == upstream.body


async def test_the_length_and_what_tells_of_the_old_body_go_with_it() -> None:
    body = '{"iban":"DE00","n":"\u00e4"}'
    fields = [
        {"Content-Type": "application/json"},
        {"Content-Length": str(len(body.encode()))},
        {"ETag": '"1"'},
        {"Digest": "sha-256=x"},
        {"Cache-Control": "private"},
    ]
    answer = await round_trip(MASKED, Upstream(body=body, headers=fields))
    assert answer["body"] == '{"n":"\u00e4"}'
    assert answer["headers"] == [
        {"Content-Type": "application/json"},
        {"Content-Length": "10"},
        {"Cache-Control": "private"},
    ]


# --- the request leg ------------------------------------------------------------------------------


async def test_what_cannot_be_carried_to_the_answer_is_not_permitted() -> None:
    class Unable:
        def seal(self, *_: object) -> str:
            raise RuntimeError("no randomness")

        def opened(self, call: object, _: object) -> object:
            return call

    replica = Replica(MASKED, Unable())  # type: ignore[arg-type]
    denied = await replica.asked()
    assert json.loads(str(denied["response"]["body"]))["code"] == "internal-error"  # type: ignore[index]
    assert len(replica.reports.faults) == 1


async def test_a_deny_needs_no_state_and_changes_nothing() -> None:
    policies = tree("allow: {scopes: {any: [none]}}\nattach: [mask, who, page]\n")
    denied = await Replica(policies).asked()
    assert "state" not in denied
    assert denied["url"] == URL
    assert denied["headers"] == [{"authorization": "Bearer alice"}]


async def test_a_public_operation_and_one_that_nothing_matches_are_kept_in_mind_as_well() -> None:
    rule = '{id: r, effect: deny, when: "response.status >= 500"}'
    service = over_answers(rule)
    guards = (
        "guards:\n  - id: g\n    combiningAlgorithm: deny-overrides\n    attach: [mask]\n"
        "    rules: [{id: p, effect: permit}]\n"
    )
    text = a_service(
        STATEMENTS + guards + service + an_operation("allow: public"), block="unmatched: guards\n"
    )
    replica = Replica({"shop.yaml": text})
    for url in (URL, "https://api.example.com/shop/else"):
        permitted = await replica.asked(url=url)
        assert (await replica.shown(permitted))["body"] == '{"id":1}', url
        assert reason_of(await replica.shown(permitted, state=...)) == "state-rejected"


async def test_the_certificate_of_the_client_is_what_conditions_read() -> None:
    policies = tree("allow: {when: \"'alice.example' in request.certificate.dnsNames\"}\n")
    replica = Replica(policies)
    golden = json.loads(CERTIFIED)
    permitted = await replica.asked(client_certificate=golden["client_certificate"])
    assert "response" not in permitted
    assert "client_certificate" not in permitted
    denied = await replica.asked()
    assert "response" in denied
