"""Settings are parsed again only where a file that they came from may be another one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deemster.errors import ConfigurationError
from deemster.settings.rereading import SettingsOnDisk
from tests.support.clock import FrozenClock
from tests.support.service import OTHER_SECRET, ServiceFolder, a_service_folder


@pytest.fixture
def folder(tmp_path: Path) -> ServiceFolder:
    return a_service_folder(tmp_path)


def on_disk(folder: ServiceFolder) -> SettingsOnDisk:
    """Looked at long after everything was written."""
    clock = FrozenClock()
    clock.advance(max(file.stat().st_mtime for file in folder.path.rglob("*")) - clock.wall() + 60)
    return SettingsOnDisk(folder.settings_file, {}, clock)


def written(file: Path, text: str, *, back: bool = False) -> None:
    before = file.stat()
    file.write_text(text, encoding="utf-8")
    if back:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_nothing_is_parsed_while_nothing_changed(folder: ServiceFolder) -> None:
    settings = on_disk(folder)
    assert settings.read() is settings.read()


@pytest.mark.parametrize("back", [False, True], ids=["", "with its time set back"])
def test_another_text_is_parsed(folder: ServiceFolder, back: bool) -> None:
    settings = on_disk(folder)
    before = settings.read()
    text = folder.settings_file.read_text(encoding="utf-8")
    written(folder.settings_file, text.replace("idleTimeout: 2s", "idleTimeout: 3s"), back=back)
    assert (before.limits.idle_timeout, settings.read().limits.idle_timeout) == (2.0, 3.0)


def test_another_secret_is_read_though_the_text_is_the_same(folder: ServiceFolder) -> None:
    settings = on_disk(folder)
    before = settings.read()
    written(folder.path / "kong-secret", OTHER_SECRET)
    after = settings.read()
    assert after is not before
    assert after.gateways[0].secrets[0].value.reveal() == OTHER_SECRET


def test_what_was_written_just_now_is_parsed_again(folder: ServiceFolder) -> None:
    clock = FrozenClock()
    clock.advance(folder.settings_file.stat().st_mtime - clock.wall())
    settings = SettingsOnDisk(folder.settings_file, {}, clock)
    assert settings.read() is not settings.read()


def test_a_file_that_is_gone_or_wrong_is_told_each_time(folder: ServiceFolder) -> None:
    settings = on_disk(folder)
    settings.read()
    folder.settings_file.rename(folder.path / "elsewhere")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            settings.read()
    (folder.path / "elsewhere").rename(folder.settings_file)
    settings.read()
    written(folder.settings_file, "policies: [")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="error"):
            settings.read()
