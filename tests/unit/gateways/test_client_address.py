"""Only the end of X-Forwarded-For was written by somebody who can be believed."""

import pytest

from deemster.gateways.client_address import ClientAddress


@pytest.mark.parametrize(
    ("hops", "values", "found"),
    [
        (0, ["203.0.113.7"], "203.0.113.7"),
        (0, ["10.0.0.1, 203.0.113.7"], "203.0.113.7"),
        (1, ["10.0.0.1, 203.0.113.7 ,192.0.2.1"], "203.0.113.7"),
        (1, ["10.0.0.1", "203.0.113.7", "192.0.2.1"], "203.0.113.7"),
        (0, ["2001:db8::1"], "2001:db8::1"),
        (0, ["203.0.113.7,"], None),
        (0, [""], None),
        (0, [], None),
        (1, ["203.0.113.7"], None),
        (3, ["10.0.0.1, 203.0.113.7"], None),
    ],
)
def test_the_address_is_the_one_before_the_trusted_proxies(
    hops: int, values: list[str], found: str | None
) -> None:
    fields = [("x-real-ip", "10.9.9.9"), *(("x-forwarded-for", value) for value in values)]
    assert ClientAddress("X-Forwarded-For", hops).of(fields) == found
