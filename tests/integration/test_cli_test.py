"""`deemster test` over the demonstration tree: one rule weakened, and the suites go red."""

import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "cli"

INVOICES = "api-services/invoices.yaml"
ORDERS = "api-services/partner-orders.yaml"
APPLICATION = "applications/bizpro.yaml"
TENANT = "shared/named-tenant.yaml"


@dataclass(frozen=True, slots=True)
class Weakening:
    """One edit that lets more through than before; `rule` must be in a trace, at the edited line.

    Where the edited line is gone, `line` is the text of the line that decides now.
    """

    file: str
    found: str
    by: str
    rule: str
    line: str


WEAKENINGS = {
    "a scope more in an any list": Weakening(
        INVOICES,
        "      scopes: {any: [invoices.read, invoices.admin]}\n  - id: read-invoice",
        "      scopes: {any: [invoices.read, invoices.admin, profile]}\n  - id: read-invoice",
        "invoices/list-invoices/allow/scopes",
        "[invoices.read, invoices.admin, profile]",
    ),
    "all turned into any": Weakening(
        INVOICES,
        "scopes: {all: [invoices.read, invoices.pay]}",
        "scopes: {any: [invoices.read, invoices.pay]}",
        "invoices/pay-invoice/allow/scopes",
        "scopes: {any: [invoices.read, invoices.pay]}",
    ),
    "a group line dropped": Weakening(
        INVOICES,
        "[invoices.read, invoices.admin]}\n      groups: {any: [finance, auditors]}\n",
        "[invoices.admin, invoices.read]}\n",
        "invoices/read-invoice/allow/scopes",
        "scopes: {any: [invoices.admin, invoices.read]}",
    ),
    "a longer maxAge": Weakening(
        INVOICES,
        "maxAge: 300s",
        "maxAge: 8h",
        "invoices/pay-invoice/allow/authentication",
        "maxAge: 8h",
    ),
    "a weaker acr": Weakening(
        INVOICES,
        "acr: [mfa, hwk]",
        "acr: [mfa, hwk, pwd]",
        "invoices/pay-invoice/allow/authentication",
        "acr: [mfa, hwk, pwd]",
    ),
    "a deny rule disabled": Weakening(
        INVOICES,
        "              id: auditors-change-nothing\n",
        "              id: auditors-change-nothing\n              enabled: false\n",
        "invoices/void-invoice/void/auditors-change-nothing",
        "id: auditors-change-nothing",
    ),
    "a level lowered": Weakening(
        INVOICES,
        "user.level >= 5",
        "user.level >= 3",
        "invoices/void-invoice/void/who-may-void/senior-finance",
        "user.level >= 3",
    ),
    "a permission more for a role": Weakening(
        APPLICATION,
        'controller: {permissions: ["invoices:view", "invoices:void"]}',
        'controller: {permissions: ["invoices:view", "invoices:void", "invoices:create"]}',
        "invoices/create-invoice/allow/permissions",
        'permissions: {all: ["invoices:create"]}',
    ),
    "a guard that no longer refuses": Weakening(
        TENANT,
        "!(claims.tenant in request.headers['x-tenant'])",
        "claims.tenant in request.headers['x-tenant']",
        "invoices/named-tenant/of-another-tenant",
        "id: of-another-tenant",
    ),
    "any client of partners": Weakening(
        ORDERS,
        "claims.client_id.startsWith('partner-')",
        "claims.client_id.startsWith('')",
        "partner-orders/known-client/registered-clients",
        "startsWith('')",
    ),
    "own orders no longer asked": Weakening(
        ORDERS,
        "own_orders && 'orders.read' in claims.scope",
        "'orders.read' in claims.scope",
        "partner-orders/list-own-orders/allow/when",
        "\"'orders.read' in claims.scope\"",
    ),
    "silver all day": Weakening(
        ORDERS,
        "{not: std.at_work}",
        "{any: [std.at_work, {not: std.at_work}]}",
        "partner-orders/bulk-export/export/silver-at-night",
        "id: silver-at-night",
    ),
    "public where it was not": Weakening(
        INVOICES,
        "    exempt: [health]\n",
        "    exempt: [health, who-am-i]\n",
        "invoices/who-am-i/allow",
        "allow: public",
    ),
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demonstration tree, at `policies` in the current folder."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "policies"


@pytest.mark.parametrize("name", WEAKENINGS)
def test_weakened_rule_turns_the_suites_red_and_is_named_with_its_line(
    name: str, tree: Path
) -> None:
    weakening = WEAKENINGS[name]
    file = weaken(weakening, tree)
    if name == "public where it was not":
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("allow: authenticated", "allow: public"), encoding="utf-8")
    outcome = CliRunner().invoke(app, ["test", "policies"])
    assert outcome.exit_code == 1, outcome.output
    place = place_of(weakening, tree)
    assert any(place in line and weakening.rule in line for line in outcome.stdout.splitlines())


def test_failing_output_is_what_the_documentation_shows(tree: Path) -> None:
    weaken(WEAKENINGS["a level lowered"], tree)
    outcome = CliRunner().invoke(app, ["test", "policies"])
    told = outcome.stdout.rpartition(" (")[0] + "\n"
    assert told == (GOLDEN / "weakened.txt").read_text(encoding="utf-8")


def test_json_report_names_the_rule_that_decided(tree: Path) -> None:
    weaken(WEAKENINGS["a level lowered"], tree)
    outcome = CliRunner().invoke(app, ["test", "policies", "--format", "json"])
    report = json.loads(outcome.stdout)
    failed = [
        case for suite in report["suites"] for case in suite["cases"] if case["outcome"] == "failed"
    ]
    assert outcome.exit_code == report["exitStatus"] == 1
    assert [case["got"]["rule"] for case in failed] == [
        "invoices/void-invoice/void/who-may-void/senior-finance"
    ]


def test_junit_report_is_written_beside_the_text(tree: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    outcome = CliRunner().invoke(app, ["test", "policies", "--report", f"junit={file}"])
    assert outcome.exit_code == 0
    assert "93 passed" in outcome.stdout
    root = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314  (written by ourselves)
    assert (root.attrib["tests"], root.attrib["failures"]) == ("93", "0")


def test_tree_that_does_not_load_could_not_run(tree: Path) -> None:
    (tree / "lib" / "standard.yaml").write_text("kind: Nonsense\n", encoding="utf-8")
    outcome = CliRunner().invoke(app, ["test", "policies"])
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert "policies/lib/standard.yaml:1:7: error[" in outcome.stderr


def test_suite_with_a_slip_could_not_run(tree: Path) -> None:
    file = tree / "tests" / "invoices.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("operation: health", "operation: healt"), encoding="utf-8")
    outcome = CliRunner().invoke(app, ["test", "policies"])
    assert outcome.exit_code == 2
    assert "error[unknown-operation]" in outcome.stderr
    assert "did you mean `health`?" in outcome.stderr


def test_tree_without_suites_could_not_run(tree: Path) -> None:
    shutil.rmtree(tree / "tests")
    outcome = CliRunner().invoke(app, ["test", "policies"])
    assert outcome.exit_code == 2
    assert outcome.stderr == "deemster: there is no PolicyTest under `policies`\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--coverage", "90"], "not supported yet"),
        (["--report", "html=x"], "`html=x` is not `junit=FILE`"),
        (["nowhere"], "`nowhere` does not exist"),
    ],
)
def test_wrong_usage_could_not_run(arguments: list[str], told: str, tree: Path) -> None:
    outcome = CliRunner().invoke(app, ["test", *arguments])
    assert outcome.exit_code == 2
    assert told in outcome.stderr


def weaken(weakening: Weakening, tree: Path) -> Path:
    file = tree / weakening.file
    text = file.read_text(encoding="utf-8")
    assert text.count(weakening.found) == 1, "the demonstration tree changed; mend this case"
    file.write_text(text.replace(weakening.found, weakening.by), encoding="utf-8")
    return file


def place_of(weakening: Weakening, tree: Path) -> str:
    """`file:line` of the first line that has the text, in the file of the rule."""
    for name in (weakening.file, INVOICES, ORDERS):
        lines = (tree / name).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if weakening.line in line:
                return f"policies/{name}:{number}"
    raise AssertionError(f"no line has `{weakening.line}`")
