"""Directories in the settings: what is read of them, and what `show-config` may tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.errors import ConfigurationError
from deemster.plugins import USER_SOURCES
from deemster.settings import Settings, load_settings
from deemster.settings.directory_model import ScimDirectory
from deemster.settings.provider_model import PluginSettings
from deemster.settings.secret import Secret
from tests.support.announced_plugins import announce

REST = """
policies: {path: policies}
gateways:
  - {id: kong, protocols: [sideband], apiServices: ["*"], secrets: [{id: k, value: "${env:K}"}]}
decisionLog: {sinks: [{stdout: {}}], whenFull: drop}
"""
ENVIRON = {"K": "k" * 32, "SCIM": "scim-SECRET", "LDAP": "ldap-SECRET"}


def loaded(folder: Path, directory: str) -> Settings:
    file = folder / "deemster.yaml"
    file.write_text(f"directories:\n  - {{id: people, {directory}}}\n{REST}", encoding="utf-8")
    return load_settings(file, ENVIRON)


def shown(settings: Settings) -> dict[str, str]:
    return {value.path: value.shown for value in settings.values}


def test_credentials_of_scim_are_not_shown(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        'scim: {url: "https://d.example.com", user: {by: id}, auth: {bearer: "${env:SCIM}"}}',
    )
    source = settings.directories[0].source
    assert isinstance(source, ScimDirectory)
    assert isinstance(source.auth, Secret)
    assert source.auth.reveal() == "scim-SECRET"
    assert shown(settings)["directories[0].scim.auth.bearer"] == "<secret of env:SCIM>"
    assert "SECRET" not in repr(settings) + repr(settings.values)


def test_settings_of_a_plugin_are_free_json_with_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {USER_SOURCES: {"ldap": "ldap_users:made"}}
    announce(tmp_path, monkeypatch, package="ldap_users", source="raise OSError", entries=entries)
    settings = loaded(
        tmp_path,
        'plugin: {name: ldap, settings: {url: "ldaps://d", port: 636, tls: true, none: null, '
        'bases: [a, {b: c}], password: "${env:LDAP}"}}',
    )
    source = settings.directories[0].source
    assert isinstance(source, PluginSettings)
    password = source.settings["password"]
    assert isinstance(password, Secret)
    assert password.reveal() == "ldap-SECRET"
    assert {key: value for key, value in source.settings.items() if key != "password"} == {
        "url": "ldaps://d",
        "port": 636,
        "tls": True,
        "none": None,
        "bases": ("a", {"b": "c"}),
    }
    told = shown(settings)["directories[0].plugin.settings"]
    assert told == "url, port, tls, none, bases, password"
    assert "SECRET" not in repr(settings) + repr(settings.values)


def test_a_name_of_two_packages_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("one", "two"):
        entries = {USER_SOURCES: {"ldap": f"{package}:made"}}
        announce(tmp_path, monkeypatch, package=package, source="", entries=entries)
    with pytest.raises(ConfigurationError) as refused:
        loaded(tmp_path, "plugin: {name: ldap}")
    assert refused.value.diagnostics is not None
    (error,) = refused.value.diagnostics.errors
    assert error.message == "several packages have a plug-in `ldap`: one:made, two:made"
