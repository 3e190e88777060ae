"""An introspection endpoint by the issuer's metadata: whose, where, and for how long."""

from __future__ import annotations

import json

import httpx
import pytest

from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpService, ServiceUrl
from deemster.tokens.introspection_discovery import DiscoveredEndpoint
from tests.support.clock import FrozenClock
from tests.support.introspection import public_address

ISSUER = "https://auth.example.com/env/as"
ENDPOINT = "https://api.example.com/introspect?tenant=1"


class Site:
    """Metadata, and what was asked for at which origin."""

    def __init__(self, issuer: str = ISSUER, **metadata: object) -> None:
        self.metadata: dict[str, object] = {
            "issuer": issuer,
            "introspection_endpoint": ENDPOINT,
            **metadata,
        }
        self.status = 200
        self.asked: list[str] = []
        self.clock = FrozenClock()

    def service_at(self, origin: str) -> HttpService:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(origin + request.url.raw_path.decode())
            content = json.dumps(self.metadata).encode()
            headers = {"content-type": "application/json"}
            stream = httpx.ByteStream(content)
            return httpx.Response(self.status, headers=headers, stream=stream)

        return HttpService(
            ServiceUrl.of(origin),
            new_transport=lambda: httpx.MockTransport(answer),
            resolver=public_address,
            clock=self.clock,
        )

    def place(self, issuer: str = ISSUER, *, by_certificate: bool = False) -> DiscoveredEndpoint:
        return DiscoveredEndpoint(
            issuer, self.service_at, clock=self.clock, by_certificate=by_certificate
        )


async def test_the_metadata_of_the_issuer_names_the_endpoint() -> None:
    site = Site()
    service, target = await site.place().find()
    assert target == "/introspect?tenant=1"
    assert site.asked == [ISSUER + "/.well-known/openid-configuration"]
    assert service is not None


async def test_an_issuer_may_end_with_a_slash() -> None:
    site = Site("https://auth.example.com/")
    await site.place("https://auth.example.com/").find()
    assert site.asked == ["https://auth.example.com/.well-known/openid-configuration"]


async def test_the_metadata_is_looked_at_anew_after_ten_minutes() -> None:
    site = Site()
    place = site.place()
    await place.find()
    site.clock.advance(599)
    await place.find()
    assert len(site.asked) == 1
    site.metadata["introspection_endpoint"] = "https://auth.example.com/new"
    site.clock.advance(1)
    _, target = await place.find()
    assert target == "/new"


async def test_a_known_endpoint_serves_on_for_a_day_without_metadata() -> None:
    site = Site()
    place = site.place()
    known = await place.find()
    site.status = 503
    site.clock.advance(86_400)
    assert await place.find() == known
    # Not asked again within the cool-down.
    assert await place.find() == known
    assert len(site.asked) == 2
    site.clock.advance(31)
    with pytest.raises(CallFailedError):
        await place.find()


async def test_without_metadata_nothing_is_asked() -> None:
    site = Site()
    site.status = 404
    with pytest.raises(CallFailedError):
        await site.place().find()


@pytest.mark.parametrize(
    "issuer", ["https://auth.example.com/env/as/", "https://auth.example.com", None, 1]
)
async def test_metadata_of_another_issuer_is_not_believed(issuer: object) -> None:
    site = Site()
    site.metadata["issuer"] = issuer
    with pytest.raises(CallFailedError, match="another issuer"):
        await site.place().find()


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "/introspect",
        "http://api.example.com/introspect",
        "http://127.0.0.1:9000/introspect",
        "https://user:password@api.example.com/introspect",
        "https://api.example.com/introspect#x",
        "https://api.example.com:port/introspect",
        "ftp://api.example.com/introspect",
        "file:///etc/passwd",
        "https://",
        "https://äpi.example.com/introspect",
    ],
)
async def test_an_endpoint_that_may_not_be_asked_is_not(url: object) -> None:
    site = Site(introspection_endpoint=url)
    with pytest.raises(CallFailedError, match="no usable introspection_endpoint"):
        await site.place().find()


async def test_a_client_with_a_certificate_goes_where_certificates_are_asked_for() -> None:
    alias = "https://mtls.example.com/introspect"
    site = Site(mtls_endpoint_aliases={"introspection_endpoint": alias})
    _, target = await site.place().find()
    assert target == "/introspect?tenant=1"
    _, target = await site.place(by_certificate=True).find()
    assert target == "/introspect"


async def test_closing_closes_both_services() -> None:
    site = Site()
    place = site.place()
    await place.find()
    await place.close()
