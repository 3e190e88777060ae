"""Worked examples: RFC 7662 2.1, 2.2 and 2.3."""

from __future__ import annotations

import httpx
import pytest

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import Credential
from deemster.tokens.client_authentication import ClientSecretBasic
from tests.support.clock import FrozenClock
from tests.support.introspection import InProcess, an_endpoint, an_introspecting_provider

ISSUER = "https://server.example.com/"
RESOURCE = "https://protected.example.net/resource"
NOW = 1419353238.0
TOKEN = "mF_9.B5f-4.1JqM"
ACTIVE = b"""
     {
      "active": true,
      "client_id": "l238j323ds-23ij4",
      "username": "jdoe",
      "scope": "read write dolphin",
      "sub": "Z5O3upPC88QrAjx00dis",
      "aud": "https://protected.example.net/resource",
      "iss": "https://server.example.com/",
      "exp": 1419356238,
      "iat": 1419350238,
      "extension_field": "twenty-seven"
     }
"""
INACTIVE = b"""
     {
      "active": false
     }
"""
JSON = {"content-type": "application/json"}


class Server:
    """The server of the examples, which answers everybody alike."""

    def __init__(self, answer: httpx.Response) -> None:
        self.site = InProcess()
        self.site.answer = answer
        clock = FrozenClock(wall=NOW)
        endpoint = an_endpoint(
            self.site, clock=clock, authentication=ClientSecretBasic("s6BhdRkqt3", "gX1fBat3bV")
        )
        self.provider = an_introspecting_provider(clock=clock, issuer=ISSUER, endpoint=endpoint)


async def test_2_1_the_request_with_a_hint() -> None:
    server = Server(httpx.Response(200, headers=JSON, content=ACTIVE))
    await server.provider.verify(Credential("bearer", TOKEN), audience=RESOURCE, now=NOW)
    (asked,) = server.site.asked
    assert (asked.method, asked.target) == ("POST", "/introspect")
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["authorization"] == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"
    assert asked.body == "token=mF_9.B5f-4.1JqM&token_type_hint=access_token"


async def test_2_2_the_answer_about_an_active_token() -> None:
    server = Server(httpx.Response(200, headers=JSON, content=ACTIVE))
    found = await server.provider.verify(Credential("bearer", TOKEN), audience=RESOURCE, now=NOW)
    assert found.user_id == "Z5O3upPC88QrAjx00dis"
    assert found.client_id == "l238j323ds-23ij4"
    assert found.scopes == {"read", "write", "dolphin"}
    assert found.expires_at == 1419356238
    assert found.claims["username"] == "jdoe"
    assert found.claims["extension_field"] == "twenty-seven"


async def test_2_2_it_is_an_answer_for_that_resource_and_that_time_only() -> None:
    server = Server(httpx.Response(200, headers=JSON, content=ACTIVE))
    credential = Credential("bearer", TOKEN)
    for audience, now, reason in [
        ("https://protected.example.net/", NOW, Reason.TOKEN_AUDIENCE_MISMATCH),
        (RESOURCE, 1419356238.0 + 30, Reason.TOKEN_EXPIRED),
        (RESOURCE, 1419350238.0 - 31, Reason.TOKEN_NOT_YET_VALID),
    ]:
        with pytest.raises(TokenRejectedError) as refused:
            await server.provider.verify(credential, audience=audience, now=now)
        assert refused.value.reason is reason


async def test_2_2_the_answer_about_an_inactive_token() -> None:
    server = Server(httpx.Response(200, headers=JSON, content=INACTIVE))
    with pytest.raises(TokenRejectedError) as refused:
        await server.provider.verify(Credential("bearer", TOKEN), audience=RESOURCE, now=NOW)
    assert refused.value.reason is Reason.TOKEN_INACTIVE


async def test_2_3_our_own_credentials_refused_is_no_answer_about_the_token() -> None:
    body = b'{"error": "invalid_client", "error_description": "The client is not known"}'
    server = Server(httpx.Response(401, headers=JSON, content=body))
    with pytest.raises(DependencyUnavailableError) as failed:
        await server.provider.verify(Credential("bearer", TOKEN), audience=RESOURCE, now=NOW)
    assert failed.value.detail == "refuses our credentials: status 401"
