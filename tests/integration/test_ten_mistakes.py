"""Ten single mistakes in the demonstration tree, each told with its place, a caret and a mend.

What `deemster check` prints is kept under tests/golden/ten_mistakes/, one file a mistake.
"""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "ten_mistakes"

INVOICES = "api-services/invoices.yaml"
ORDERS = "api-services/partner-orders.yaml"
LIBRARY = "lib/standard.yaml"

CYCLE = """apiVersion: deemster/v1
kind: Library
metadata: {id: more}
imports: {std: standard.yaml}
"""

OVERLAPPING = """  - id: read-by-number
    match: {methods: [GET], path: "/invoices/{number}"}
    params: {number: {pattern: "[1-9][0-9]*"}}
    allow: authenticated
  - id: health
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """`found` in `file` is replaced by `by`; `added` are further files."""

    code: str
    file: str
    found: str
    by: str
    added: dict[str, str] = field(default_factory=dict)


MISTAKES = {
    "duplicate-key": Mistake(
        "duplicate-key",
        INVOICES,
        "  audience: BizPro Invoices API\n",
        "  audience: BizPro Invoices API\n  audience: BizPro\n",
    ),
    "unknown-key": Mistake(
        "unknown-key",
        INVOICES,
        "    otherwise: {code: pay.not-allowed",
        "    otherwize: {code: pay.not-allowed",
    ),
    "misspelt-scope-line": Mistake(
        "unknown-allow-line",
        INVOICES,
        "      scopes: {all: [invoices.admin]}\n",
        "      scops: {all: [invoices.admin]}\n",
    ),
    "basic-rule-on-external": Mistake(
        "basic-rule-on-external",
        ORDERS,
        "    allow: {when: own_orders}\n",
        "    allow: {when: own_orders, scopes: {any: [orders.export]}}\n",
    ),
    "user-on-external": Mistake(
        "user-on-external", ORDERS, "'orders.read' in claims.scope", "'staff' in user.groups"
    ),
    "overlapping-templates": Mistake(
        "overlapping-templates", INVOICES, "  - id: health\n", OVERLAPPING
    ),
    "type-error": Mistake("type-mismatch", INVOICES, "user.level >= 5", "user.level >= 'five'"),
    "unknown-permission": Mistake(
        "unknown-permission",
        INVOICES,
        'permissions: {all: ["invoices:create"]}',
        'permissions: {all: ["invoices:creat"]}',
    ),
    "cyclic-import": Mistake(
        "import-cycle",
        LIBRARY,
        "schema:\n",
        "imports: {more: more.yaml}\nschema:\n",
        {"lib/more.yaml": CYCLE},
    ),
    "unquoted-expression": Mistake(
        "unquoted-expression",
        ORDERS,
        "\"own_orders && 'orders.read' in claims.scope\"",
        "own_orders && 'orders.read' in claims.scope",
    ),
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demonstration tree, at `policies` in the current folder."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "policies"


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told_with_place_caret_and_mend(name: str, tree: Path) -> None:
    mistake = MISTAKES[name]
    make(mistake, tree)
    outcome = CliRunner().invoke(app, ["check", "policies"])
    assert outcome.exit_code == 1
    told = re.sub(r"in \d+\.\d\d s\n", "in … s\n", outcome.stdout)
    assert told == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MISTAKES)
def test_golden_output_names_the_code_shows_the_line_and_helps(name: str, tree: Path) -> None:
    mistake = MISTAKES[name]
    told = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    make(mistake, tree)
    first = re.match(r"policies/([\w./-]+):(\d+):(\d+): error\[([a-z-]+)\]: ", told)
    assert first is not None
    file, line, column, code = first[1], int(first[2]), int(first[3]), first[4]
    assert code == mistake.code
    source = (tree / file).read_text(encoding="utf-8").splitlines()[line - 1]
    shown, carets = told.splitlines()[1:3]
    assert shown == f"{line:>5} | {source}"
    assert carets.index("^") - len("      | ") == column - 1
    assert "   help: " in told


def make(mistake: Mistake, tree: Path) -> None:
    file = tree / mistake.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mistake.found) == 1, "the demonstration tree changed; mend this mistake"
    file.write_text(text.replace(mistake.found, mistake.by), encoding="utf-8")
    for name, added in mistake.added.items():
        (tree / name).write_text(added, encoding="utf-8")
