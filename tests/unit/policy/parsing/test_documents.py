"""Headers, kinds and the keys each kind has."""

import pytest

from tests.support.policy_texts import API_SERVICE, HEADER, LIBRARY, OPERATION, findings

GOOD = API_SERVICE + OPERATION + "    allow: public\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", ["wrong-type: a policy document must be a mapping, found `x`"]),
        ("[a]", ["wrong-type: a policy document must be a mapping, found a list"]),
        ("{}", ["missing-key: this is no policy document: "
                "`apiVersion`, `kind` and `metadata` are missing"]),
        ("kind: Library\nmetadata: {id: a}\n",
         ["missing-key: a policy document needs `apiVersion`"]),
        ("apiVersion: deemster/v1\nmetadata: {id: a}\n",
         ["missing-key: a policy document needs `kind`"]),
        ("apiVersion: deemster/v1\nkind: PolicyTest\n",
         ["missing-key: a policy document needs `metadata`"]),
        (LIBRARY.replace("v1", "v2"), ["bad-value: `apiVersion` cannot be `deemster/v2`"]),
        (LIBRARY.replace("deemster/v1", "[a]"), ["bad-value: `apiVersion` cannot be a list"]),
        (LIBRARY.replace("Library", "library"), ["bad-value: `library` is not a value of `kind`"]),
        (LIBRARY.replace("{id: a}", "{}"), ["missing-key: `metadata` needs `id`"]),
        (LIBRARY.replace("{id: a}", "a"), ["wrong-type: `metadata` must be a mapping, found `a`"]),
        (LIBRARY.replace("id: a", "id: A b"), ["bad-id: `A b` cannot be an id"]),
        (LIBRARY.replace("id: a", "id: ä"), ["bad-id: `ä` cannot be an id"]),
        (LIBRARY.replace("id: a", "id: a, name: b"),
         ["unknown-key: `name` is not a key of `metadata`"]),
        (LIBRARY + "import: {}\n", ["unknown-key: `import` is not a key of a Library"]),
        (LIBRARY + "imports: {a-b: c.yaml}\n",
         ["bad-id: `a-b` cannot be a name in expressions"]),
        (LIBRARY + "imports: {a: [b]}\n",
         ["wrong-type: the path of `a` must be text, found a list"]),
        (API_SERVICE, ["missing-key: an ApiService needs `operations`"]),
        (API_SERVICE + "operations: []\n", ["empty-list: `operations` is empty"]),
        (HEADER.format(kind="ApiService") + OPERATION + "    allow: public\n",
         ["missing-key: an ApiService needs `service`"]),
        (GOOD + "policies: []\n", ["unknown-key: `policies` is not a key of an ApiService"]),
        (HEADER.format(kind="Application"), ["missing-key: an Application needs `resources`"]),
        (HEADER.format(kind="Application") + "resources: {a: {permissions: [b, b]}}\n",
         ["duplicate-item: `b` is in `permissions` twice"]),
        (HEADER.format(kind="Application") + "resources: {\"a:b\": {permissions: [c]}}\n",
         ["bad-id: `a:b` cannot be the name of a resource"]),
        (HEADER.format(kind="Application")
         + "resources: {a: {permissions: [c]}}\nroles: {b/c: {}}\n",
         ["bad-id: `b/c` cannot be the name of a role", "missing-key: a role needs `permissions`"]),
    ],
)  # fmt: skip
def test_what_is_no_document_of_its_kind_is_refused(text: str, expected: list[str]) -> None:
    assert findings(text) == expected


def test_policies_over_the_response_of_a_service_are_not_empty() -> None:
    assert findings(GOOD + "response: {policies: []}\n") == ["empty-list: `policies` is empty"]
