"""What stands in the Authorization header."""

from __future__ import annotations

import pytest

from deemster.errors import TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.http import Headers
from deemster.model.identity import Credential
from deemster.tokens.credentials import credential_of


def headers(*values: str) -> Headers:
    return Headers(tuple(("authorization", value) for value in values))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_found_whatever_the_case_of_its_scheme(scheme: str) -> None:
    assert credential_of(headers(f"{scheme} a.b-c_d~e+f/g=")) == Credential(
        "bearer", "a.b-c_d~e+f/g="
    )


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((), id="no header"),
        pytest.param(("Basic YTpi",), id="another scheme"),
        pytest.param(("",), id="empty header"),
        pytest.param(("Bearerabc",), id="scheme run into the token"),
        pytest.param(("Token Bearer abc",), id="bearer elsewhere"),
    ],
)
def test_anything_but_an_access_token_is_no_credential(values: tuple[str, ...]) -> None:
    assert credential_of(headers(*values)) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Bearer", id="nothing follows"),
        pytest.param("Bearer ", id="a space follows"),
        pytest.param("Bearer  abc", id="two spaces"),
        pytest.param("Bearer abc ", id="trailing space"),
        pytest.param("Bearer abc def", id="two tokens"),
        pytest.param("Bearer abc, Bearer def", id="joined by a proxy"),
        pytest.param("Bearer \tabc", id="tab"),
        pytest.param("Bearer abc\n", id="line feed"),
        pytest.param("Bearer abc\0", id="nul"),
        pytest.param('Bearer "abc"', id="quoted"),
        pytest.param("Bearer ábc", id="not ascii"),
        pytest.param("Bearer a\ud800", id="lone surrogate"),
    ],
)
def test_a_bearer_value_that_is_no_token_is_malformed(value: str) -> None:
    with pytest.raises(TokenRejectedError) as caught:
        credential_of(headers(value))
    assert caught.value.reason is Reason.TOKEN_MALFORMED


@pytest.mark.parametrize(
    "values",
    [("Bearer a", "Bearer b"), ("Bearer a", "Bearer a"), ("Basic x", "Bearer a"), ("", "")],
)
def test_two_authorization_headers_are_ambiguous(values: tuple[str, ...]) -> None:
    with pytest.raises(TokenRejectedError) as caught:
        credential_of(headers(*values))
    assert caught.value.reason is Reason.CREDENTIAL_AMBIGUOUS


def test_other_headers_are_not_credentials() -> None:
    assert credential_of(Headers((("x-authorization", "Bearer abc"),))) is None
