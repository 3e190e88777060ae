"""A service whose policies come in bundles: taken, refused, kept, too old, confirmed again."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from deemster.app import Application, build_application
from deemster.errors import ConfigurationError
from deemster.policyfeed import sources
from deemster.settings.staleness import staleness_of
from deemster.telemetry.service_log import build_service_log
from tests.support.bundle_server import BundleServer, bundle_server
from tests.support.bundles import a_bundle, bundle_key
from tests.support.clock import FrozenClock
from tests.support.policy_bundles import an_orders_bundle, bundled_service_folder
from tests.support.service import SECRET, ServiceFolder, a_call

DAY = 86_400.0


class Running:
    """An application without a server, and what it said."""

    def __init__(self, app: Application, folder: ServiceFolder, log: io.StringIO) -> None:
        self.app = app
        self._folder = folder
        self._log = log

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def said(self, event: str) -> list[dict[str, object]]:
        return [found for found in self.events if found["event"] == event]

    async def reason(self) -> str:
        """Of the answer to a good call."""
        found = await self._post("/sideband/request", a_call(self._folder.token()))
        answer = found.json()
        if "response" not in answer:
            return "permitted"
        return str(json.loads(answer["response"]["body"])["code"])

    async def revision(self) -> str:
        found = await self._post("/sideband/request", a_call(self._folder.token()))
        return str(found.headers.get("x-policy-revision", ""))

    async def _post(self, path: str, body: object) -> httpx.Response:
        transport = httpx.ASGITransport(self.app.decisions)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            return await client.post(path, json=body, headers={"client-token": SECRET})

    async def manage(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app.management)
        async with httpx.AsyncClient(transport=transport, base_url="http://pdp") as client:
            return await client.get(path)

    async def ready(self) -> dict[str, object]:
        found: dict[str, object] = (await self.manage("/ready")).json()
        return found

    async def metric(self, name: str) -> float:
        for line in (await self.manage("/metrics")).text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"{name} is not told")


@asynccontextmanager
async def running(folder: ServiceFolder, clock: FrozenClock) -> AsyncIterator[Running]:
    stream = io.StringIO()
    log = build_service_log(stream, clock)
    app = build_application(folder.settings({"BUNDLES": "token"}), clock=clock, log=log)
    try:
        await app.startup()
        yield Running(app, folder, stream)
    finally:
        await app.shutdown(5.0)


@pytest.fixture
def server() -> Iterator[BundleServer]:
    with bundle_server(an_orders_bundle(sequence=5)) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, server: BundleServer) -> ServiceFolder:
    return bundled_service_folder(tmp_path, server.place)


async def test_a_bundle_decides_and_is_told_everywhere(
    folder: ServiceFolder, clock: FrozenClock
) -> None:
    async with running(folder, clock) as service:
        assert await service.reason() == "permitted"
        ready = await service.ready()
        assert ready["status"] == "ready"
        policies = ready["policies"]
        assert isinstance(policies, dict)
        assert (policies["source"], policies["sequence"], policies["ageSeconds"]) == (
            "bundle",
            5,
            0.0,
        )
        version = (await service.manage("/version")).json()
        assert version["revision"] == ready["revision"] == await service.revision()
        assert version["policies"] == policies
        clock.advance(90)
        assert await service.metric("deemster_policy_age_seconds") == 90
        assert await service.metric("deemster_policy_sequence") == 5
        assert await service.metric("deemster_policy_too_old") == 0
        assert await service.metric('deemster_bundle_polls_total{outcome="changed"}') == 1
    record = json.loads(folder.log_file.read_text(encoding="utf-8").splitlines()[0])
    assert record["revision"] == ready["revision"]
    assert record["deciding"]["place"].startswith("bundle 5/orders.yaml:")


async def test_a_newer_bundle_is_taken_and_the_same_one_confirmed(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    async with running(folder, clock) as service:
        before = await service.revision()
        server.octets = an_orders_bundle("nobody", sequence=6)
        assert await service.app.refresh()
        assert await service.reason() == "group-missing"
        assert await service.revision() != before
        clock.advance(60)
        assert await service.app.refresh()
        assert server.asked[-1] is not None
        assert await service.metric("deemster_policy_age_seconds") == 0
        assert await service.metric('deemster_bundle_polls_total{outcome="unchanged"}') == 1
        assert await service.metric('deemster_reloads_total{cause="",result="succeeded"}') == 1


GOOD = an_orders_bundle(sequence=6)
REFUSED = {
    "tampered": (GOOD.replace(b"orders.read", b"orders.reed"), "the bundle was changed"),
    "unsigned": (
        a_bundle({"orders.yaml": b"kind: ApiService\n"}, environment="local", sequence=6),
        "sign",
    ),
    "wrong-key": (an_orders_bundle(sequence=6, key=bundle_key(name="another")), "key"),
    "other-environment": (
        an_orders_bundle(sequence=6, environment="production"),
        "for environment `production`, expected `local`",
    ),
    "expired": (an_orders_bundle(sequence=6, issued_at=1000, expires=2000), "expired at"),
    "older-sequence": (an_orders_bundle("nobody", sequence=4), "5 was taken already"),
    "malformed": (GOOD[:900], "fetch or copy it again"),
    "policy": (an_orders_bundle(sequence=6, more={"b.yaml": "kind: Nothing\n"}), "bundle 6/b.yaml"),
}


@pytest.mark.parametrize("cause", REFUSED)
async def test_what_is_refused_is_told_and_counted_and_the_old_policies_serve(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock, cause: str
) -> None:
    octets, told = REFUSED[cause]
    async with running(folder, clock) as service:
        before = await service.revision()
        good, server.octets = server.octets, octets
        for _ in range(3):
            assert not await service.app.refresh()
        assert await service.reason() == "permitted"
        assert await service.revision() == before
        ready = await service.ready()
        assert ready["status"] == "degraded"
        assert told in str(ready["degraded"])
        # Counted each time, and told once.
        series = f'deemster_reloads_total{{cause="{cause}",result="failed"}}'
        assert await service.metric(series) == 3
        (event,) = service.said("reload_refused")
        assert event["cause"] == cause
        server.octets = good
        assert await service.app.refresh()
        assert (await service.ready())["status"] == "ready"


@pytest.mark.catalogue("R2")
async def test_a_restart_without_the_source_serves_what_was_good_last(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    async with running(folder, clock) as service:
        server.octets = an_orders_bundle("nobody", sequence=6)
        await service.app.refresh()
        revision = await service.revision()
    server.status = 503
    clock.advance(3600)
    async with running(folder, clock) as service:
        assert await service.revision() == revision
        policies = (await service.ready())["policies"]
        assert isinstance(policies, dict)
        assert (policies["source"], policies["sequence"]) == ("last-known-good", 6)
        assert policies["ageSeconds"] == 3600
        (event,) = service.said("started_from_last_known_good")
        assert (event["sequence"], event["age"]) == (6, 3600)
        await service.app.refresh()
        (event,) = service.said("bundle_source_failed")
        assert event["reason"] == "answered with status 503"
        server.status = None
        server.octets = an_orders_bundle(sequence=5)
        assert not await service.app.refresh()
        assert "6 was taken already" in str((await service.ready())["degraded"])
        assert await service.revision() == revision


async def test_without_source_and_cache_the_service_does_not_start(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    server.status = 503
    with pytest.raises(ConfigurationError, match="there is no policy bundle to start with"):
        async with running(folder, clock):
            pass


async def away_for_longer_than_the_maximum_age(
    service: Running, server: BundleServer, clock: FrozenClock
) -> None:
    server.status = 503
    clock.advance(DAY)
    await service.app.refresh()
    assert await service.reason() == "permitted"
    assert (await service.ready())["status"] == "ready"
    clock.advance(1)
    await service.app.refresh()


async def confirmed_again(service: Running, server: BundleServer) -> None:
    server.status = None
    await service.app.refresh()
    assert await service.reason() == "permitted"
    assert (await service.ready())["status"] == "ready"
    assert await service.metric("deemster_policy_too_old") == 0
    assert len(service.said("policies_confirmed_again")) == 1


async def test_policies_too_old_deny_every_call_until_the_source_is_back(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    async with running(folder, clock) as service:
        revision = await service.revision()
        await away_for_longer_than_the_maximum_age(service, server, clock)
        assert await service.reason() == "policy-too-old"
        ready = await service.ready()
        assert (ready["status"], ready["revision"]) == ("degraded", revision)
        assert "last confirmed the policies 86401 s ago" in str(ready["degraded"])
        assert await service.metric("deemster_policy_too_old") == 1
        (event,) = service.said("policies_too_old")
        assert event["action"] == "deny"
        await confirmed_again(service, server)
    records = [json.loads(line) for line in folder.log_file.read_text("utf-8").splitlines()]
    denied = [record for record in records if record["reason"] == "policy-too-old"]
    assert len(denied) == 1
    assert denied[0]["effect"] == "deny"
    assert denied[0]["revision"] == revision


async def test_the_bound_of_an_old_policy_is_what_show_config_says(
    tmp_path: Path, server: BundleServer, clock: FrozenClock
) -> None:
    folder = bundled_service_folder(tmp_path, server.place, poll="30s", maximumAge="1h")
    (row,) = [one for one in staleness_of(folder.settings()) if one.whose == "policies"]
    assert row.seconds == 33.0
    assert row.in_outage is not None
    assert row.in_outage == 3601.0
    serving = bundled_service_folder(tmp_path / "b", server.place, whenTooOld="serve")
    (other,) = [one for one in staleness_of(serving.settings()) if one.whose == "policies"]
    assert other.in_outage is None
    assert "`whenTooOld` is `serve`" in other.why
    async with running(folder, clock) as service:
        server.status = 503
        clock.advance(row.in_outage - 1)
        await service.app.refresh()
        assert await service.reason() == "permitted"
        clock.advance(1)
        # Nobody asks: it is looked at once a second.
        for _ in range(40):
            if await service.reason() == "policy-too-old":
                return
            await asyncio.sleep(0.05)
        raise AssertionError("nobody looked at how old the policies are")


@pytest.mark.parametrize(("action", "status"), [("serve", "ready"), ("degrade", "degraded")])
async def test_policies_too_old_serve_on_where_that_is_the_setting(
    tmp_path: Path, server: BundleServer, clock: FrozenClock, action: str, status: str
) -> None:
    folder = bundled_service_folder(tmp_path, server.place, whenTooOld=action)
    async with running(folder, clock) as service:
        await away_for_longer_than_the_maximum_age(service, server, clock)
        assert await service.reason() == "permitted"
        assert (await service.ready())["status"] == status
        assert await service.metric("deemster_policy_too_old") == 1
        assert service.said("policies_too_old")[0]["action"] == action
        await confirmed_again(service, server)


async def test_an_expired_bundle_is_too_old_though_it_is_confirmed(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    server.octets = an_orders_bundle(sequence=5, expires=clock.wall() + 7200)
    async with running(folder, clock) as service:
        clock.advance(7200)
        assert await service.app.refresh()
        assert server.asked[-1] is not None
        assert await service.reason() == "policy-too-old"
        server.octets = an_orders_bundle(sequence=6)
        await service.app.refresh()
        assert await service.reason() == "permitted"


async def test_a_restart_makes_old_policies_no_younger(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    async with running(folder, clock):
        server.status = 503
    clock.advance(DAY + 1)
    async with running(folder, clock) as service:
        assert await service.reason() == "policy-too-old"
        await confirmed_again(service, server)


async def test_the_credential_of_the_source_is_renewed_by_a_reload(
    tmp_path: Path, server: BundleServer, clock: FrozenClock
) -> None:
    folder = bundled_service_folder(tmp_path, server.place, bearer='"${file:bundle-token}"')
    (tmp_path / "bundle-token").write_text("one", encoding="utf-8")
    server.bearer = "one"
    async with running(folder, clock) as service:
        server.bearer = "two"
        server.octets = an_orders_bundle("nobody", sequence=6)
        await service.app.refresh()
        assert service.said("bundle_source_failed")[0]["reason"] == "answered with status 401"
        (tmp_path / "bundle-token").write_text("two", encoding="utf-8")
        assert await service.app.reload()
        assert await service.app.refresh()
        assert await service.reason() == "group-missing"


async def test_secrets_are_rotated_while_the_source_is_away_or_has_something_bad(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    async with running(folder, clock) as service:
        server.octets = REFUSED["expired"][0]
        await service.app.refresh()
        folder.change_secret("another-secret-0123456789-0123456789")
        assert await service.app.reload()
        assert (await service._post("/sideband/request", a_call())).status_code == 401
        # A refusal of secrets is not forgotten because the source has nothing new.
        server.octets = an_orders_bundle(sequence=5)
        folder.change_secret("weak")
        assert not await service.app.reload()
        assert await service.app.refresh()
        assert "it must have at least 32" in str((await service.ready())["degraded"])


async def test_pinned_keys_are_changed_by_a_reload(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    following = bundle_key("ES256")
    pinned = folder.path / "release.json"
    async with running(folder, clock) as service:
        server.octets = an_orders_bundle("nobody", sequence=6, key=following)
        assert not await service.app.refresh()
        assert "and pinned is" in str((await service.ready())["degraded"])
        pinned.write_text("{}", encoding="utf-8")
        assert not await service.app.reload()
        pinned.write_text(json.dumps(following.pinned.public_jwk), encoding="utf-8")
        assert await service.app.reload()
        assert await service.app.refresh()
        assert await service.reason() == "group-missing"
        server.octets = an_orders_bundle(sequence=7)
        assert not await service.app.refresh()


async def test_a_source_that_hangs_or_never_ends_is_given_up(
    tmp_path: Path, server: BundleServer, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bundled_service_folder(tmp_path, server.place, timeout="200ms")
    async with running(folder, clock) as service:
        monkeypatch.setattr(sources, "MAX_BUNDLE_BYTES", len(server.octets))
        server.octets = bytes(len(server.octets) + 1)
        assert await service.app.refresh()
        (event,) = service.said("bundle_source_failed")
        assert event["reason"] == f"answered with more than {len(server.octets) - 1} bytes"
        server.hangs = True
        assert await service.app.refresh()
        server.hangs = False
        policies = (await service.ready())["policies"]
        assert isinstance(policies, dict)
        assert policies["trouble"] == "did not answer in time"
        assert await service.reason() == "permitted"
        server.octets = an_orders_bundle("nobody", sequence=6)
        assert await service.app.refresh()
        assert await service.reason() == "group-missing"


async def test_answers_of_the_source_are_whole_and_plain(
    folder: ServiceFolder, server: BundleServer, clock: FrozenClock
) -> None:
    async with running(folder, clock) as service:
        for broken in ({"compressed": True}, {"status": 404}, {"status": 301}, {"status": 206}):
            for name, value in broken.items():
                setattr(server, name, value)
            server.octets = an_orders_bundle("nobody", sequence=6)
            assert await service.app.refresh()
            assert await service.reason() == "permitted"
            server.compressed, server.status = False, None
        assert await service.metric('deemster_bundle_polls_total{outcome="failed"}') == 4
        assert await service.app.refresh()
        assert await service.reason() == "group-missing"


async def test_a_private_address_is_not_called_unless_that_is_written(
    tmp_path: Path, server: BundleServer, clock: FrozenClock
) -> None:
    folder = bundled_service_folder(tmp_path, f"url: '{server.url}'")
    with pytest.raises(ConfigurationError) as refused:
        async with running(folder, clock):
            pass
    assert refused.value.diagnostics is not None
    (found,) = refused.value.diagnostics
    assert found.message == "`127.0.0.1` is a private address"
    assert server.asked == []


async def test_a_bundle_may_be_put_into_place_as_a_file(tmp_path: Path, clock: FrozenClock) -> None:
    file = tmp_path / "orders.bundle"
    file.write_bytes(an_orders_bundle(sequence=1))
    folder = bundled_service_folder(tmp_path, "file: orders.bundle")
    async with running(folder, clock) as service:
        assert await service.reason() == "permitted"
        file.write_bytes(an_orders_bundle("nobody", sequence=2))
        await service.app.refresh()
        assert await service.reason() == "group-missing"
        clock.advance(60)
        await service.app.refresh()
        assert await service.metric("deemster_policy_age_seconds") == 0
        file.unlink()
        clock.advance(60)
        await service.app.refresh()
        assert await service.metric("deemster_policy_age_seconds") == 60
        assert service.said("bundle_source_failed")[0]["reason"] == (
            "cannot be read: No such file or directory"
        )
    async with running(folder, clock) as service:
        assert await service.reason() == "group-missing"


SUITE = """
apiVersion: deemster/v1
kind: PolicyTest
metadata: {id: orders-tests}
service: orders
users: {alice: {groups: [sales]}}
tokens: {alice: {sub: alice, scope: orders.read}}
cases:
  - name: sales lists orders
    request: {method: GET, url: "https://api.example.com/orders"}
    token: alice
    expect: {decision: EXPECTED}
"""


async def test_a_tree_whose_own_suites_fail_is_not_taken(
    tmp_path: Path, server: BundleServer, clock: FrozenClock
) -> None:
    folder = bundled_service_folder(tmp_path, server.place)
    text = folder.settings_file.read_text(encoding="utf-8")
    text = text.replace("policies: {bundle", "policies: {selfTest: suites, bundle")
    folder.settings_file.write_text(text, encoding="utf-8")
    good = {"tests.yaml": SUITE.replace("EXPECTED", "permit")}
    server.octets = an_orders_bundle(sequence=5, more=good)
    async with running(folder, clock) as service:
        assert await service.reason() == "permitted"
        server.octets = an_orders_bundle("nobody", sequence=6, more=good)
        assert not await service.app.refresh()
        told = str((await service.ready())["degraded"])
        assert "the case `sales lists orders` of the suite `orders-tests` failed" in told
        assert await service.reason() == "permitted"
        server.octets = an_orders_bundle("nobody", sequence=7)
        assert not await service.app.refresh()
        assert "and it has none" in str((await service.ready())["degraded"])
        series = 'deemster_reloads_total{cause="self-test",result="failed"}'
        assert await service.metric(series) == 2
