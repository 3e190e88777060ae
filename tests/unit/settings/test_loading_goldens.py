"""Wrong settings are refused with place, caret and help: each case is a folder of data.

`deemster.yaml` and `environ` (NAME=value a line) go in, `expected.txt` comes out.
"""

from pathlib import Path

import pytest

from deemster.errors import ConfigurationError
from deemster.policy.rendering import render_text
from deemster.settings import load_settings

GOLDEN = Path(__file__).parents[2] / "golden" / "settings"
CASES = sorted(GOLDEN.iterdir())


def environment_of(case: Path) -> dict[str, str]:
    lines = (case / "environ").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def rendered(case: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(case / "deemster.yaml", environment_of(case))
    found = refused.value
    assert found.diagnostics is not None
    text = render_text(found.diagnostics, found.sources)
    return f"{found.message}\n\n{text}".replace(f"{case}/", "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_wrong_settings_are_refused_with_place_and_help(case: Path) -> None:
    assert rendered(case) == (case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_message_shows_a_secret(case: Path) -> None:
    secrets = [value for name, value in environment_of(case).items() if "SECRET" in name]
    text = rendered(case)
    assert not [secret for secret in secrets if secret in text]
