"""Distinguished names are compared as structures (seed 3, RFC 4514)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deemster.policy.distinguished_names import MalformedNameError, parse_distinguished_name


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("cn=Finance,ou=groups,o=Example", "CN=finance, OU=Groups , O=EXAMPLE"),
        ("cn=a+ou=b,o=x", "ou=b+cn=a,o=x"),
        ("2.5.4.3=finance,o=x", "cn=finance,o=x"),
        ("OID.2.5.4.3=finance,o=x", "commonName=finance,o=x"),
        (r"cn=Lu\C4\8Di\C4\87,o=x", "cn=Lučić,o=x"),
        ('cn="a,b",o=x', r"cn=a\,b,o=x"),
        ("cn=two  spaces;o=x", "cn=two spaces,o=x"),
    ],
)
def test_spellings_of_one_name_are_equal(left: str, right: str) -> None:
    assert parse_distinguished_name(left) == parse_distinguished_name(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"cn=admin\,ou=x,o=y", "cn=admin,ou=x,o=y"),
        ("cn=a,ou=b", "ou=b,cn=a"),
        ("cn=a,ou=b", "cn=a+ou=b"),
        ("dc=Example,dc=com", "dc=example,dc=com"),
        ("email=A@x.example", "email=a@x.example"),
        ("cn=finance,o=x", "cn=finance,o=x,c=de"),
        ("cn=а,o=x", "cn=a,o=x"),  # noqa: RUF001  (a Cyrillic look-alike)
    ],
)
def test_names_that_only_look_alike_differ(left: str, right: str) -> None:
    assert parse_distinguished_name(left) != parse_distinguished_name(right)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "finance",
        "cn",
        "=x",
        "cn=a,",
        "cn=a,,o=b",
        'cn="open',
        "cn=a\\",
        "cn=a<b",
        "cn=\\zz",
        "c n=a",
        r"cn=\FF",
        "cn=" + "a" * 5000,
    ],
)
def test_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(MalformedNameError):
        parse_distinguished_name(text)


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(MalformedNameError):
        parse_distinguished_name(text)
