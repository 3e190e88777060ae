"""docs/shared-state.md: its settings load, and its commands run against a real Redis."""

from __future__ import annotations

import shlex
from pathlib import Path

from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.settings import load_settings
from deemster.settings.model import RevocationSettings
from deemster.settings.provider_model import VerifyingProviderSettings
from tests.support.markdown import code_blocks
from tests.support.page_settings import ENVIRON, with_a_directory
from tests.support.parts import Parts
from tests.support.redis import redis_server

PAGE = (Path(__file__).parents[2] / "docs" / "shared-state.md").read_text("utf-8")


def settings_of(folder: Path, url: str) -> Path:
    (text,) = code_blocks(PAGE, "yaml")
    return with_a_directory(folder, text.replace('"${env:REDIS_URL}"', f'"{url}"'))


def test_the_settings_of_the_page_are_what_it_says(tmp_path: Path) -> None:
    settings = load_settings(settings_of(tmp_path, "redis://127.0.0.1:1/0"), ENVIRON)
    assert settings.shared is not None
    assert (settings.shared.prefix, settings.shared.timeout) == ("deemster", 0.1)
    assert settings.revocations == RevocationSettings()
    (provider,) = settings.token_providers
    assert isinstance(provider, VerifyingProviderSettings)
    assert provider.revocation_kept == 86_400.0


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, parts: Parts) -> None:
    lines = [
        line.removeprefix("$ deemster ")
        for block in code_blocks(PAGE, "console")
        for line in block.splitlines()
    ]
    assert len(lines) == 5
    with redis_server(parts, tmp_path) as server:
        config = settings_of(tmp_path, server.url)
        outputs = []
        for line in lines:
            arguments = [*shlex.split(line), "--config", str(config)]
            found = CliRunner(env=ENVIRON).invoke(app, arguments)
            assert found.exit_code == 0, found.output
            outputs.append(found.output)
    listed = outputs[3]
    assert "staff  jti 4711" in listed
    assert "laptop stolen" in listed
    assert "staff  sid session-7" in listed
    assert "staff  sub alice" in listed
    assert outputs[4] == "taken back\n"
