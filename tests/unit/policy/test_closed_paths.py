"""Templates whose every call is refused as ambiguous."""

import pytest

from tests.support.policy_trees import a_service, an_operation, told

AMBIGUOUS = "in a path is refused as ambiguous"


def tree(path: str, *, own: str = "", block: str = "") -> dict[str, str]:
    operation = an_operation(f"allow: authenticated\n{own}", path=path)
    return {"a.yaml": a_service(operation, block=block)}


def test_a_semicolon_that_nobody_opened_is_reached_by_no_call() -> None:
    assert told(tree("/a;b")) == [f"unreachable-operation: no call reaches `/a;b`: `;` {AMBIGUOUS}"]


@pytest.mark.parametrize(
    ("own", "block"),
    [("paths: {semicolon: data}\n", ""), ("", "paths: {semicolon: data}\n")],
    ids=["the operation opens it", "the service opens it"],
)
def test_an_opened_semicolon_is_reached(own: str, block: str) -> None:
    assert told(tree("/a;b", own=own, block=block)) == []


def test_nothing_opens_a_backslash() -> None:
    path = r"/a\\\\b"  # in YAML's double quotes
    found = told(tree(path, block="paths: {semicolon: data, encodedSlash: data}\n"))
    assert found == [r"unreachable-operation: no call reaches `/a\\b`: a backslash " + AMBIGUOUS]
