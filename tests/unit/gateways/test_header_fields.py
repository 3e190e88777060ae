"""What a header field can have at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.errors import MalformedCallError
from deemster.gateways.header_fields import (
    COMMON_NAMES,
    has_control_characters,
    hides_fields,
    is_token,
    lower_name,
)


@pytest.mark.parametrize("name", sorted(COMMON_NAMES))
def test_common_names_are_lower_case_tokens(name: str) -> None:
    assert is_token(name)
    assert name == name.lower()
    assert lower_name(name.title()) == name


@given(st.text(max_size=4))
def test_a_name_is_a_token_of_ascii_or_refused(name: str) -> None:
    allowed = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
    if name and name.isascii() and allowed.issuperset(name.lower()):
        assert lower_name(name) == name.lower()
    else:
        with pytest.raises(MalformedCallError):
            lower_name(name)


@given(st.text(max_size=6))
def test_control_characters_are_those_below_space_but_a_tab_and_delete(text: str) -> None:
    expected = any((c < " " and c != "\t") or c == "\x7f" for c in text)
    assert has_control_characters(text) is expected


@pytest.mark.parametrize(
    "connection",
    ["close", "keep-alive", "Keep-Alive", "Upgrade", "close, TE", "upgrade,HTTP2-Settings", ""],
)
def test_ordinary_connection_options_hide_nothing(connection: str) -> None:
    assert not hides_fields(connection)


@pytest.mark.parametrize(
    "connection",
    ["authorization", "close, Authorization", "x-tenant", "keep-alive,cookie", "close;x", "clo se"],
)
def test_a_connection_option_that_names_a_header_field_is_seen(connection: str) -> None:
    assert hides_fields(connection)
