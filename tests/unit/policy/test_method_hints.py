"""HEAD and OPTIONS are never implied: a hint where a service seems to have forgotten one."""

import pytest

from tests.support.policy_trees import a_service, told


def hints(*operations: tuple[str, str]) -> list[str]:
    """`(methods, path)` of each operation; `*` for every method."""
    body = "operations:\n" + "".join(
        f"  - id: op-{number}\n    match: {{{'' if methods == '*' else f'methods: [{methods}], '}"
        f'path: "{path}"}}\n    allow: authenticated\n'
        for number, (methods, path) in enumerate(operations)
    )
    return told({"shop.yaml": a_service(body)})


@pytest.mark.parametrize(
    "operations",
    [
        [("GET", "/a"), ("POST", "/a"), ("GET", "/b")],
        [("GET, HEAD", "/a"), ("GET, HEAD", "/b")],
        [("GET, HEAD", "/a"), ("GET", "/b"), ("HEAD", "/b")],
        [("GET, HEAD", "/a"), ("POST", "/b")],
        [("*", "/a"), ("GET", "/b")],
    ],
    ids=["none", "everywhere", "apart", "no GET", "every method"],
)
def test_nothing_is_said_where_nothing_seems_forgotten(operations: list[tuple[str, str]]) -> None:
    assert hints(*operations) == []


def test_a_get_without_the_head_that_others_have_is_hinted_at() -> None:
    assert hints(("GET, HEAD", "/a"), ("GET", "/b"), ("GET, OPTIONS", "/c")) == [
        "method-hint: `op-0` matches GET and not OPTIONS, which is never implied",
        "method-hint: `op-1` matches GET and not HEAD, which is never implied",
        "method-hint: `op-1` matches GET and not OPTIONS, which is never implied",
        "method-hint: `op-2` matches GET and not HEAD, which is never implied",
    ]
