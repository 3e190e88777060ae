"""`service:`: refusals that an author meets."""

import pytest

from tests.support.policy_texts import HEADER, findings

PROVIDER = "tokenProvider: {type: internal, id: p}"
URLS = "baseUrls: [https://a.example]"
TAIL = "operations: [{id: o, match: {path: /}, allow: public}]\n"


def service(inside: str) -> str:
    return HEADER.format(kind="ApiService") + f"service: {{{inside}}}\n" + TAIL


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (PROVIDER, "missing-key: `service` needs `baseUrls`"),
        (URLS, "missing-key: `service` needs `tokenProvider`"),
        (f"{PROVIDER}, baseUrls: []", "empty-list: `baseUrls` is empty"),
        (f"{PROVIDER}, baseUrls: https://a.example",
         "wrong-type: `baseUrls` must be a list, found `https://a.example`"),
        (f"{PROVIDER}, {URLS}, baseUrl: x", "unknown-key: `baseUrl` is not a key of `service`"),
        (f"{URLS}, tokenProvider: p", "wrong-type: `tokenProvider` must be a mapping, found `p`"),
        (f"{URLS}, tokenProvider: {{type: internal}}", "missing-key: `tokenProvider` needs `id`"),
        (f"{URLS}, tokenProvider: {{type: intern, id: p}}",
         "bad-value: `intern` is not a value of `type`"),
        (f"{URLS}, tokenProvider: {{type: internal, id: p, issuer: x}}",
         "unknown-key: `issuer` is not a key of `tokenProvider`"),
        (f"{PROVIDER}, {URLS}, unmatchedStatus: 401",
         "bad-value: `401` is not a value of `unmatchedStatus`"),
        (f"{PROVIDER}, {URLS}, disclose: everything",
         "bad-value: `everything` is not a value of `disclose`"),
        (f"{PROVIDER}, {URLS}, paths: {{case: sensitive}}",
         "bad-value: `sensitive` is not a value of `case`"),
        (f"{PROVIDER}, {URLS}, paths: {{emptySegments: data}}",
         "bad-value: `data` is not a value of `emptySegments`"),
        (f"{PROVIDER}, {URLS}, paths: {{dotSegments: data}}",
         "unknown-key: `dotSegments` is not a key of `paths`"),
        (f"{PROVIDER}, {URLS}, preflight: permit",
         "bad-value: `permit` is not a value of `preflight`"),
        (f"{PROVIDER}, {URLS}, unmatched: allow",
         "bad-value: `allow` is not a value of `unmatched`"),
        (f"{PROVIDER}, {URLS}, applications: [a, a]",
         "duplicate-item: `a` is in `applications` twice"),
        (f'{PROVIDER}, {URLS}, audience: ""', "bad-value: `audience` is empty"),
    ],
)  # fmt: skip
def test_a_service_that_could_not_answer_is_refused(inside: str, expected: str) -> None:
    assert findings(service(inside)) == [expected]


OPENINGS = "encodedSlash: data, doubleEncoding: data, emptySegments: keep, semicolon: data"


@pytest.mark.parametrize(
    "inside",
    [f"paths: {{{OPENINGS}}}", "preflight: allow", "preflight: policy", "unmatched: guards"],
)
def test_what_a_service_may_say_of_paths_and_calls(inside: str) -> None:
    assert findings(service(f"{PROVIDER}, {URLS}, {inside}")) == []


QUESTIONS = "operations: [{id: o, match: {resourceType: t, actions: [a]}, allow: authenticated}]\n"


def test_a_service_that_answers_questions_alone_needs_no_base_url() -> None:
    text = HEADER.format(kind="ApiService") + f"service: {{{PROVIDER}}}\n"
    assert findings(text + QUESTIONS) == []
    calls = QUESTIONS.replace("]\n", ", {id: p, match: {path: /}, allow: public}]\n")
    assert findings(text + calls) == ["missing-key: `service` needs `baseUrls`"]


def test_a_broken_operation_is_told_together_with_missing_base_urls() -> None:
    text = HEADER.format(kind="ApiService") + f"service: {{{PROVIDER}}}\n"
    assert findings(text + "operations: [{id: O, match: {path: /}, allow: public}]\n") == [
        "missing-key: `service` needs `baseUrls`",
        "bad-id: `O` cannot be an id",
    ]
