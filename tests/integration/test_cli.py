"""The commands, as they are typed; a few of them as real processes."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deemster import __version__
from deemster.cli.main import app

ROOT = Path(__file__).parents[2]
DEEMSTER = [sys.executable, "-m", "deemster"]
INVOICES = "https://api.example.com/billing/invoices"
EXPORT = "https://partners.example.com/orders/v2/acme/orders/export"


def deemster(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a copy of the demonstration tree."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def starter(here: Path) -> Path:
    """What `deemster init` makes; also the current folder's neighbour."""
    assert deemster("init", "starter").exit_code == 0
    return here / "starter"


# --- check --------------------------------------------------------------------------------------


def test_good_tree_is_counted_and_says_what_was_not_compared() -> None:
    outcome = deemster("check")
    assert outcome.exit_code == 0
    first, second = outcome.stdout.splitlines()
    assert first.startswith(
        "policies (7 files, 2 API services, 10 operations, 2 test suites, 93 test cases): "
        "no errors in "
    )
    assert second == (
        "note: without --config the providers, services and queries of settings were not compared"
    )


def test_all_mistakes_of_a_tree_are_told_at_once(here: Path) -> None:
    for name, found, by in (
        ("applications/bizpro.yaml", "invoices:void", "invoices:viod"),
        ("api-services/invoices.yaml", "groups: {any: [finance]}", "groups: {any: []}"),
        ("lib/standard.yaml", "request.ip.inAny", "request.ipp.inAny"),
    ):
        file = here / "policies" / name
        file.write_text(file.read_text(encoding="utf-8").replace(found, by), encoding="utf-8")
    outcome = deemster("check", "--format", "json")
    report = json.loads(outcome.stdout)
    assert outcome.exit_code == report["exitStatus"] == 1
    assert {(item["file"], item["code"]) for item in report["diagnostics"]} >= {
        ("policies/applications/bizpro.yaml", "unknown-permission"),
        ("policies/api-services/invoices.yaml", "empty-list"),
        ("policies/lib/standard.yaml", "unknown-name"),
    }


def test_slip_in_a_suite_is_found_by_check(here: Path) -> None:
    file = here / "policies" / "tests" / "invoices.yaml"
    text = file.read_text(encoding="utf-8").replace("reason: no-rule", "reason: no-rules")
    file.write_text(text, encoding="utf-8")
    outcome = deemster("check")
    assert outcome.exit_code == 1
    assert "error[bad-value]: `no-rules` is not a value of `reason`" in outcome.stdout
    assert "   help: did you mean `no-rule`?" in outcome.stdout


def test_provider_that_the_settings_do_not_have_is_told(here: Path, starter: Path) -> None:
    outcome = deemster("check", "policies", "--config", str(starter / "deemster.yaml"))
    assert outcome.exit_code == 1
    assert "error[unknown-provider]" in outcome.stdout
    assert "note:" not in outcome.stdout


def test_path_that_is_not_there_could_not_run() -> None:
    outcome = deemster("check", "nowhere")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "`nowhere` does not exist" in outcome.stderr


def test_settings_with_errors_could_not_run(starter: Path) -> None:
    file = starter / "deemster.yaml"
    text = file.read_text(encoding="utf-8").replace("whenFull: drop", "whenFul: drop")
    file.write_text(text, encoding="utf-8")
    outcome = deemster("check", "--config", str(file))
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "starter/deemster.yaml:" in outcome.stderr
    assert "did you mean `whenFull`?" in outcome.stderr


SUPPRESS = """metadata:
  id: standard
  suppress:
    - {code: unused-name, at: standard/constants/SPARE, reason: a stock for later services}
"""


@pytest.fixture
def spare(here: Path) -> Path:
    """A library with a constant that nobody uses: a hint; and a suite less: a warning."""
    file = here / "policies" / "lib" / "standard.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("constants:\n", "constants:\n  SPARE: 1\n"), encoding="utf-8")
    (here / "policies" / "tests" / "invoices.yaml").unlink()
    return file


def test_warnings_and_hints_are_told_and_only_strict_fails_for_warnings(spare: Path) -> None:
    outcome = deemster("check")
    assert outcome.exit_code == 0
    assert "warning[untested-service]" in outcome.stdout
    assert "hint[unused-name]" in outcome.stdout
    assert "1 warning, 1 hint in " in outcome.stdout
    assert deemster("check", "--strict").exit_code == 1


def test_hints_never_fail(here: Path, spare: Path) -> None:
    shutil.copy(ROOT / "policies" / "tests" / "invoices.yaml", here / "policies" / "tests")
    outcome = deemster("check", "--strict")
    assert (outcome.exit_code, "1 hint in " in outcome.stdout) == (0, True)


def test_suppressed_findings_are_counted_and_shown_on_request(spare: Path) -> None:
    text = spare.read_text(encoding="utf-8")
    metadata = re.search("metadata: .*\n", text)
    assert metadata is not None
    spare.write_text(text.replace(metadata[0], SUPPRESS), encoding="utf-8")
    outcome = deemster("check")
    assert "unused-name" not in outcome.stdout
    assert "1 warning, 1 suppressed in " in outcome.stdout
    shown = deemster("check", "--show-suppressed").stdout
    assert "hint[unused-name]: nothing in the tree uses the constant `SPARE`" in shown
    assert re.search(r"suppressed at policies/lib/.*: a stock for later services\n", shown)
    report = json.loads(deemster("check", "--format", "json").stdout)
    (suppressed,) = report["suppressed"]
    assert suppressed["suppression"]["reason"] == "a stock for later services"
    (run,) = json.loads(deemster("check", "--format", "sarif").stdout)["runs"]
    assert [len(result["suppressions"]) for result in run["results"]] == [0, 1]


def test_suppression_that_is_no_longer_needed_is_told(here: Path) -> None:
    file = here / "policies" / "lib" / "standard.yaml"
    text = file.read_text(encoding="utf-8")
    metadata = re.search("metadata: .*\n", text)
    assert metadata is not None
    stale = SUPPRESS.replace("at: standard/constants/SPARE, ", "")
    file.write_text(text.replace(metadata[0], stale), encoding="utf-8")
    outcome = deemster("check", "--strict")
    assert outcome.exit_code == 1
    assert "warning[stale-suppression]" in outcome.stdout


def test_findings_as_workflow_commands(spare: Path) -> None:
    lines = deemster("check", "--format", "github").stdout.splitlines()
    assert lines[0].startswith("::warning file=policies/api-services/invoices.yaml,line=")
    assert lines[1].startswith("::notice file=policies/lib/standard.yaml,line=")
    assert not any(line.startswith("::") for line in lines[2:])


def test_code_is_explained_with_the_way_to_suppress_it() -> None:
    outcome = deemster("check", "--explain", "specificity-hole")
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("specificity-hole (warning): a wider template")
    assert "suppress: [{code: specificity-hole, at: <id path>, reason: " in outcome.stdout
    assert "suppress:" not in deemster("check", "--explain", "duplicate-key").stdout


def test_unknown_code_suggests_one() -> None:
    outcome = deemster("check", "--explain", "specificity-hol")
    assert outcome.exit_code == 2
    assert "did you mean `specificity-hole`?" in outcome.stderr


# --- decide -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--url", INVOICES, "--sub", "alice", "--scope", "invoices.read"], 0, "permit  permitted"),
        (["--url", INVOICES, "--sub", "alice"], 1, "deny  scope-missing"),
        (["--url", INVOICES], 1, "deny  token-missing"),
        (["--url", "https://elsewhere.example/"], 1, "deny  no-api-service"),
        (["--url", f"{INVOICES}/%2e%2e"], 1, "deny  ambiguous-path"),
        (["--url", "https://api.example.com/billing/health"], 0, "permit  permitted"),
        (["-X", "POST", "--url", INVOICES, "--sub", "a", "--user", '{"roles": ["accountant"]}'], 0,
         "permit  permitted"),
        (["-X", "POST", "--url", INVOICES, "--sub", "a"], 1, "deny  permission-missing"),
        (["-X", "POST", "--url", INVOICES, "--sub", "a", "--user", '{"enabled": false}'], 1,
         "deny  user-disabled"),
        (["--url", EXPORT, "--claims",
          '{"client_id": "partner-a", "partner_id": "acme", "partner_tier": "gold"}'], 0,
         "permit  permitted"),
        (["--url", EXPORT, "--claims", '{"client_id": "shop", "partner_id": "acme"}'], 1,
         "deny  policy-denied"),
        (["--url", "https://api.example.com/billing/me", "--sub", "a", "-H", "X-Tenant: north",
          "--claim", "tenant=south"], 1, "deny  policy-denied"),
    ],
)  # fmt: skip
def test_decision_is_made_without_settings(arguments: list[str], status: int, told: str) -> None:
    outcome = deemster("decide", *arguments)
    assert outcome.exit_code == status, outcome.output
    assert outcome.stdout.splitlines()[0] == told


def test_every_node_of_the_operation_is_printed_with_its_place_and_outcome() -> None:
    outcome = deemster(
        "decide", "--url", f"{INVOICES}/12", "--sub", "a", "--scope", "invoices.read"
    )
    lines = outcome.stdout.splitlines()
    assert (
        "decided by    invoices/read-invoice/allow/groups (policies/api-services/invoices.yaml:29)"
        in lines
    )
    trace = [line.split() for line in lines[lines.index("trace") + 1 :]]
    assert [row[:3] for row in trace] == [
        ["policies/shared/named-tenant.yaml:5", "invoices/named-tenant", "not-applicable"],
        ["policies/shared/named-tenant.yaml:14", "invoices/named-tenant/of-another-tenant",
         "not-applicable"],
        ["policies/shared/named-tenant.yaml:18", "invoices/named-tenant/without-a-tenant",
         "not-applicable"],
        ["policies/api-services/invoices.yaml:28", "invoices/read-invoice/allow/scopes", "holds"],
        ["policies/api-services/invoices.yaml:29", "invoices/read-invoice/allow/groups",
         "group-missing"],
    ]  # fmt: skip


def test_decision_as_json_has_reason_place_challenge_and_trace() -> None:
    outcome = deemster("decide", "--url", INVOICES, "--sub", "alice", "--format", "json")
    answer = json.loads(outcome.stdout)
    assert (answer["decision"], answer["reason"], answer["status"]) == (
        "deny",
        "scope-missing",
        403,
    )
    assert answer["deciding"] == {
        "idPath": "invoices/list-invoices/allow/scopes",
        "place": "policies/api-services/invoices.yaml:23",
    }
    assert answer["challenge"] == (
        'Bearer realm="https://api.example.com/billing/", error="insufficient_scope", '
        'scope="invoices.read"'
    )
    assert answer["missing"] == ["scopes: any of invoices.read, invoices.admin"]
    assert answer["trace"][-1]["outcome"] == "scope-missing"


def test_sideband_body_is_read_from_stdin() -> None:
    body = {
        "source_ip": "192.0.2.1",
        "source_port": 40000,
        "method": "GET",
        "url": EXPORT,
        "http_version": "1.1",
        "headers": [{"host": "partners.example.com"}],
        "access_token": {"client_id": "partner-a", "partner_id": "acme", "partner_tier": "gold"},
    }
    outcome = deemster("decide", stdin=json.dumps(body))
    assert (outcome.exit_code, outcome.stdout.splitlines()[0]) == (0, "permit  permitted")


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "{}", '{"method": 1}', '{"a": 1, "a": 2}', "[" * 100_000, "\x00"],
    ids=["empty", "open", "list", "nothing in it", "wrong type", "twice", "deep", "nul"],
)
def test_body_that_is_no_sideband_call_could_not_run(body: str) -> None:
    outcome = deemster("decide", stdin=body)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("deemster: ")
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--url", INVOICES, "--token", "a.b.c"], "no token can be verified without --config"),
        (["--url", "invoices"], "this is not an absolute URL"),
        (["--url", INVOICES, "--claims", "{"], "not JSON"),
        (["--url", INVOICES, "--user", "[]"], "not a JSON object"),
        (["--url", INVOICES, "--header", "x"], "is not `name: value`"),
        (["--url", INVOICES, "--gateway", "kong"], "needs --config"),
        (["--url", EXPORT, "--sub", "a"], "takes claims from a gateway only"),
    ],
)
def test_question_that_cannot_be_asked_could_not_run(arguments: list[str], told: str) -> None:
    outcome = deemster("decide", *arguments)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert told in outcome.stderr


# --- init, token, decide with settings ----------------------------------------------------------


def test_starter_loads_passes_its_tests_and_decides(
    starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(starter)
    assert deemster("check", "--config", "deemster.yaml").exit_code == 0
    assert deemster("test", "--config", "deemster.yaml", "--coverage", "100").exit_code == 0
    minted = deemster("token", "--provider", "staff", "--sub", "alice", "--scope", "notes.read")
    assert minted.exit_code == 0
    url = "https://api.example.com/notes"
    asked = ["decide", "--config", "deemster.yaml", "--url", url]
    assert deemster(*asked, "--token", minted.stdout.strip()).stdout.startswith("permit  permitted")
    assert deemster(*asked, "--token", minted.stdout.strip() + "x").stdout.startswith(
        "deny  token-"
    )
    assert deemster(*asked, "--sub", "mallory").stdout.startswith("deny  user-unknown")
    # The starter's gateway may not assert claims: they are ignored, and there is no token.
    claims = '{"sub": "alice", "aud": "Notes API", "scope": "notes.read"}'
    assert deemster(*asked, "--claims", claims, "--gateway", "gateway").stdout.startswith(
        "deny  token-missing"
    )


def test_policies_of_the_starter_name_schemas_that_are_there(starter: Path) -> None:
    files = sorted((starter / "policies").rglob("*.yaml"))
    for file in files:
        modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text("utf-8"))
        assert modeline is not None
        json.loads((file.parent / modeline[1]).read_text(encoding="utf-8"))
    assert len(files) == 3
    assert deemster("fmt", "--check", str(starter / "policies")).exit_code == 0


def test_secret_of_the_starter_is_random_long_and_for_its_owner_only(here: Path) -> None:
    assert deemster("init", "one").exit_code == 0
    assert deemster("init", "two").exit_code == 0
    one, two = (here / name / "secrets" / "gateway" for name in ("one", "two"))
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert stat.S_IMODE(one.parent.stat().st_mode) == 0o700
    assert len(one.read_bytes().strip()) >= 32
    assert one.read_bytes() != two.read_bytes()
    assert (
        one.read_text(encoding="utf-8").strip()
        not in deemster("show-config", "--config", "one/deemster.yaml").stdout
    )


def test_init_overwrites_nothing(starter: Path) -> None:
    before = {file: file.read_bytes() for file in starter.rglob("*") if file.is_file()}
    (starter / "secrets" / "gateway").unlink()
    outcome = deemster("init", "starter")
    assert outcome.exit_code == 2
    assert "nothing was written" in outcome.stderr
    assert not (starter / "secrets" / "gateway").exists()
    after = {file: file.read_bytes() for file in starter.rglob("*") if file.is_file()}
    before.pop(starter / "secrets" / "gateway")
    assert after == before


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("stuff", "there is no token provider `stuff`; did you mean `staff`?"),
        ("partners", "has no `insecureDevelopmentKey`"),
    ],
)
def test_only_a_development_key_mints(provider: str, told: str, starter: Path) -> None:
    file = starter / "deemster.yaml"
    text = file.read_text(encoding="utf-8")
    external = "tokenProviders:\n  - {id: partners, type: external, claims: asserted}\n"
    file.write_text(text.replace("tokenProviders:\n", external), encoding="utf-8")
    outcome = deemster("token", "--provider", provider, "--config", str(file))
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert told in outcome.stderr


# --- show-config, version, help -----------------------------------------------------------------


def test_effective_settings_say_where_each_came_from(starter: Path) -> None:
    outcome = deemster(
        "show-config", "--config", str(starter / "deemster.yaml"), "--format", "json"
    )
    values = {item["path"]: item for item in json.loads(outcome.stdout)}
    assert values["environment"] == {
        "path": "environment", "value": "local", "origin": f"{starter}/deemster.yaml:2",
    }  # fmt: skip
    assert values["limits.body"]["origin"] == "default"
    assert "secret" in values["gateways[0].secrets[0].value"]["value"]


def test_version_is_the_packages() -> None:
    assert json.loads(deemster("version", "--format", "json").stdout)["deemster"] == __version__
    assert deemster("version").stdout.startswith(f"deemster {__version__} ")


@pytest.mark.parametrize(
    "command",
    ["init", "serve", "check", "test", "decide", "schema", "token", "show-config", "version"],
)
def test_every_command_explains_itself(command: str) -> None:
    outcome = deemster(command, "--help")
    assert outcome.exit_code == 0
    assert f" {command} [OPTIONS]" in outcome.stdout.splitlines()[0]


def test_unknown_command_suggests_one() -> None:
    outcome = deemster("chekc")
    assert outcome.exit_code == 2
    assert "check" in outcome.stderr


# --- real processes -----------------------------------------------------------------------------


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEEMSTER, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.defpath, "HOME": str(Path.cwd()), **environment},
    )


def test_command_is_a_process_with_an_exit_status_and_no_colour_in_a_pipe() -> None:
    passed = process("test", "policies")
    assert (passed.returncode, passed.stderr) == (0, "")
    assert "\x1b" not in passed.stdout
    refused = process("check", "nowhere")
    assert (refused.returncode, refused.stdout) == (2, "")


def test_check_waits_for_no_library_that_it_does_not_need() -> None:
    asked = (
        "import sys; from deemster.cli.main import app; app(['check'], standalone_mode=False); "
        "print(sorted(sys.modules.keys() & {'cryptography', 'hypercorn', 'httpx', 'jwcrypto', "
        "'jwt', 'rich', 'sqlalchemy', 'starlette', 'uvicorn'}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, encoding="utf-8"
    )
    assert ended.stdout.endswith("\n[]\n")


def test_text_that_the_terminal_has_no_bytes_for_is_told_escaped(here: Path) -> None:
    file = here / "policies" / "lib" / "standard.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "grüße: 1\n", encoding="utf-8")
    ended = process("check", PYTHONIOENCODING="ascii")
    assert ended.returncode == 1
    assert r"`gr\xfc\xdfe` is not a key of a Library" in ended.stdout


def test_colour_is_shown_on_a_terminal_and_never_against_no_color() -> None:
    assert "\x1b[" in on_a_terminal("test", "policies", TERM="xterm-256color")
    assert "\x1b[" not in on_a_terminal("test", "policies", TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal("test", "policies", TERM="dumb")


def on_a_terminal(*arguments: str, **environment: str) -> str:
    import pty

    ours, theirs = pty.openpty()
    try:
        child = subprocess.Popen(
            [*DEEMSTER, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={"PATH": os.defpath, "HOME": str(Path.cwd()), **environment},
        )
        os.close(theirs)
        told = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break  # Linux: the other end of the terminal is closed
            if not part:
                break
            told += part
        child.wait(60)
    finally:
        os.close(ours)
    return told.decode()


def test_service_refuses_to_start_with_a_broken_tree_and_shows_all_findings(starter: Path) -> None:
    file = starter / "policies" / "api-services" / "notes.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("scopes: {any", "scops: {any").replace("groups: {any", "group: {any")
    file.write_text(text, encoding="utf-8")
    outcome = process("serve", "--config", str(starter / "deemster.yaml"))
    assert outcome.returncode == 2
    assert outcome.stderr.count("error[unknown-allow-line]") == 2
    assert "Traceback" not in outcome.stderr


@pytest.mark.e2e
def test_service_starts_and_ends_on_sigterm(starter: Path) -> None:
    file = starter / "deemster.yaml"
    text = file.read_text(encoding="utf-8").replace(":8080", ":0").replace(":9080", ":0")
    file.write_text(text, encoding="utf-8")
    child = subprocess.Popen(
        [*DEEMSTER, "serve", "--config", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "HOME": str(starter)},
    )
    assert child.stderr is not None
    try:
        events = []
        for line in child.stderr:
            events.append(json.loads(line)["event"])
            if events[-1] == "service_started":
                break
        child.send_signal(signal.SIGTERM)
        _, rest = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert "service_started" in events
    assert child.returncode == 0
    assert "service_ended" in rest
