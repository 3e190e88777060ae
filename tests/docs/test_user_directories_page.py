"""docs/user-directories.md: its settings load and mean what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.settings import load_settings
from deemster.settings.directory_model import (
    ClaimsDirectorySettings,
    DirectorySettings,
    ScimDirectory,
    UserinfoDirectory,
)
from deemster.settings.directory_sections import READERS
from deemster.usercontext.mapping import MemberPath
from deemster.usercontext.scim import MOST_GROUPS
from tests.support.markdown import code_blocks
from tests.support.page_settings import ENVIRON, with_a_provider

PAGE = (Path(__file__).parents[2] / "docs" / "user-directories.md").read_text("utf-8")
SCIM, USERINFO, CLAIMS = code_blocks(PAGE, "yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scim-token").write_text("a-token", encoding="utf-8")
    return tmp_path


def directory(folder: Path, text: str) -> DirectorySettings:
    (found,) = load_settings(with_a_provider(folder, text), ENVIRON).directories
    return found


def test_every_kind_is_on_the_page() -> None:
    rows = [line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows[: len(READERS)] == [f"`{kind}`" for kind in READERS]


def test_scim(folder: Path) -> None:
    found = directory(folder, SCIM)
    assert found.cache == 60.0
    source = found.source
    assert isinstance(source, ScimDirectory)
    rules = source.rules
    assert rules.user_by is not None
    assert (rules.user_by.text, rules.groups, rules.group_name.text) == (
        "userName",
        None,
        "displayName",
    )
    assert [name for name, _ in rules.attributes] == ["department", "title", "emails"]
    assert f"at most {MOST_GROUPS}" in PAGE


def test_scim_by_its_defaults(folder: Path) -> None:
    text = "directories:\n  - id: people\n    scim: {url: https://d.example.com, user: {by: id}}\n"
    source = directory(folder, text).source
    assert isinstance(source, ScimDirectory)
    assert source.auth is None
    assert source.rules.user_by is None
    assert source.rules.groups is not None
    assert source.rules.groups.text == "groups.display"
    assert source.rules.roles.text == "roles.value"


def test_userinfo(folder: Path) -> None:
    source = directory(folder, USERINFO).source
    assert isinstance(source, UserinfoDirectory)
    assert source.discovery
    assert source.mapping.roles == MemberPath(("realm_access", "roles"), optional=True)


def test_claims(folder: Path) -> None:
    source = directory(folder, CLAIMS).source
    assert isinstance(source, ClaimsDirectorySettings)
    assert source.mapping.groups == MemberPath(("groups",))
    assert dict(source.mapping.attributes)["tenant"] == MemberPath(("https://example.com/tenant",))
