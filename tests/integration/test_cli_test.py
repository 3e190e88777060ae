"""`deemster test` over the demonstration tree: one rule weakened, and the suites go red."""

import json
import re
import shutil
import subprocess
import sys
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
        "id: senior-finance",
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
        "id: registered-clients",
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
        (["--coverage", "101"], "Invalid value for '--coverage'"),
        (["--coverage", "nan"], "Invalid value for '--coverage'"),
        (["--report", "sonar=x"], "`sonar=x` is not one of `junit=FILE`"),
        (["--report", "junit"], "`junit` is not one of"),
        (["--format", "json", "--report", "github"], "`json` does not go with --report github"),
        (["--format", "json", "--watch"], "`json` does not go with --watch"),
        (["-j", "0"], "`0` is neither `auto` nor 1 to 256"),
        (["-k", "finance and"], "a text is expected, found nothing"),
        (["-k", "nobody at all"], "no case matches `nobody at all`"),
        (["nowhere"], "`nowhere` does not exist"),
        (["--tree", "nowhere"], "`nowhere` does not exist"),
        (["elsewhere"], "`elsewhere` holds policy tests only and lies outside of `policies`"),
    ],
)
def test_wrong_usage_could_not_run(arguments: list[str], told: str, tree: Path) -> None:
    shutil.copytree(tree / "tests", tree.parent / "elsewhere")
    outcome = CliRunner().invoke(app, ["test", *arguments])
    assert outcome.exit_code == 2
    assert told in " ".join(outcome.stderr.replace("\u2502", " ").split())


def test_a_path_of_suites_chooses_among_those_of_the_whole_tree(tree: Path) -> None:
    outcome = CliRunner().invoke(app, ["test", "policies/tests/partner-orders.yaml"])
    assert outcome.exit_code == 0
    assert "1 suite, 34 cases: 34 passed" in outcome.stdout


def test_suites_elsewhere_belong_to_the_tree_that_is_named(tree: Path) -> None:
    tree.rename(tree.parent / "other")
    outcome = CliRunner().invoke(app, ["test", "other/tests", "--tree", "other"])
    assert outcome.exit_code == 0
    assert "2 suites, 93 cases: 93 passed" in outcome.stdout


def test_only_selected_cases_are_run_and_the_others_are_counted(tree: Path) -> None:
    outcome = CliRunner().invoke(app, ["test", "-k", "silver and not (night or Sunday)"])
    assert outcome.exit_code == 0
    assert "1 suite, 3 cases: 3 passed, 90 deselected" in outcome.stdout


def test_the_run_ends_at_the_first_case_that_fails_and_says_what_it_left_out(tree: Path) -> None:
    weaken(WEAKENINGS["a level lowered"], tree)
    outcome = CliRunner().invoke(app, ["test", "-x"])
    assert outcome.exit_code == 1
    assert outcome.stdout.count("FAILED") == 1
    summary = outcome.stdout.splitlines()[-1]
    assert re.fullmatch(r"1 suite, (\d+) cases: (\d+) passed, 1 failed, (\d+) not run .+", summary)
    numbers = [int(number) for number in re.findall(r"\d+", summary)[1:5]]
    assert numbers[0] == numbers[1] + 1
    assert numbers[0] + numbers[3] == 93


def test_coverage_of_the_demonstration_tree_is_complete(tree: Path) -> None:
    outcome = CliRunner().invoke(app, ["test", "--coverage", "100"])
    assert outcome.exit_code == 0, outcome.stdout
    assert re.search(r"^coverage +100.0 %  (\d+) of \1$", outcome.stdout, re.MULTILINE)
    assert "not covered" not in outcome.stdout


def test_too_little_coverage_fails_and_names_what_lacks_a_case(tree: Path) -> None:
    arguments = ["test", "policies/tests/invoices.yaml", "--coverage", "99.5"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1
    assert "59 passed" in outcome.stdout
    assert "policies/api-services/partner-orders.yaml:22" in outcome.stdout
    assert "partner-orders/list-own-orders: never reached" in outcome.stdout
    assert re.search(
        r"coverage is \d+\.\d %, less than 99.5 %: \d+ parts listed above lack a case\n",
        outcome.stdout,
    )
    report = json.loads(CliRunner().invoke(app, [*arguments, "--format", "json"]).stdout)
    assert report["exitStatus"] == 1
    assert report["coverage"]["percent"] < 99.5
    assert report["coverage"]["missing"]


def test_coverage_changes_no_result_and_the_same_is_said_over_two_processes(tree: Path) -> None:
    weaken(WEAKENINGS["a level lowered"], tree)
    weaken(WEAKENINGS["own orders no longer asked"], tree)

    def told(*arguments: str) -> dict[str, object]:
        run = subprocess.run(
            [sys.executable, "-m", "deemster", "test", "--format", "json", *arguments],
            cwd=tree.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.stderr == ""
        report: dict[str, object] = json.loads(
            re.sub(r'"seconds": [0-9.e-]+', '"seconds": 0', run.stdout)
        )
        return report

    plain = told("-j", "1")
    covered = told("-j", "1", "--coverage", "0")
    parallel = told("-j", "2", "--coverage", "0")
    assert parallel == covered
    assert {**covered, "coverage": None} == {**plain, "coverage": None}


def test_the_slowest_cases_are_listed_on_demand(tree: Path) -> None:
    outcome = CliRunner().invoke(app, ["test", "--durations", "3"])
    lines = outcome.stdout.partition("slowest cases\n")[2].splitlines()
    times = [float(line.split()[0]) for line in lines]
    assert len(times) == 3
    assert times == sorted(times, reverse=True)


def test_every_report_is_written_into_folders_that_are_made_for_it(tree: Path) -> None:
    kinds = ("junit", "json", "coverage", "lcov", "html")
    reports = [f"--report={kind}=reports/{kind}/file" for kind in kinds]
    outcome = CliRunner().invoke(app, ["test", *reports])
    assert outcome.exit_code == 0
    found = {path.relative_to(tree.parent).as_posix() for path in tree.parent.rglob("reports/**/*")}
    assert {path for path in found if "/" in path[8:]} == {
        "reports/junit/file",
        "reports/json/file",
        "reports/coverage/file",
        "reports/lcov/file",
        "reports/html/file",
        "reports/html/file/index.html",
    }


def test_annotations_stand_at_the_lines_of_cases_and_of_what_is_not_covered(tree: Path) -> None:
    weaken(WEAKENINGS["a level lowered"], tree)
    arguments = ["test", "--format", "github", "--coverage", "100"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1
    errors = [line for line in outcome.stdout.splitlines() if line.startswith("::error ")]
    assert [line.partition("::request")[0] for line in errors] == [
        "::error file=policies/tests/invoices.yaml,line=157,endLine=160,"
        "title=deemster%3A junior finance does not"
    ]
    assert "%0Agot         permit" in errors[0]


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
