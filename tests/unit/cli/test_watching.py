"""What counts as a change of a policy tree, and when it counts as finished."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from deemster.cli.watching import FileWatch

Step = Callable[[], object]


class Sleeper:
    """Each pause makes the next change; after the last one the watch has to have returned."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = iter(steps)
        self.pauses = 0

    def __call__(self, seconds: float) -> None:
        self.pauses += 1
        assert seconds > 0, "a watch that never pauses keeps a processor busy"
        step = next(self._steps, None)
        assert step is not None or self.pauses < 50, "the change was not noticed"
        if step is not None:
            step()


def nothing() -> None:
    """A pause in which nothing changes."""


def pauses_until_noticed(tree: Path, *steps: Step) -> int:
    sleeper = Sleeper(steps)
    FileWatch([tree], sleeper).wait()
    return sleeper.pauses


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "standard.yaml").write_text("kind: Library\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda lib: (lib / "standard.yaml").write_text("other\n"), id="content"),
        pytest.param(lambda lib: os.utime(lib / "standard.yaml", ns=(1, 1)), id="time alone"),
        pytest.param(lambda lib: (lib / "standard.yaml").unlink(), id="removed"),
        pytest.param(lambda lib: (lib / "new.yaml").touch(), id="added"),
        pytest.param(lambda lib: (lib / "new.yml").touch(), id="added with the wrong name"),
        pytest.param(lambda lib: (lib / "standard.yaml").rename(lib / "b.yaml"), id="renamed"),
        pytest.param(lambda lib: (lib / "deeper").mkdir(), id="folder"),
        pytest.param(lambda lib: lib.rename(lib.parent / "away"), id="folder renamed"),
    ],
)
def test_change_of_a_tree_is_noticed(tree: Path, change: Callable[[Path], object]) -> None:
    assert pauses_until_noticed(tree, nothing, nothing, lambda: change(tree / "lib")) == 4


def test_file_that_is_no_policy_is_passed_over(tree: Path) -> None:
    edited = tree / "lib" / "standard.yaml"
    changes: list[Step] = [(tree / "notes.txt").touch, (tree / ".hidden.yaml").touch, edited.unlink]
    assert pauses_until_noticed(tree, *changes) == 4


def test_changes_in_quick_succession_are_one(tree: Path) -> None:
    file = tree / "lib" / "standard.yaml"
    # As an editor saves: removed, made anew, filled; then one look that finds nothing new.
    assert pauses_until_noticed(tree, file.unlink, file.touch, lambda: file.write_text("a\n")) == 4


def test_tree_that_never_rests_is_read_all_the_same(tree: Path) -> None:
    file = tree / "lib" / "standard.yaml"
    times = iter(range(1, 40))
    steps = [lambda: os.utime(file, ns=(0, next(times)))] * 39
    assert pauses_until_noticed(tree, *steps) < 30


def test_whole_tree_may_vanish_and_come_back(tree: Path) -> None:
    away = tree.parent / "away"
    sleeper = Sleeper([lambda: tree.rename(away), nothing, nothing, lambda: away.rename(tree)])
    watch = FileWatch([tree], sleeper)
    watch.wait()
    watch.wait()
    assert sleeper.pauses == 5


def test_change_behind_a_link_is_noticed_and_a_loop_of_links_ends(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "self.yaml").symlink_to(tree / "self.yaml")
    versions = tree / "..data"
    (versions / "a").mkdir(parents=True)
    (versions / "a" / "x.yaml").touch()
    (tree / "mounted").symlink_to(versions / "a")
    assert pauses_until_noticed(tree, (versions / "a" / "x.yaml").unlink) == 2


def test_single_file_is_watched_whatever_its_name(tree: Path) -> None:
    settings = tree / "settings.conf"
    settings.touch()
    sleeper = Sleeper([settings.unlink])
    FileWatch([settings], sleeper).wait()
    assert sleeper.pauses == 2
