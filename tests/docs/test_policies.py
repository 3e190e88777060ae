"""The demonstration tree loads without a word, and its suites cover what they say."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deemster.cli.main import app
from deemster.model.decision import Effect
from deemster.model.urls import canonical_url
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree, load_tree
from deemster.policytest.cases import CallRecipe, Suite
from deemster.policytest.gathering import gather_suites

POLICIES = Path(__file__).parents[2] / "policies"
LOADED = load_tree([POLICIES])


def suites_of(loaded: LoadedTree, sink: DiagnosticSink) -> tuple[Suite, ...]:
    return gather_suites(loaded, sink, now=0)


SUITES = suites_of(LOADED, DiagnosticSink())
OPERATIONS = [
    f"{service.id}/{operation}"
    for service in LOADED.snapshot.services.values()
    for operation in service.by_id
]


def test_the_tree_and_its_suites_load_without_an_error_warning_or_hint() -> None:
    sink = DiagnosticSink()
    suites_of(LOADED, sink)
    found = [str(item.span) + " " + item.message for item in (*LOADED.diagnostics, *sink.finish())]
    assert found == []


def test_every_suite_passes() -> None:
    outcome = CliRunner().invoke(app, ["test", str(POLICIES)])
    assert outcome.exit_code == 0, outcome.stdout


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_tested_both_ways(operation: str) -> None:
    """By the operation that a case routes to; a public one has no way to deny."""
    service, name = operation.split("/")
    table = LOADED.snapshot.services[service]
    effects = {
        case.expectation.decision
        for suite in SUITES
        if suite.service == service
        for case in suite.cases
        if isinstance(case.call, CallRecipe)
        and routed_operation(case.call.method, case.call.url) == operation
    }
    both = {Effect.PERMIT} if table.by_id[name].public else {Effect.PERMIT, Effect.DENY}
    assert effects >= both


def routed_operation(method: str, url: str) -> str | None:
    found = LOADED.snapshot.find(canonical_url(url))
    if found is None:
        return None
    match = found[0].service.operations.match(method, found[1])
    return match.value.id_path if match is not None else None


def test_the_tree_shows_both_kinds_of_provider_and_every_kind_of_line() -> None:
    services = LOADED.snapshot.services
    assert {service.provider_id: service.internal for service in services.values()} == {
        "bizpro": True,
        "apigee-partners": False,
    }
    text = (POLICIES / "api-services" / "invoices.yaml").read_text(encoding="utf-8")
    lines = ("scopes:", "groups:", "permissions:", "authentication:", "when:", "policies:",
             "allow: public", "allow: authenticated", "$ref:", "guards:")  # fmt: skip
    assert [line for line in lines if line not in text] == []
