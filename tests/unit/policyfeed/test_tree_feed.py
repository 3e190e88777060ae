"""A watched tree is taken when its content has changed and come to rest, whatever its dates say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from deemster.errors import PolicyError
from deemster.policy.loading import load_tree
from deemster.policyfeed.feed import Candidate
from deemster.policyfeed.tree_feed import TreeFeed
from tests.support.clock import FrozenClock
from tests.support.service import ORDERS

Step = Callable[[], object]
SALES, NOBODY = ORDERS.replace("GROUP", "sales"), ORDERS.replace("GROUP", "gates")


class Sleeper:
    """Each pause makes the next change; after the last one the watch has to have returned."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.pauses: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        assert len(self.pauses) < 60, "the change was not noticed"
        if self.steps:
            self.steps.pop(0)()


class Watched:
    """A tree of one file behind a link, as Kubernetes mounts a ConfigMap."""

    def __init__(self, root: Path) -> None:
        self.root = root / "policies"
        self.data = self.root / "..data"
        self.version("1", SALES)
        self.data.symlink_to("..1")
        self.file = self.root / "orders.yaml"
        self.file.symlink_to("..data/orders.yaml")

    def version(self, name: str, text: str) -> None:
        (self.root / f"..{name}").mkdir(parents=True)
        (self.root / f"..{name}" / "orders.yaml").write_text(text, encoding="utf-8")

    def swap(self, name: str) -> None:
        (self.root / "..swap").symlink_to(f"..{name}")
        (self.root / "..swap").rename(self.data)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
def feed(watched: Watched, sleeper: Sleeper, clock: FrozenClock) -> TreeFeed:
    def load() -> Candidate:
        loaded = load_tree([watched.root])
        return Candidate(loaded.snapshot, loaded.files)

    return TreeFeed(watched.root, load, watched=True, clock=clock, sleep=sleeper)


async def noticed(feed: TreeFeed, sleeper: Sleeper, steps: Iterable[Step]) -> None:
    sleeper.steps = list(steps)
    await feed.due()
    assert sleeper.steps == []


@pytest.mark.catalogue("R3")
async def test_a_swapped_link_is_noticed(
    feed: TreeFeed, watched: Watched, sleeper: Sleeper
) -> None:
    before = await feed.first()
    watched.version("2", NOBODY)
    await noticed(feed, sleeper, [lambda: watched.swap("2")])
    after = await feed.fresh()
    assert after.snapshot.revision != before.snapshot.revision
    assert watched.file.read_text(encoding="utf-8") == NOBODY


@pytest.mark.catalogue("R3")
async def test_content_that_changed_in_no_time_and_at_no_size_is_noticed(
    feed: TreeFeed, watched: Watched, sleeper: Sleeper
) -> None:
    before = await feed.first()
    stat = watched.file.stat()
    assert len(SALES) == len(NOBODY)

    def rewritten() -> None:
        watched.write(NOBODY)
        os.utime(watched.file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    await noticed(feed, sleeper, [rewritten])
    assert (await feed.fresh()).snapshot.revision != before.snapshot.revision


async def test_a_new_date_alone_is_no_change(
    feed: TreeFeed, watched: Watched, sleeper: Sleeper
) -> None:
    await feed.first()
    touched: Step = lambda: os.utime(watched.file, ns=(1, 1))  # noqa: E731
    await noticed(feed, sleeper, [touched, touched, lambda: watched.write(NOBODY)])
    # Two looks that found nothing, the change, and one look that found it at rest.
    assert sleeper.pauses == [0.25, 0.25, 0.25, 0.1]


@pytest.mark.catalogue("R3")
async def test_a_file_that_is_written_in_parts_is_taken_when_it_is_whole(
    feed: TreeFeed, watched: Watched, sleeper: Sleeper
) -> None:
    await feed.first()
    parts = [NOBODY[: len(NOBODY) * part // 4] for part in range(5)]
    await noticed(feed, sleeper, [partial(watched.write, part) for part in parts])
    assert watched.file.read_text(encoding="utf-8") == NOBODY
    await feed.fresh()


@pytest.mark.catalogue("R3")
@pytest.mark.parametrize(
    "breakage",
    [
        pytest.param(lambda tree: tree.write(SALES[:200]), id="partial write"),
        pytest.param(lambda tree: shutil.rmtree(tree.root), id="folder deleted"),
        pytest.param(lambda tree: tree.data.unlink(), id="link deleted"),
        pytest.param(lambda tree: tree.write("kind: ["), id="no YAML"),
        pytest.param(lambda tree: tree.file.unlink(), id="file deleted"),
        pytest.param(
            lambda tree: (tree.root / "b.yaml").symlink_to("/etc/hostname"), id="a link out"
        ),
        pytest.param(lambda tree: os.mkfifo(tree.root / "b.yaml"), id="a FIFO"),
    ],
)
async def test_a_bad_tree_is_noticed_refused_and_its_mending_noticed(
    feed: TreeFeed,
    watched: Watched,
    sleeper: Sleeper,
    tmp_path: Path,
    breakage: Callable[[Watched], object],
) -> None:
    before = await feed.first()
    shutil.copytree(watched.root, tmp_path / "copy", symlinks=True)
    await noticed(feed, sleeper, [lambda: breakage(watched)])
    with pytest.raises(PolicyError):
        await feed.fresh()

    def mend() -> None:
        shutil.rmtree(watched.root, ignore_errors=True)
        shutil.copytree(tmp_path / "copy", watched.root, symlinks=True)

    await noticed(feed, sleeper, [mend])
    assert (await feed.fresh()).snapshot.revision == before.snapshot.revision


async def test_a_change_between_the_load_and_the_first_look_is_noticed(
    feed: TreeFeed, watched: Watched, sleeper: Sleeper
) -> None:
    await feed.first()
    watched.write(NOBODY)
    await noticed(feed, sleeper, [])
    assert sleeper.pauses == [0.1]


async def test_looking_at_a_large_tree_takes_a_tenth_of_the_time(
    watched: Watched, sleeper: Sleeper, clock: FrozenClock, feed: TreeFeed
) -> None:
    await feed.first()
    looks = 0

    class Slow(FrozenClock):
        def monotonic(self) -> float:
            nonlocal looks
            looks += 1
            return looks * 0.5

    feed._clock = Slow()
    await noticed(feed, sleeper, [lambda: None, lambda: watched.write(NOBODY)])
    assert sleeper.pauses[:2] == [5.0, 5.0]
