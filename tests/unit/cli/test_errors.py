"""Every error of a command is one line or its findings on stderr, exit status 2, no traceback."""

import errno
import json

import pytest
import typer
from typer.testing import CliRunner, Result

from deemster.cli.arguments import FormatOption
from deemster.cli.errors import reporting
from deemster.cli.output import OutputFormat
from deemster.errors import (
    ConfigurationError,
    DependencyUnavailableError,
    MalformedCallError,
    PolicyError,
)
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSet, Severity

FINDINGS = DiagnosticSet(
    [
        Diagnostic(
            Code.UNKNOWN_KEY,
            Severity.ERROR,
            "`x` is not a key",
            SourceSpan("a.yaml", 1, 1, 1, 2),
            help="remove it",
        )
    ]
)


def outcome_of(error: BaseException, *arguments: str) -> Result:
    def command(output_format: FormatOption = OutputFormat.TEXT) -> None:
        raise error

    app = typer.Typer()
    app.command()(reporting(command))
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConfigurationError("no such provider"), "deemster: no such provider\n"),
        (MalformedCallError("the body is empty"), "deemster: the body is empty\n"),
        (DependencyUnavailableError("people"), "deemster: people is unavailable\n"),
        (
            OSError(errno.EACCES, "Permission denied", "secrets/gateway"),
            "deemster: `secrets/gateway`: Permission denied\n",
        ),
        (OSError("no room"), "deemster: no room\n"),
        (RuntimeError("oops"), "deemster: a fault of Deemster itself: RuntimeError: oops\n"),
        (RecursionError("too deep"), "deemster: a fault of Deemster itself: "
         "RecursionError: too deep\n"),
        (ConfigurationError("\x1b[2Jgone\n"), "deemster: \\x1b[2Jgone\\n\n"),
        (
            PolicyError("bad", diagnostics=FINDINGS, sources={"a.yaml": "x: 1\n"}),
            "a.yaml:1:1: error[unknown-key]: `x` is not a key\n"
            "    1 | x: 1\n      | ^\n   help: remove it\n1 error\n",
        ),
    ],
)  # fmt: skip
def test_error_is_told_on_stderr(error: Exception, told: str) -> None:
    outcome = outcome_of(error)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", told)


def test_findings_are_json_on_stdout_where_json_was_asked_for() -> None:
    outcome = outcome_of(PolicyError("bad", diagnostics=FINDINGS), "--format", "json")
    answer = json.loads(outcome.stdout)
    assert outcome.exit_code == answer["exitStatus"] == 2
    assert answer["diagnostics"][0]["code"] == "unknown-key"


@pytest.mark.parametrize(("error", "status"), [(typer.Exit(0), 0), (typer.Exit(1), 1)])
def test_exit_of_a_command_is_its_own(error: Exception, status: int) -> None:
    assert outcome_of(error).exit_code == status
