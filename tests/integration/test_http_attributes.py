"""An HTTP service as a source of attributes, against a real server with every fault it can have."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest

from deemster.attributesources.bounded import BoundedSource
from deemster.attributesources.cache import AnswerCache
from deemster.attributesources.counters import FetchCounters, FetchOutcome
from deemster.attributesources.http import HttpSource
from deemster.attributesources.sources import AttributeSources
from deemster.decisions.point import Deadlines
from deemster.model.attributes import AttributeFetch, Fetched, FetchFailed, HttpCall, Origin
from deemster.model.clock import SystemClock
from deemster.model.decision import Decision, Reason
from deemster.outgoing.breaker import CircuitBreaker
from deemster.outgoing.failures import CallFailedError
from deemster.outgoing.http_service import HttpService, ServiceUrl
from tests.support.certificates import a_certificate
from tests.support.clock import FrozenClock
from tests.support.faulty_service import FaultyService, a_faulty_service
from tests.support.points import a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

FAULTS = {
    "error": "status 500",
    "busy": "status 429",
    "missing": "status 404",
    "created": "status 201",
    "redirect": "status 302",
    "garbage": "no strict JSON",
    "cut-json": "no strict JSON",
    "duplicate": "duplicate member",
    "nan": "no strict JSON",
    "deep": "nested deeper",
    "large": "more than 1 MiB",
    "text": "media type",
    "gzip": "compressed",
    "cut": "cut off",
    "nothing": "did not answer",
    "no-http": "did not answer",
    "two-lengths": "did not answer",
}
SLOW = ("hang", "hang-in-body", "drip", "drip-headers")


@pytest.fixture
async def service() -> AsyncIterator[FaultyService]:
    async with a_faulty_service() as found:
        yield found


async def no_names(host: str, port: int) -> Sequence[str]:
    raise OSError(f"{host}:{port}")


class Asked:
    """One HTTP source and all that bounds it."""

    def __init__(self, url: str, **more: object) -> None:
        settings: dict[str, object] = {"resolver": no_names, "allow_private": True, **more}
        verify = settings.pop("verify", True)
        settings.setdefault(
            "new_transport",
            lambda: httpx.AsyncHTTPTransport(trust_env=False, verify=verify),  # type: ignore[arg-type]
        )
        self.clock = FrozenClock()
        self.counters = FetchCounters()
        self.source = HttpSource(
            "risk",
            HttpService(
                ServiceUrl.of(url),
                clock=self.clock,
                **settings,  # type: ignore[arg-type]
            ),
        )
        self.sources = AttributeSources(
            services=[
                BoundedSource(
                    self.source,
                    breaker=CircuitBreaker(self.clock),
                    concurrency=4,
                    counters=self.counters,
                )
            ],
            queries=[],
            cache=AnswerCache(),
            counters=self.counters,
            clock=self.clock,
            timeout=2.0,
        )

    async def __aenter__(self) -> Asked:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sources.close()

    async def ask(self, target: str, method: str = "GET", **headers: str) -> object:
        return await self.source.ask(HttpCall("risk", method, target, tuple(headers.items())))


async def test_an_answer_is_the_document(service: FaultyService) -> None:
    service.documents = {"/base/good": {"score": 80}}
    async with Asked(f"{service.url()}/base/") as risk:
        assert await risk.ask("/good") == {"score": 80}
        assert await risk.ask("/good") == {"score": 80}
    assert service.targets == ["/base/good", "/base/good"]
    assert service.connections == 1


@pytest.mark.parametrize(("fault", "told"), FAULTS.items())
async def test_a_fault_is_no_answer(service: FaultyService, fault: str, told: str) -> None:
    async with Asked(service.url()) as risk:
        with pytest.raises(CallFailedError, match=told):
            await risk.ask(f"/{fault}/alice")
    assert service.targets == [f"/{fault}/alice"]


async def test_a_refused_connection_is_an_outage() -> None:
    async with a_faulty_service() as gone:
        url = gone.url()
    async with Asked(url) as risk:
        with pytest.raises(CallFailedError, match="cannot be connected") as failed:
            await risk.ask("/good")
        assert failed.value.is_outage


async def test_headers_are_the_calls_and_the_services_which_win(service: FaultyService) -> None:
    headers = {"authorization": "Bearer s3cret", "x-tenant": "ours"}
    async with Asked(service.url(), headers=headers) as risk:
        await risk.ask("/good", **{"x-tenant": "theirs", "x-item": "7", "host": "evil"})
        risk.source.replace_headers({"authorization": "Bearer new"})
        await risk.ask("/good", method="POST")
    first, second = service.received
    assert first.header("authorization") == ["Bearer s3cret"]
    assert first.header("x-tenant") == ["ours"]
    assert first.header("x-item") == ["7"]
    assert first.header("host") == [f"127.0.0.1:{service.port}"]
    assert first.header("accept-encoding") == ["identity"]
    assert second.method == "POST"
    assert second.header("content-length") == ["0"]
    assert second.header("authorization") == ["Bearer new"]


async def test_no_cookie_is_ever_sent_back(service: FaultyService) -> None:
    async with Asked(service.url()) as risk:
        await risk.ask("/cookie")
        await risk.ask("/good")
    assert service.received[1].header("cookie") == []


async def test_no_proxy_is_taken_from_the_environment(
    service: FaultyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with Asked(service.url()) as risk:
        assert await risk.ask("/good") == {"v": 1}


# --- where a name may lead ----------------------------------------------------------------------


class Names:
    """Answers one list of addresses after the other; the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


async def test_the_address_that_was_looked_at_is_connected_to(service: FaultyService) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    async with Asked(f"http://risk.example.com:{service.port}", resolver=names) as risk:
        assert await risk.ask("/good") == {"v": 1}
        assert service.received[0].header("host") == [f"risk.example.com:{service.port}"]
        risk.clock.advance(60.0)
        # The name leads elsewhere now: that is looked at before anything is sent.
        with pytest.raises(CallFailedError, match="not one that may be called"):
            await risk.ask("/good")
    assert names.asked == ["risk.example.com", "risk.example.com"]
    assert len(service.received) == 1


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{}", "http://[::ffff:127.0.0.1]:{}", "http://localhost:{}",
     "http://private.example.com:{}", "http://mixed.example.com:{}"],
)  # fmt: skip
async def test_a_private_address_is_not_called(service: FaultyService, url: str) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host != "mixed.example.com" else ["93.184.216.34", "10.0.0.1"]

    asked = Asked(url.format(service.port), resolver=names, allow_private=False)
    async with asked as risk:
        with pytest.raises(CallFailedError, match="not one that may be called"):
            await risk.ask("/good")
    assert service.connections == 0


async def test_the_next_address_is_tried_where_nothing_was_sent(service: FaultyService) -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    async with Asked(f"http://risk.example.com:{service.port}", resolver=names) as risk:
        assert await risk.ask("/good") == {"v": 1}


async def test_the_certificate_must_be_the_names_and_not_the_addresss(tmp_path: Path) -> None:
    certificate, key = a_certificate(tmp_path, "risk.example.com")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with a_faulty_service(tls=tls) as service:
        for host, answers in (("risk.example.com", True), ("other.example.com", False)):
            url, names = f"https://{host}:{service.port}", Names(["127.0.0.1"])
            async with Asked(url, resolver=names, verify=trusting) as risk:
                if answers:
                    assert await risk.ask("/good") == {"v": 1}
                else:
                    with pytest.raises(CallFailedError, match="cannot be connected"):
                        await risk.ask("/good")
        async with Asked(f"https://127.0.0.1:{service.port}", verify=trusting) as risk:
            with pytest.raises(CallFailedError, match="cannot be connected"):
                await risk.ask("/good")


# --- bounds -------------------------------------------------------------------------------------


def a_fetch(
    target: str = "/good", *, max_age: float = 0.0, timeout: float | None = None
) -> AttributeFetch:
    return AttributeFetch("risk.yaml#x", HttpCall("risk", "GET", target), timeout, max_age)


@pytest.mark.parametrize("fault", SLOW)
async def test_what_is_slow_fails_in_its_time(service: FaultyService, fault: str) -> None:
    async with Asked(service.url()) as risk:
        answer = await risk.sources.fetch(a_fetch(f"/{fault}", timeout=0.1), 60.0)
        assert answer == FetchFailed("did not answer in time")


@pytest.mark.parametrize("at_a_time", [4, 8])
async def test_a_service_that_hung_for_a_while_answers_again(
    service: FaultyService, at_a_time: int
) -> None:
    def few_connections() -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=4)
        return httpx.AsyncHTTPTransport(trust_env=False, limits=limits)

    async with Asked(service.url(), new_transport=few_connections) as risk:

        async def given_up(target: str) -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await risk.ask(target)

        for fault in SLOW:
            for _ in range(5):
                await asyncio.gather(*[given_up(f"/{fault}/{n}") for n in range(at_a_time)])
        async with asyncio.timeout(5.0):
            assert await risk.ask("/good") == {"v": 1}


async def test_decisions_that_wait_share_one_call(service: FaultyService) -> None:
    async with Asked(service.url()) as risk:
        answers = await asyncio.gather(*[risk.sources.fetch(a_fetch(), 5.0) for _ in range(50)])
    assert answers == [Fetched({"v": 1})] * 50
    assert len(service.received) == 1


async def test_an_answer_is_kept_as_long_as_the_attribute_says(service: FaultyService) -> None:
    async with Asked(service.url()) as risk:
        fetch = a_fetch(max_age=60.0)
        assert risk.sources.recall(fetch) is None
        await risk.sources.fetch(fetch, 5.0)
        risk.clock.advance(59.0)
        assert risk.sources.recall(fetch) == Fetched({"v": 1}, Origin.CACHED)
        assert risk.sources.recall(a_fetch(max_age=30.0)) is None
        assert risk.sources.recall(a_fetch("/good?other", max_age=60.0)) is None
        assert risk.sources.recall(a_fetch()) is None
        risk.clock.advance(1.0)
        assert risk.sources.recall(fetch) is None
    assert risk.counters.counts[("risk", FetchOutcome.CACHED)] == 1
    assert risk.counters.counts[("risk", FetchOutcome.FETCHED)] == 1


@pytest.mark.parametrize("fault", [*FAULTS, "hang"])
async def test_a_failure_is_never_kept(service: FaultyService, fault: str) -> None:
    async with Asked(service.url()) as risk:
        fetch = a_fetch(f"/{fault}", max_age=60.0, timeout=0.2 if fault == "hang" else None)
        for _ in range(2):
            assert isinstance(await risk.sources.fetch(fetch, 5.0), FetchFailed)
            assert risk.sources.recall(fetch) is None
    assert len(service.received) == 2


async def test_a_service_that_is_down_is_left_alone_for_a_while(service: FaultyService) -> None:
    async with Asked(service.url()) as risk:
        for _ in range(10):
            assert isinstance(await risk.sources.fetch(a_fetch("/error"), 5.0), FetchFailed)
        assert len(service.received) == 5
        assert risk.counters.open_circuits == {"risk"}
        assert risk.counters.counts[("risk", FetchOutcome.HELD_BACK)] == 5
        risk.clock.advance(10.0)
        assert await risk.sources.fetch(a_fetch(), 5.0) == Fetched({"v": 1})
        assert risk.counters.open_circuits == set()
        for _ in range(10):
            assert isinstance(await risk.sources.fetch(a_fetch("/missing"), 5.0), FetchFailed)
        assert risk.counters.open_circuits == set()


async def test_so_many_calls_at_a_time_and_no_more(service: FaultyService) -> None:
    async with Asked(service.url()) as risk:
        patient = [
            asyncio.create_task(risk.sources.fetch(a_fetch(f"/hang/{number}"), 0.3))
            for number in range(4)
        ]
        waiting = [
            risk.sources.fetch(a_fetch(f"/good/{number}", timeout=0.1), 5.0) for number in range(8)
        ]
        assert await asyncio.gather(*waiting) == [FetchFailed("is asked too much")] * 8
        await asyncio.gather(*patient)
    assert len(service.received) == 4
    assert risk.counters.open_circuits == set()


# --- through the decision point -----------------------------------------------------------------


async def decided(service: FaultyService, fault: str, *, on_error: str = "") -> Decision:
    body = (
        "attributes:\n  score:\n    type: int\n    source: {http: {service: risk, "
        f'path: "/{fault}/{{claims.sub}}", select: "$.v"}}}}\n{on_error}'
        "operations:\n  - id: read\n    match: {methods: [GET], path: /items}\n"
        '    allow: {when: "attr.score == 1"}\n'
    )
    clock = SystemClock()
    asked = HttpService(
        ServiceUrl.of(service.url()),
        new_transport=lambda: httpx.AsyncHTTPTransport(trust_env=False),
        resolver=no_names,
        clock=clock,
        allow_private=True,
    )
    source = HttpSource("risk", asked)
    counters = FetchCounters()
    bounded = BoundedSource(source, breaker=CircuitBreaker(clock), concurrency=4, counters=counters)
    sources = AttributeSources(
        services=[bounded],
        queries=[],
        cache=AnswerCache(),
        counters=counters,
        clock=clock,
        timeout=0.3,
    )
    point = a_point(
        {"shop.yaml": a_service(body)},
        tokens={"t": some_claims("alice/../bob" if fault == "good-unsafe" else "alice/b?c#d")},
        attributes=sources,
        deadlines=Deadlines(decision=60.0, attribute=0.3),
    )
    point.users.users = {"alice/b?c#d": {}, "alice/../bob": {}}
    call = a_call(url="https://api.example.com/shop/items", token="t")
    try:
        return await point.point.decide(call, a_caller())
    finally:
        await sources.close()


async def test_a_value_arrives_in_its_segment(service: FaultyService) -> None:
    assert (await decided(service, "good")).permitted
    assert service.targets == ["/good/alice%2Fb%3Fc%23d"]


async def test_a_value_that_would_leave_its_segment_is_not_sent(service: FaultyService) -> None:
    decision = await decided(service, "good-unsafe")
    assert (decision.permitted, decision.reason) == (False, Reason.INDETERMINATE)
    assert service.targets == []


@pytest.mark.parametrize("fault", [*FAULTS, *SLOW])
async def test_every_fault_denies_as_unavailable_or_takes_the_value_that_stands_in(
    service: FaultyService, fault: str
) -> None:
    denied = await decided(service, fault)
    assert (denied.permitted, denied.reason) == (False, Reason.DEPENDENCY_UNAVAILABLE)
    stood_in = await decided(service, fault, on_error="    onError: {value: 1}\n")
    assert stood_in.permitted
