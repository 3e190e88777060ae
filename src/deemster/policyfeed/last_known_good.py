"""The last bundles that were good, on disk: what a service starts with when its source is away.

    FOLDER/<sequence>-<SHA-256 of the octets>.bundle   the newest two, as they were signed
    FOLDER/state.json                                  what was taken, what the source confirmed

A bundle is kept as it came, so that it is verified again when it is read; its name holds its
checksum, so that no index can disagree with it. The state adds what no bundle says of itself: the
highest sequence that was ever taken (an older bundle is refused also after a restart), and when
the source last confirmed it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from deemster.bundles.keys import BundleKeys
from deemster.bundles.limits import MAX_BUNDLE_BYTES
from deemster.bundles.verifying import VerifiedBundle, open_bundle, refuse_unfit
from deemster.errors import BundleRefusedError, ConfigurationError
from deemster.policyfeed.durable_files import LEFT_OVER, replace_durably, sync_folder

__all__ = ["KeptBundle", "KeptState", "LastKnownGood"]

GENERATIONS = 2
"""Bundles that are kept: one whose file is damaged must not be the only one."""

_NAME = re.compile(r"([0-9]{16})-([0-9a-f]{64})\.bundle")
_STATE = "state.json"
_MOST_STATE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeptState:
    """`newest`: the highest sequence ever taken in `environment`, `digest` its bundle's manifest's.

    `confirmed_at`: seconds since 1970. `etag`: the source's name for what it had then, if it has
    one. `previous`: digest and `confirmed_at` of the bundle before.
    """

    environment: str
    newest: int
    digest: str
    confirmed_at: float
    etag: str | None
    previous: tuple[str, float] | None = None

    def confirmed(self, bundle: VerifiedBundle) -> float:
        """When the source is known to have had a bundle that was kept; seconds since 1970."""
        issued = bundle.manifest.issued_at
        if bundle.digest == self.digest:
            return self.confirmed_at
        if self.previous is not None and bundle.digest == self.previous[0]:
            return self.previous[1]
        # Kept by a process that was killed before it could note it: after what it had noted.
        return max(issued, self.confirmed_at) if bundle.manifest.sequence > self.newest else issued


@dataclass(frozen=True, slots=True, eq=False)
class KeptBundle:
    """A bundle that was kept and verified again, and the file that it is in."""

    bundle: VerifiedBundle
    octets: bytes
    file: Path


class LastKnownGood:
    """One folder, written by one process. No method waits for a network."""

    def __init__(self, folder: Path, environment: str) -> None:
        self._folder = folder
        self._environment = environment

    def open(self) -> None:
        """Make the folder if there is none. Raises ConfigurationError where it is of no use."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # What could not be written when a bundle comes is better known at the start.
            replace_durably(self._folder / "writable", b"")
            (self._folder / "writable").unlink(missing_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the folder of `policies.bundle.cache`, `{self._folder}`, cannot be written: "
                f"{error.strerror}"
            ) from None

    def state(self) -> KeptState | None:
        """None where there is none of this environment, or it is damaged."""
        try:
            octets = _content(self._folder / _STATE, _MOST_STATE_BYTES)
            checksum, _, body = octets.partition(b"\n")
            if checksum.decode("ascii") != _checksum(body):
                return None
            found = msgspec.json.decode(body, type=KeptState)
        except (OSError, ValueError, _DamagedError):
            return None
        return found if found.environment == self._environment else None

    def read(self, keys: BundleKeys) -> tuple[KeptBundle | None, list[str]]:
        """The newest bundle that is whole, signed and of this environment; what was wrong with
        newer ones. When it expires is not looked at here: the settings say what happens then.
        """
        wrong: list[str] = []
        for file in self._generations():
            try:
                octets = _content(file, MAX_BUNDLE_BYTES)
                return KeptBundle(self._verified(file, octets, keys), octets, file), wrong
            except OSError as error:
                wrong.append(f"`{file}` cannot be read: {error.strerror}")
            except BundleRefusedError as refused:
                wrong.append(f"`{file}` is not taken: {refused.message}")
            except _DamagedError as damaged:
                wrong.append(f"`{file}` {damaged}")
        return None, wrong

    def keep(self, octets: bytes, state: KeptState) -> None:
        """Put a bundle that is good in front of the others, with what is known of it.

        The bundle first: a state that is older than it is made up for by its own sequence. Raises
        OSError; then the others are there.
        """
        file = self._folder / f"{state.newest:016d}-{_checksum(octets)}.bundle"
        # What a damaged file of that name holds is put right as well.
        replace_durably(file, octets)
        self.note(state)
        self._drop_all_but_newest()

    def note(self, state: KeptState) -> None:
        """Remember what the source said. Raises OSError."""
        body = msgspec.json.encode(asdict(state))
        replace_durably(self._folder / _STATE, _checksum(body).encode("ascii") + b"\n" + body)

    def _verified(self, file: Path, octets: bytes, keys: BundleKeys) -> VerifiedBundle:
        named = _NAME.fullmatch(file.name)
        if named is None or _checksum(octets) != named[2]:
            raise _DamagedError("is damaged: its content does not have the checksum of its name")
        bundle = open_bundle(octets, keys=keys)
        # Its own date: a clock that is wrong at the start must not cost the only policies there
        # are, and what happens to old ones is the operator's choice.
        issued = bundle.manifest.issued_at
        refuse_unfit(bundle, environment=self._environment, now=issued, newest=None)
        return bundle

    def _generations(self) -> list[Path]:
        """Newest first."""
        try:
            found = [entry for entry in self._folder.iterdir() if _NAME.fullmatch(entry.name)]
        except OSError:
            return []
        return sorted(found, key=lambda file: file.name[:16], reverse=True)

    def _drop_all_but_newest(self) -> None:
        dropped = self._generations()[GENERATIONS:]
        dropped += self._folder.glob(f"{LEFT_OVER}*")
        for file in dropped:
            with contextlib.suppress(OSError):
                file.unlink()
        if dropped:
            sync_folder(self._folder)


class _DamagedError(Exception):
    """What is wrong, as the end of a sentence."""


def _content(file: Path, most: int) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _DamagedError("is not a regular file")
        octets = opened.read(most + 1)
    if len(octets) > most:
        raise _DamagedError("has more octets than any bundle")
    return octets


def _checksum(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
