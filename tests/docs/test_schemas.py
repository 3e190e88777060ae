"""schemas/ is what the loader's model says today."""

from pathlib import Path

import pytest

from deemster.cli.schema import schema_files

SCHEMAS = Path(__file__).parents[2] / "schemas"
FILES = schema_files()


@pytest.mark.parametrize("name", FILES)
def test_a_published_schema_is_current(name: str) -> None:
    stale = f"schemas/{name} is not current: run `deemster schema --out schemas`"
    assert (SCHEMAS / name).read_text(encoding="utf-8") == FILES[name], stale


def test_nothing_else_is_published() -> None:
    assert {file.name for file in SCHEMAS.iterdir()} == FILES.keys()
