"""Every policy file of this repository is laid out as `deemster fmt` does, and names its schema."""

import re
from pathlib import Path

import pytest

from deemster.cli.schema import schema_files
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policytools.json_schema import file_name_of
from deemster.policytools.layout.formatting import formatted

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "src" / "deemster" / "cli" / "starter"
TREES = (ROOT / "policies", ROOT / "examples", STARTER)
KIND = re.compile(r"^kind: (\w+)$", re.M)
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


def policy_files() -> list[Path]:
    return sorted(
        file
        for tree in TREES
        for file in tree.rglob("*.yaml")
        if "apiVersion: deemster/" in file.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("file", policy_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_policy_file_is_in_the_canonical_layout(file: Path) -> None:
    content = file.read_bytes()
    assert formatted(content, str(file), DiagnosticSink()) == content, "run `deemster fmt`"


@pytest.mark.parametrize("file", policy_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_policy_file_names_the_schema_of_its_kind(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    kind, modeline = KIND.search(text), MODELINE.match(text)
    assert kind is not None
    assert modeline is not None, "the first line is `# yaml-language-server: $schema=...`"
    target = (file.parent / modeline[1]).resolve()
    assert target.name == file_name_of(kind[1])
    if file.is_relative_to(STARTER):
        # `deemster init` writes them there.
        assert target.parent == STARTER / "schemas"
        assert target.name in schema_files()
    else:
        assert target.exists()
