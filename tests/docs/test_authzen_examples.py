"""The trees of examples/authzen: no finding, whole suites, settings that load."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.settings import load_settings

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "authzen").glob("*/deemster.yaml"))
SECRETS = dict.fromkeys(("RECORDS_SECRET", "GATEWAY_SECRET"), "0123456789abcdef0123456789abcdef")
every_example = pytest.mark.parametrize("settings", EXAMPLES, ids=lambda path: path.parent.name)


@every_example
def test_a_tree_has_no_finding_and_is_written_as_fmt_writes_it(settings: Path) -> None:
    policies = str(settings.parent / "policies")
    checked = CliRunner().invoke(app, ["check", policies])
    assert (checked.exit_code, "no errors" in checked.stdout) == (0, True), checked.output
    assert "warning" not in checked.output
    assert CliRunner().invoke(app, ["fmt", "--check", policies]).exit_code == 0


@every_example
def test_its_suite_passes_and_leaves_nothing_out(settings: Path) -> None:
    arguments = ["test", str(settings.parent / "policies"), "--coverage", "100"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output


@every_example
def test_its_settings_load(settings: Path) -> None:
    (gateway,) = load_settings(settings, SECRETS).gateways
    assert gateway.protocols == {"authzen"}
    assert gateway.may_name_subjects
