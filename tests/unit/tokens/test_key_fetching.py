"""Fetching key documents: where to, how much, and what is believed of the answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from deemster.errors import ConfigurationError, DependencyUnavailableError
from deemster.outgoing.http_service import HttpService, ServiceUrl
from deemster.tokens.key_fetching import DiscoveredKeys, PublishedKeys, is_on_loopback
from deemster.tokens.remote_keys import FetchedKeys
from tests.support.clock import FrozenClock

ISSUER = "https://auth.example.com/env/as"
METADATA_URL = ISSUER + "/.well-known/openid-configuration"
KEYS_URL = "https://keys.example.com/jwks"


class Site:
    """Answers by URL, and remembers what it was asked."""

    def __init__(self, answers: dict[str, httpx.Response | Exception]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.addresses = ["93.184.215.14"]

    def service_of(self, origin: str, *, allow_private: bool = False) -> HttpService:
        async def resolver(host: str, port: int) -> list[str]:
            return self.addresses

        return HttpService(
            ServiceUrl.of(origin),
            new_transport=lambda: httpx.MockTransport(self._answer),
            resolver=resolver,
            clock=FrozenClock(),
            allow_private=allow_private or is_on_loopback(origin),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        # Connections go to addresses; which name was meant stands in `Host`.
        url = f"{request.url.scheme}://{request.headers['host']}{request.url.raw_path.decode()}"
        self.asked.append(url)
        answer = self.answers.get(url, httpx.Response(404))
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)


def metadata(**members: object) -> httpx.Response:
    return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": KEYS_URL, **members})


@pytest.mark.parametrize(
    "url",
    [
        "https://auth.example.com/jwks",
        "https://auth.example.com:8443/jwks",
        "http://127.0.0.1:9000/jwks",
        "http://localhost/jwks",
        "http://[::1]:9000/jwks",
    ],
)
async def test_https_and_loopback_are_fetched(url: str) -> None:
    site = Site({url: httpx.Response(200, content=b"document")})
    assert await PublishedKeys(site.service_of, url).fetch() == FetchedKeys(b"document")


@pytest.mark.catalogue("K4")
@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example.com/jwks",
        "http://10.0.0.1/jwks",
        "http://127.0.0.1.example.com/jwks",
        "http://localhost.example.com/jwks",
        "http://localhost@evil.example/jwks",
        "https://user:secret@auth.example.com/jwks",
        "https://auth.example.com/jwks#fragment",
        "https:///jwks",
        "https://auth.example.com:port/jwks",
        "https://[::1/jwks",
        "https://exämple.com/jwks",
        "file:///etc/passwd",
        "ftp://auth.example.com/jwks",
        "auth.example.com/jwks",
        "",
    ],
)
def test_any_other_url_stops_the_start(url: str) -> None:
    service_of = Site({}).service_of
    for make in (PublishedKeys, DiscoveredKeys):
        with pytest.raises(ConfigurationError):
            make(service_of, url)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65_536


@pytest.mark.catalogue("K4")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: httpx.Response(500), id="500"),
        pytest.param(lambda: httpx.Response(204), id="204"),
        pytest.param(
            lambda: httpx.Response(302, headers={"location": "https://evil.example/"}),
            id="redirect",
        ),
        pytest.param(lambda: httpx.Response(200, content=b" " * (2**20 + 1)), id="over 1 MiB"),
        pytest.param(lambda: httpx.Response(200, content=endless()), id="never ends"),
        pytest.param(
            lambda: httpx.Response(
                200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"{}")
            ),
            id="compressed",
        ),
        pytest.param(lambda: httpx.ConnectError("refused"), id="refused"),
        pytest.param(lambda: httpx.ReadTimeout("late"), id="late"),
        pytest.param(lambda: OSError("broken"), id="broken"),
    ],
)
async def test_anything_but_a_plain_small_answer_is_unavailable(
    answer: Callable[[], httpx.Response | Exception],
) -> None:
    site = Site({KEYS_URL: answer()})
    with pytest.raises(DependencyUnavailableError, match="identity provider is unavailable"):
        await PublishedKeys(site.service_of, KEYS_URL).fetch()
    assert site.asked == [KEYS_URL]


async def test_discovery_leads_from_issuer_to_keys() -> None:
    site = Site({METADATA_URL: metadata(), KEYS_URL: httpx.Response(200, content=b"keys")})
    assert await DiscoveredKeys(site.service_of, ISSUER).fetch() == FetchedKeys(b"keys")
    assert site.asked == [METADATA_URL, KEYS_URL]


@pytest.mark.catalogue("K5")
@pytest.mark.parametrize(
    "issuer",
    [
        pytest.param(ISSUER + "/", id="slash"),
        pytest.param("https://auth.example.com:443/env/as", id="default port"),
        pytest.param("https://AUTH.example.com/env/as", id="case of host"),
        pytest.param("http://auth.example.com/env/as", id="scheme"),
        pytest.param("https://auth.example.com/env", id="prefix"),
        pytest.param(ISSUER + "2", id="longer"),
        pytest.param([ISSUER], id="list"),
        pytest.param(None, id="null"),
    ],
)
async def test_metadata_of_another_issuer_is_not_used(issuer: object) -> None:
    site = Site({METADATA_URL: metadata(issuer=issuer)})
    with pytest.raises(DependencyUnavailableError) as caught:
        await DiscoveredKeys(site.service_of, ISSUER).fetch()
    assert caught.value.detail.endswith("names another issuer")
    assert len(site.asked) == 1


@pytest.mark.catalogue("K5", "K4")
@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://keys.example.com/jwks", id="plain text"),
        pytest.param("http://127.0.0.1/jwks", id="our loopback"),
        pytest.param("https://localhost/jwks", id="our loopback by name"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param(None, id="null"),
        pytest.param([KEYS_URL], id="list"),
        pytest.param("", id="empty"),
    ],
)
async def test_metadata_cannot_send_us_just_anywhere(url: object) -> None:
    site = Site({METADATA_URL: metadata(jwks_uri=url)})
    with pytest.raises(DependencyUnavailableError):
        await DiscoveredKeys(site.service_of, ISSUER).fetch()
    assert len(site.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"issuer":1,"issuer":2}', b"\xff"])
async def test_metadata_that_is_no_strict_json_object_is_not_used(body: bytes) -> None:
    site = Site({METADATA_URL: httpx.Response(200, content=body)})
    with pytest.raises(DependencyUnavailableError):
        await DiscoveredKeys(site.service_of, ISSUER).fetch()


async def test_an_issuer_ending_in_a_slash_has_one_slash_before_well_known() -> None:
    issuer = "https://auth.example.com/"
    site = Site(
        {
            issuer + ".well-known/openid-configuration": httpx.Response(
                200, content=json.dumps({"issuer": issuer, "jwks_uri": KEYS_URL})
            ),
            KEYS_URL: httpx.Response(200, content=b"keys"),
        }
    )
    assert await DiscoveredKeys(site.service_of, issuer).fetch() == FetchedKeys(b"keys")


@pytest.mark.catalogue("K4")
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.5"],
        ["169.254.169.254"],
        ["93.184.215.14", "192.168.1.1"],
        ["::1"],
        ["fe80::1"],
        ["::ffff:127.0.0.1"],
    ],
)
async def test_k4_a_name_that_leads_to_a_private_address_is_not_asked(
    addresses: list[str],
) -> None:
    site = Site({KEYS_URL: httpx.Response(200, content=b"document")})
    site.addresses = addresses
    with pytest.raises(DependencyUnavailableError):
        await PublishedKeys(site.service_of, KEYS_URL).fetch()
    assert site.asked == []


@pytest.mark.catalogue("K4")
async def test_k4_a_private_address_is_asked_where_the_settings_say_so() -> None:
    site = Site({KEYS_URL: httpx.Response(200, content=b"document")})
    site.addresses = ["10.0.0.5"]

    def service_of(origin: str) -> HttpService:
        return site.service_of(origin, allow_private=True)

    assert (await PublishedKeys(service_of, KEYS_URL).fetch()).data == b"document"


@pytest.mark.parametrize(
    ("control", "max_age"),
    [
        ("max-age=300", 300.0),
        ("public, max-age=60, must-revalidate", 60.0),
        ('Max-Age="120"', 120.0),
        ("no-store", 0.0),
        ("max-age=600, no-cache", 0.0),
        ("s-maxage=5", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=99999999999999999999", None),
        ("", None),
    ],
)
async def test_what_the_publisher_says_of_its_age_is_read(
    control: str, max_age: float | None
) -> None:
    answer = httpx.Response(200, content=b"keys", headers={"cache-control": control})
    site = Site({KEYS_URL: answer})
    assert (await PublishedKeys(site.service_of, KEYS_URL).fetch()).max_age == max_age
