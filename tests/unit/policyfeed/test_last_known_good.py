"""What was good is on disk whole or not at all, and is verified again when it is read."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from deemster.bundles.verifying import open_bundle
from deemster.errors import ConfigurationError
from deemster.policyfeed.durable_files import replace_durably
from deemster.policyfeed.last_known_good import KeptState, LastKnownGood
from tests.support.bundles import bundle_key, pinned
from tests.support.clock import FROZEN_AT
from tests.support.policy_bundles import ENVIRONMENT, an_orders_bundle
from tests.support.scale import scaled, seed


def kept_in(folder: Path) -> LastKnownGood:
    kept = LastKnownGood(folder / "kept", ENVIRONMENT)
    kept.open()
    return kept


def keep(kept: LastKnownGood, octets: bytes, etag: str | None = None) -> None:
    bundle = open_bundle(octets, keys=pinned())
    sequence = bundle.manifest.sequence
    kept.keep(octets, KeptState(ENVIRONMENT, sequence, bundle.digest, FROZEN_AT, etag))


def bundle_files(folder: Path) -> list[Path]:
    return sorted((folder / "kept").glob("*.bundle"))


def sequence_read(folder: Path) -> tuple[int | None, list[str]]:
    found, wrong = LastKnownGood(folder / "kept", ENVIRONMENT).read(pinned())
    return None if found is None else found.bundle.manifest.sequence, wrong


def test_the_newest_of_two_generations_is_read_and_older_ones_are_dropped(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    for sequence in (1, 2, 10, 11):
        keep(kept, an_orders_bundle(sequence=sequence))
    assert sequence_read(tmp_path) == (11, [])
    assert [int(file.name[:16]) for file in bundle_files(tmp_path)] == [10, 11]


def test_the_state_says_what_was_taken_and_confirmed(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    octets = an_orders_bundle(sequence=7)
    keep(kept, octets, etag='"7"')
    state = LastKnownGood(tmp_path / "kept", ENVIRONMENT).state()
    assert state is not None
    assert (state.newest, state.confirmed_at, state.etag) == (7, FROZEN_AT, '"7"')
    assert state.digest == open_bundle(octets, keys=pinned()).digest
    assert LastKnownGood(tmp_path / "kept", "other").state() is None


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def bit_flipped(file: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[len(octets) // 2] ^= 1
    file.write_bytes(octets)


def grown(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def foreign(file: Path) -> None:
    file.write_bytes(an_orders_bundle(sequence=2, key=bundle_key(name="another")))


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def a_dangling_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


DAMAGES = [torn, emptied, bit_flipped, grown, foreign, a_folder, a_fifo, a_dangling_link]


@pytest.mark.catalogue("R2")
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_generation_gives_way_to_the_one_before(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    kept = kept_in(tmp_path)
    keep(kept, an_orders_bundle(sequence=1))
    keep(kept, an_orders_bundle(sequence=2))
    damage(bundle_files(tmp_path)[-1])
    sequence, wrong = sequence_read(tmp_path)
    assert sequence == 1
    (told,) = wrong
    assert "0000000000000002-" in told


def test_a_bundle_of_another_key_or_environment_is_not_taken_under_its_right_name(
    tmp_path: Path,
) -> None:
    kept = kept_in(tmp_path)
    keep(kept, an_orders_bundle(sequence=1))
    keep(kept, an_orders_bundle(sequence=2, environment="other"))
    sequence, wrong = sequence_read(tmp_path)
    assert sequence == 1
    assert "is for environment `other`" in wrong[0]
    found, wrong = kept.read(pinned(bundle_key("ES256")))
    assert found is None
    assert len(wrong) == 2


def test_an_expired_bundle_is_read_what_happens_then_is_a_setting(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    keep(kept, an_orders_bundle(sequence=3, issued_at=1000.0, expires=2000.0))
    assert sequence_read(tmp_path) == (3, [])


def test_a_damaged_state_is_no_state(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    keep(kept, an_orders_bundle(sequence=7))
    file = tmp_path / "kept" / "state.json"
    whole = file.read_bytes()
    drawn = random.Random(seed())
    for _ in range(scaled(200)):
        octets = bytearray(whole)
        octets[drawn.randrange(len(octets))] ^= 1 << drawn.randrange(8)
        file.write_bytes(octets)
        assert kept.state() is None
        file.write_bytes(whole[: drawn.randrange(len(whole))])
        assert kept.state() is None
    file.write_bytes(whole)
    assert kept.state() is not None


class Crash(BaseException):
    """The process is killed here: nothing that follows is done."""


@pytest.mark.catalogue("R2")
def test_whatever_step_is_the_last_one_the_folder_has_a_complete_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every system call of keeping a bundle in turn is the one that is never made."""
    steps = 0
    while True:
        folder = tmp_path / str(steps)
        kept = kept_in(folder)
        keep(kept, an_orders_bundle(sequence=1))
        keep(kept, an_orders_bundle(sequence=2))
        left = steps

        def guarded(call: Callable[..., object]) -> Callable[..., object]:
            def made(*args: object, **kwargs: object) -> object:
                nonlocal left
                if left == 0:
                    raise Crash
                left -= 1
                return call(*args, **kwargs)

            return made

        ended = True
        with monkeypatch.context() as patched:
            for owner, name in (
                (os, "open"),
                (os, "fsync"),
                (os, "close"),
                (Path, "replace"),
                (Path, "unlink"),
            ):
                patched.setattr(owner, name, guarded(getattr(owner, name)))
            try:
                keep(kept, an_orders_bundle(sequence=3))
            except Crash:
                ended = False
        sequence, _ = sequence_read(folder)
        assert sequence in {2, 3}
        state = kept.state()
        assert state is not None
        assert state.newest in {2, 3}
        # What was kept in part is in nobody's way.
        keep(kept, an_orders_bundle(sequence=4))
        assert sequence_read(folder) == (4, [])
        assert [file.name for file in (folder / "kept").iterdir() if file.name[0] == "."] == []
        if ended:
            break
        steps += 1
    assert steps > 8


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "state"
    replace_durably(file, b"before")
    (tmp_path / ".writing-state").mkdir()
    with pytest.raises(OSError, match=r".+"):
        replace_durably(file, b"after")
    assert file.read_bytes() == b"before"


def test_a_folder_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"`policies\.bundle\.cache`"):
        kept_in(tmp_path)


def test_a_note_replaces_the_state_and_nothing_else(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    keep(kept, an_orders_bundle(sequence=7))
    noted = KeptState(ENVIRONMENT, 9, "d", FROZEN_AT + 5, None)
    kept.note(noted)
    assert kept.state() == noted
    assert sequence_read(tmp_path) == (7, [])
