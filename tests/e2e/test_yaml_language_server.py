"""Editors: the real YAML language server completes, explains and marks policies by our schemas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.language_server import LanguageServer
from tests.support.parts import Parts

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

ROOT = Path(__file__).parents[2]
SETTINGS = {"yaml": {"schemaStore": {"enable": False}}}
EXAMPLE = ROOT / "policies" / "api-services" / "invoices.yaml"
NUMBERS = count(1)
SCHEMAS = ("api-service.schema.json", "deemster.schema.json")


@pytest.fixture(scope="module")
def server(parts: Parts) -> Iterator[LanguageServer]:
    script = parts.node_script("yaml-language-server/bin/yaml-language-server")
    no_network = ROOT / "tests" / "node" / "no_network.cjs"
    node = [parts.command("node"), "--require", str(no_network), str(script), "--stdio"]
    with LanguageServer(node, SETTINGS, ROOT) as running:
        yield running
    assert running.complaints == []


def example(schema: str = SCHEMAS[0]) -> str:
    """The example with a modeline, as it would be opened."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("# yaml-language-server")]
    return "\n".join([f"# yaml-language-server: $schema=../../schemas/{schema}", *kept, ""])


def line_of(text: str, wanted: str) -> int:
    return next(number for number, line in enumerate(text.splitlines()) if line.strip() == wanted)


def opened(server: LanguageServer, text: str) -> str:
    # Each text has a name of its own, so that no answer is about another one.
    return server.open(EXAMPLE.with_name(f"opened-{next(NUMBERS)}.yaml"), text)


def offered(server: LanguageServer, uri: str, line: int, character: int) -> dict[str, str]:
    """What is offered there, each with what is told about it."""
    items = server.at("textDocument/completion", uri, line, character)["items"]
    told = {item["label"]: item["documentation"] for item in items}
    return {
        label: text["value"] if isinstance(text, dict) else text for label, text in told.items()
    }


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_example_has_nothing_to_mark(server: LanguageServer, schema: str) -> None:
    assert server.diagnostics(opened(server, example(schema))) == []


@pytest.mark.parametrize("schema", SCHEMAS)
def test_inside_allow_the_lines_are_offered(server: LanguageServer, schema: str) -> None:
    text = example(schema)
    at = line_of(text, "allow:") + 1
    lines = text.splitlines()
    lines[at] = "      "
    uri = opened(server, "\n".join(lines))
    told = offered(server, uri, at, 6)
    assert told.keys() == {"scopes", "groups", "permissions", "authentication", "when"}
    assert told["scopes"] == "Scopes that the token must have."


def test_words_of_a_choice_are_offered_with_what_they_mean(server: LanguageServer) -> None:
    text = example().replace("combiningAlgorithm: permit-overrides", "combiningAlgorithm: ")
    at = line_of(text, "combiningAlgorithm:")
    column = text.splitlines()[at].index(":") + 2
    told = offered(server, opened(server, text), at, column)
    assert told["first-applicable"] == "the first child that applies decides"
    assert len(told) == 6


def test_a_key_is_explained_where_somebody_hovers(server: LanguageServer) -> None:
    text = example()
    at = line_of(text, "allow:")
    uri = opened(server, text)
    shown = server.at("textDocument/hover", uri, at, 6)["contents"]["value"]
    assert "Who may call: a word, or lines that must all hold." in shown
    shown = server.at("textDocument/hover", uri, at + 1, 8)["contents"]["value"]
    assert "Scopes that the token must have." in shown
    assert "invoices.read" in shown


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("scopes:", "scope:", "Property scope is not allowed."),
        ("effect: deny", "efect: deny", "Property efect is not allowed."),
        ("match:", "matches:", "Property matches is not allowed."),
    ],
)
def test_a_misspelt_key_is_marked_at_its_line(
    server: LanguageServer, schema: str, right: str, wrong: str, message: str
) -> None:
    text = example(schema)
    at = next(number for number, line in enumerate(text.splitlines()) if right in line)
    found = server.diagnostics(opened(server, text.replace(right, wrong, 1)))
    assert (message, at) in [(item["message"], item["range"]["start"]["line"]) for item in found]


def test_what_is_missing_or_too_much_is_told_in_our_words(server: LanguageServer) -> None:
    text = example().replace("path: /invoices}", 'path: /invoices, paths: ["/bills"]}', 1)
    text = text.replace("    allow: public\n", "")
    told = [item["message"] for item in server.diagnostics(opened(server, text))]
    assert told == [
        "`match` has `path` or `paths`, not both.",
        "An operation needs `allow` or `policies`.",
    ]
