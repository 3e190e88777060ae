"""The examples with which the language was designed, as they were written there, with suites.

`api-services/payments.yaml` is added, as the service that uses the policy; so are all suites but
`tests/invoices.yaml`.
"""

from pathlib import Path

from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.policy.loading import load_tree

TREE = Path(__file__).parent / "language_page" / "tree"


def test_they_load_and_only_what_they_leave_unused_is_told() -> None:
    found = [(item.code.value, item.span.line) for item in load_tree([TREE]).diagnostics]
    assert found == [("unused-import", 4)]


def test_suites_pass_and_cover_all_of_it() -> None:
    tested = CliRunner().invoke(app, ["test", str(TREE), "--coverage", "100"])
    assert tested.exit_code == 0, tested.output
    assert "coverage            100.0 %  104 of 104" in tested.output
