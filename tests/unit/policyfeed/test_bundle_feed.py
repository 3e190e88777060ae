"""Bundles are fetched, verified, prepared, kept; what is refused changes nothing."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from deemster.bundles.verifying import open_bundle
from deemster.errors import (
    BundleRefusedError,
    ConfigurationError,
    PolicyError,
    SelfTestFailedError,
)
from deemster.outgoing.failures import CallFailedError
from deemster.policy.diagnostics import DiagnosticSet
from deemster.policy.loading import load_files
from deemster.policy.reading.files import PolicyFiles
from deemster.policyfeed.age import PolicyAge
from deemster.policyfeed.bundle_feed import BundleFeed
from deemster.policyfeed.feed import Candidate
from deemster.policyfeed.last_known_good import LastKnownGood
from tests.support.bundles import bundle_key, pinned
from tests.support.clock import FrozenClock
from tests.support.policy_bundles import (
    ENVIRONMENT,
    FilledSource,
    HeardReports,
    an_orders_bundle,
)

DAY = 86_400.0
BROKEN = PolicyError("the tree is broken", diagnostics=DiagnosticSet(()))
GONE = PolicyError("the provider is gone", diagnostics=DiagnosticSet(()))


class Feed:
    """A feed with everything around it; another one with the same folder is a restart."""

    def __init__(self, folder: Path, source: FilledSource, clock: FrozenClock) -> None:
        self.source = source
        self.clock = clock
        self.reports = HeardReports()
        self.prepared = 0
        self.failure: Exception | None = None
        self.pauses: list[float] = []
        self.kept = LastKnownGood(folder, ENVIRONMENT)
        self.age = PolicyAge(clock, DAY)
        self.feed = BundleFeed(
            source=source,
            shown_source="https://policies.example.com",
            keys=pinned(),
            environment=ENVIRONMENT,
            kept=self.kept,
            prepare=self._prepare,
            age=self.age,
            poll=10.0,
            clock=clock,
            reports=self.reports,
            sleep=self._sleep,
            drawn=lambda: 0.5,
        )

    def _prepare(self, files: PolicyFiles) -> Candidate:
        self.prepared += 1
        if self.failure is not None:
            raise self.failure
        return Candidate(load_files(files).snapshot, files)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def sequence(self) -> int | None:
        return self.feed.facts().sequence


@pytest.fixture
def source() -> FilledSource:
    return FilledSource(an_orders_bundle(sequence=5))


@pytest.fixture
def feed(tmp_path: Path, source: FilledSource, clock: FrozenClock) -> Feed:
    return Feed(tmp_path / "kept", source, clock)


async def test_the_first_bundle_comes_from_the_source(feed: Feed) -> None:
    candidate = await feed.feed.first()
    assert set(candidate.snapshot.services) == {"orders"}
    assert candidate.files.files[0].shown == "bundle 5/orders.yaml"
    assert (feed.sequence, feed.feed.facts().source, feed.age.seconds) == (5, "bundle", 0.0)
    assert feed.reports.started == []


async def test_what_has_not_changed_is_asked_for_by_its_tag_and_confirmed(feed: Feed) -> None:
    await feed.feed.first()
    feed.clock.advance(600)
    assert feed.age.seconds == 600
    assert await feed.feed.fresh() is None
    assert feed.age.seconds == 0
    first, second = feed.source.asked
    assert first is None
    assert second is not None
    assert second.startswith('"')
    assert feed.prepared == 1
    assert feed.reports.polls == ["changed", "unchanged"]


async def test_the_same_bundle_without_a_tag_is_confirmed_and_not_compiled_again(
    tmp_path: Path, clock: FrozenClock
) -> None:
    feed = Feed(tmp_path / "kept", FilledSource(an_orders_bundle(sequence=5), tags=False), clock)
    await feed.feed.first()
    clock.advance(600)
    assert await feed.feed.fresh() is None
    assert (feed.age.seconds, feed.prepared, feed.source.asked) == (0, 1, [None, None])


async def test_a_newer_bundle_is_taken_and_kept(feed: Feed) -> None:
    before = await feed.feed.first()
    feed.source.octets = an_orders_bundle("nobody", sequence=6)
    after = await feed.feed.fresh()
    assert after is not None
    assert after.snapshot.revision != before.snapshot.revision
    assert feed.sequence == 6
    found, _ = feed.kept.read(pinned())
    assert found is not None
    assert found.octets == feed.source.octets


def refused_bundles() -> dict[str, bytes]:
    good = an_orders_bundle(sequence=6)
    return {
        "tampered": good.replace(b"orders.read", b"orders.reed"),
        "wrong-key": an_orders_bundle(sequence=6, key=bundle_key(name="another")),
        "other-environment": an_orders_bundle(sequence=6, environment="production"),
        "expired": an_orders_bundle(sequence=6, issued_at=1000, expires=2000),
        "not-yet-valid": an_orders_bundle(sequence=6, issued_at=1.9e9),
        "older-sequence": an_orders_bundle("nobody", sequence=4),
        "malformed": good[: len(good) // 2],
    }


@pytest.mark.parametrize("cause", refused_bundles())
async def test_a_bundle_that_is_refused_changes_nothing(feed: Feed, cause: str) -> None:
    await feed.feed.first()
    kept = feed.kept.read(pinned())[0]
    feed.source.octets = refused_bundles()[cause]
    feed.clock.advance(60)
    with pytest.raises(BundleRefusedError) as refused:
        await feed.feed.fresh()
    assert refused.value.cause.value == cause
    assert (feed.sequence, feed.age.seconds, feed.prepared) == (5, 60, 1)
    after = feed.kept.read(pinned())[0]
    assert kept is not None
    assert after is not None
    assert after.octets == kept.octets
    assert feed.reports.polls[-1] == "refused"


@pytest.mark.parametrize("failure", [SelfTestFailedError("the vector"), BROKEN])
async def test_policies_that_do_not_compile_or_decide_are_never_kept(
    feed: Feed, failure: Exception
) -> None:
    await feed.feed.first()
    feed.source.octets = an_orders_bundle("nobody", sequence=6)
    feed.failure = failure
    with pytest.raises(type(failure)):
        await feed.feed.fresh()
    assert feed.sequence == 5
    assert [file.name[:16] for file in feed.kept._generations()] == [f"{5:016d}"]
    # Nothing of it was taken: the same sequence is good once it is mended.
    feed.failure = None
    assert await feed.feed.fresh() is not None


async def test_a_restart_without_the_source_starts_from_disk_and_says_so(
    feed: Feed, tmp_path: Path
) -> None:
    before = await feed.feed.first()
    feed.clock.advance(3600)
    feed.source.failure = "cannot be connected to"
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    after = await again.feed.first()
    assert after.snapshot.revision == before.snapshot.revision
    assert again.feed.facts().source == "last-known-good"
    assert again.reports.started == [(5, 3600.0)]
    # A restart makes nothing younger.
    assert again.age.seconds == 3600
    with pytest.raises(CallFailedError):
        await again.feed.fresh()
    assert again.age.seconds == 3600
    assert again.reports.source == ["cannot be connected to"]
    assert again.feed.facts().trouble == "cannot be connected to"


async def test_after_a_restart_the_source_is_asked_at_once_and_by_the_tag(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    await again.feed.first()
    await again.feed.due()
    assert again.pauses == []
    assert await again.feed.fresh() is None
    assert again.source.asked[-1] is not None
    assert again.feed.facts().source == "bundle"
    await again.feed.due()
    assert again.pauses == [10.0]


async def test_an_older_sequence_is_refused_also_after_a_restart(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    feed.source.octets = an_orders_bundle("nobody", sequence=8)
    await feed.feed.fresh()
    feed.source.octets = an_orders_bundle(sequence=7)
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    await again.feed.first()
    with pytest.raises(BundleRefusedError, match="8 was taken already"):
        await again.feed.fresh()


async def test_the_highest_sequence_is_remembered_even_where_its_bundle_is_damaged(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    newest = an_orders_bundle("nobody", sequence=8)
    feed.source.octets = newest
    await feed.feed.fresh()
    feed.kept._generations()[0].write_bytes(b"torn")
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    await again.feed.first()
    assert again.sequence == 5
    assert len(again.reports.damaged) == 1
    again.source.octets = an_orders_bundle(sequence=7)
    with pytest.raises(BundleRefusedError, match="8 was taken already"):
        await again.feed.fresh()
    # The very bundle that was taken is taken again.
    again.source.octets = newest
    assert await again.feed.fresh() is not None
    assert again.sequence == 8


async def test_a_lost_state_costs_confirmation_and_no_sequence(feed: Feed, tmp_path: Path) -> None:
    await feed.feed.first()
    (tmp_path / "kept" / "state.json").write_bytes(b"torn")
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    await again.feed.first()
    # Nothing is known but when it was made.
    assert again.age.seconds == 30 * DAY
    again.source.octets = an_orders_bundle(sequence=4)
    with pytest.raises(BundleRefusedError, match="5 was taken already"):
        await again.feed.fresh()


async def test_a_bundle_kept_just_before_the_end_is_as_young_as_what_was_noted_last(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    state = (tmp_path / "kept" / "state.json").read_bytes()
    feed.clock.advance(600)
    feed.source.octets = an_orders_bundle("nobody", sequence=6)
    await feed.feed.fresh()
    (tmp_path / "kept" / "state.json").write_bytes(state)
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    await again.feed.first()
    assert (again.sequence, again.age.seconds) == (6, 600)


async def test_the_generation_before_is_as_old_as_its_own_last_confirmation(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    feed.clock.advance(600)
    feed.source.octets = an_orders_bundle("nobody", sequence=6)
    await feed.feed.fresh()
    feed.kept._generations()[0].write_bytes(b"torn")
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    await again.feed.first()
    assert (again.sequence, again.age.seconds) == (5, 600)


async def test_without_source_and_without_disk_there_is_no_start(feed: Feed) -> None:
    feed.source.failure = "cannot be connected to"
    with pytest.raises(ConfigurationError) as refused:
        await feed.feed.first()
    assert "`https://policies.example.com` cannot be connected to" in refused.value.message
    assert "none is kept" in refused.value.message


async def test_where_all_that_is_kept_is_damaged_the_start_is_refused_and_says_why(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    (file,) = feed.kept._generations()
    file.write_bytes(b"torn")
    feed.source.failure = "cannot be connected to"
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    with pytest.raises(ConfigurationError, match="is damaged: its content does not have"):
        await again.feed.first()


async def test_a_bad_bundle_is_not_started_with(feed: Feed) -> None:
    feed.source.octets = refused_bundles()["expired"]
    with pytest.raises(ConfigurationError, match="expired at"):
        await feed.feed.first()


async def test_what_is_kept_and_no_longer_fits_the_settings_gives_way_to_the_source(
    feed: Feed, tmp_path: Path
) -> None:
    await feed.feed.first()
    feed.source.octets = an_orders_bundle("nobody", sequence=6)
    again = Feed(tmp_path / "kept", feed.source, feed.clock)
    again.failure = GONE
    with pytest.raises(PolicyError):
        await again.feed.first()
    assert "the provider is gone" in again.reports.damaged[0]


async def test_a_source_that_is_away_is_asked_less_and_less_often(feed: Feed) -> None:
    await feed.feed.first()
    feed.source.failure = "did not answer in time"
    for _ in range(5):
        await feed.feed.due()
        with pytest.raises(CallFailedError):
            await feed.feed.fresh()
    feed.source.failure = None
    await feed.feed.due()
    await feed.feed.fresh()
    await feed.feed.due()
    assert feed.pauses == [10, 20, 40, 60, 60, 60, 10]
    assert feed.reports.source == ["did not answer in time", None]


@pytest.mark.parametrize(("drawn", "pause"), [(0.0, 9.0), (1.0, 11.0)])
async def test_replicas_do_not_ask_together_and_none_waits_a_tenth_longer(
    feed: Feed, drawn: float, pause: float
) -> None:
    await feed.feed.first()
    feed.feed._drawn = lambda: drawn
    await feed.feed.due()
    assert feed.pauses == [pytest.approx(pause)]


async def test_a_disk_that_is_full_does_not_keep_a_new_bundle_from_serving(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feed.feed.first()
    feed.source.octets = an_orders_bundle("nobody", sequence=6)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(feed.kept, "keep", full)
        assert await feed.feed.fresh() is not None
        assert feed.reports.unkept == ["No space left on device"]
        assert "could not be written" in str(feed.feed.facts().trouble)
    # Once there is room it is kept, though the source has nothing new.
    assert await feed.feed.fresh() is None
    assert feed.feed.facts().trouble is None
    found, _ = feed.kept.read(pinned())
    assert found is not None
    assert found.bundle.manifest.sequence == 6


async def test_confirmations_reach_the_disk_once_a_minute(feed: Feed) -> None:
    await feed.feed.first()
    for seconds in (30, 29, 1):
        before = feed.kept.state()
        feed.clock.advance(seconds)
        await feed.feed.fresh()
        after = feed.kept.state()
        assert before is not None
        assert after is not None
        assert (after.confirmed_at > before.confirmed_at) is (seconds == 1)


async def test_a_bundle_signed_anew_is_the_same_bundle(feed: Feed) -> None:
    await feed.feed.first()
    digest = open_bundle(feed.source.octets, keys=pinned()).digest
    feed.source.octets = an_orders_bundle(sequence=5)
    assert open_bundle(feed.source.octets, keys=pinned()).digest == digest
    assert await feed.feed.fresh() is None
