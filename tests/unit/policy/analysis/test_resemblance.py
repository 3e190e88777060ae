"""Which names look like slips for others, and which are just neighbours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.policy.analysis.resemblance import Resemblances, looks_like_a_slip


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("invoice.read", "invoices.read"),
        ("invoices.raed", "invoices.read"),
        ("invoices.cancl", "invoices.cancel"),
        ("Finance", "finance"),
        ("invoices_admin", "invoices.admin"),
        ("invoices-read", "invoicesRead"),
        ("controler", "controller"),
        ("fiannce", "finance"),
        ("x-tenent", "x-tenant"),
        ("authorise", "authorize"),
    ],
)
def test_slip_is_seen_in_both_directions(name: str, other: str) -> None:
    assert looks_like_a_slip(name, other)
    assert looks_like_a_slip(other, name)
    assert Resemblances([other]).of(name) == [other]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("finance", "finance"),
        ("team-1", "team-2"),
        ("v1.read", "v2.read"),
        ("invoices.eu", "invoices.us"),
        ("invoices.read", "invoices.write"),
        ("create", "delete"),
        ("import", "export"),
        ("increase", "decrease"),
        ("orders.read", "order.reads"),
        ("pwd", "pwa"),
        ("gold", "silver"),
        ("orders", "orders.read"),
        ("", "a"),
    ],
)
def test_two_words_are_no_slip(name: str, other: str) -> None:
    assert not looks_like_a_slip(name, other)
    assert Resemblances([other]).of(name) == []


NAMES = st.text(st.sampled_from("abAB.-_1"), max_size=7)


@given(NAMES, st.lists(NAMES, max_size=8))
def test_quick_search_finds_what_comparing_with_each_would(name: str, others: list[str]) -> None:
    assert Resemblances(others).of(name) == sorted(
        {other for other in others if looks_like_a_slip(name, other)}
    )
