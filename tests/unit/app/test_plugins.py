"""Plug-ins by entry point: whatever is wrong with one, the service does not start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from deemster.app.plugins import token_reader_of, user_reader_of
from deemster.errors import ConfigurationError
from deemster.plugins import TOKEN_PROVIDERS, USER_SOURCES, PluginContext
from deemster.settings.provider_model import PluginSettings
from deemster.settings.secret import Secret
from tests.support.announced_plugins import announce
from tests.support.clock import FrozenClock

SOURCE = """
import sys
from deemster.plugins import ConfigurationError

class Made:
    def __init__(self, context):
        self.context = context
    async def is_enabled(self, subject): return True
    async def groups(self, subject): return frozenset()
    async def roles(self, subject): return frozenset()
    async def attributes(self, subject): return {}
    async def read(self, token, *, now): return {}
    async def close(self): pass

def nothing(context): return None
def unlike(context): return {"is_enabled": True}
def raising(context): raise ValueError("the key s3cret is short")
def leaving(context): sys.exit(0)
def choosy(context): raise ConfigurationError("`file` is missing")
def changing(context): context.settings["a"] = 1
"""
BAD = {
    "gone": "people:gone",
    "lost": "people_lost:made",
    "nothing": "people:nothing",
    "unlike": "people:unlike",
    "raising": "people:raising",
    "leaving": "people:leaving",
    "choosy": "people:choosy",
    "changing": "people:changing",
}
TOLD = {
    "gone": "cannot be loaded: AttributeError: module 'people' has no attribute 'gone'",
    "lost": "cannot be loaded: ModuleNotFoundError: No module named 'people_lost'",
    "nothing": "returned NoneType, which has no `is_enabled()`",
    "unlike": "returned dict, which has no `is_enabled()`",
    "raising": "failed: ValueError",
    "leaving": "failed: SystemExit",
    "choosy": ": `file` is missing",
    "changing": "failed: TypeError",
}


@pytest.fixture(autouse=True)
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {USER_SOURCES: {"good": "people:Made", **BAD}, TOKEN_PROVIDERS: {"t": "people:Made"}}
    announce(tmp_path, monkeypatch, package="people", source=SOURCE, entries=entries)


def plugin(name: str, **settings: object) -> PluginSettings:
    return PluginSettings(name, settings, Path("/etc/deemster"))


def test_a_factory_gets_its_context_and_what_it_makes_is_used() -> None:
    clock = FrozenClock()
    made = user_reader_of("staff", plugin("good", file="people.csv"), clock)
    context = cast(PluginContext, made.context)  # type: ignore[attr-defined]
    assert (context.id, context.folder, context.clock) == ("staff", Path("/etc/deemster"), clock)
    assert dict(context.settings) == {"file": "people.csv"}
    assert token_reader_of("tools", plugin("t"), clock) is not None


def test_settings_are_read_only_and_secrets_are_text_in_them() -> None:
    made = user_reader_of(
        "staff",
        plugin("good", key=Secret("s3cret", "env KEY"), list=[1, {"a": [True]}]),
        FrozenClock(),
    )
    context = cast(PluginContext, made.context)  # type: ignore[attr-defined]
    assert context.settings["key"] == "s3cret"
    items = cast(tuple[object, Mapping[str, object]], context.settings["list"])
    assert items[1]["a"] == (True,)
    with pytest.raises(TypeError):
        items[1]["a"] = ()  # type: ignore[index]
    assert "s3cret" not in repr(context)


@pytest.mark.parametrize("name", BAD)
def test_a_plugin_that_fails_ends_the_start_and_is_told(name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        user_reader_of("staff", plugin(name), FrozenClock())
    assert refused.value.message.startswith(f"the plug-in `{name}` of `staff`")
    assert refused.value.message.endswith(TOLD[name])
    assert "s3cret" not in refused.value.message


def test_what_is_of_the_other_kind_is_not_there() -> None:
    with pytest.raises(ConfigurationError, match="is installed 0 times"):
        token_reader_of("tools", plugin("good"), FrozenClock())
