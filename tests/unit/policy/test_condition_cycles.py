"""Named conditions in a circle: told once, whoever uses them."""

import pytest

from deemster.policy.checking.condition_cycles import refuse_condition_cycles, used_names
from deemster.policy.diagnostics import DiagnosticSink
from tests.support.conditions import parsed


def circles(conditions: dict[str, str]) -> tuple[list[str], set[str]]:
    """What is told, and which conditions are useless."""
    sink = DiagnosticSink()
    refused = refuse_condition_cycles(
        {name: parsed(text) for name, text in conditions.items()}, sink
    )
    return [item.message.partition(": ")[2] for item in sink.finish()], set(refused)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"a": "true", "b": "a", "c": "a && b"}, []),
        ({"a": "a"}, ["a ► a"]),
        ({"a": "!b", "b": "a || c", "c": "true"}, ["a ► b ► a"]),
        ({"a": "b", "b": "c", "c": "b"}, ["b ► c ► b"]),
        ({"a": "b && c", "b": "a", "c": "a"}, ["a ► b ► a", "a ► c ► a"]),
        ({"a": "std.a", "b": "claims.a == 'b'"}, []),
    ],
    ids=["none", "itself", "two", "not the first", "two circles", "names of others"],
)
def test_each_circle_is_told_once(conditions: dict[str, str], told: list[str]) -> None:
    assert circles(conditions)[0] == told


def test_only_what_lies_in_the_circle_is_useless() -> None:
    found = circles({"a": "b", "b": "c", "c": "b", "d": "true"})
    assert found == (["b ► c ► b"], {"b", "c"})


def test_a_long_chain_is_no_circle_and_costs_no_recursion() -> None:
    chain = {f"c{n}": f"c{n + 1}" for n in range(3000)} | {"c3000": "true"}
    assert circles(chain) == ([], set())


def test_names_come_in_source_order_with_what_they_begin_with() -> None:
    names = [name for name, _ in used_names(parsed("a && std.b == claims['x'] || has(user.y)"))]
    assert [name for name in names if "." in name or name == "a"] == [
        "a",
        "std.b",
        "claims.x",
        "user.y",
    ]
