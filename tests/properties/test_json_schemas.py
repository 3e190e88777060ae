"""What the loader accepts the JSON Schemas accept; what is wrong by its shape they refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest
from jsonschema import Draft202012Validator

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink
from deemster.policy.loading import load_tree
from deemster.policy.parsing.document_shapes import DOCUMENTS
from deemster.policy.parsing.documents import parse_document
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode, ScalarStyle, SequenceNode
from deemster.policy.reading.reader import read_document
from deemster.policy.tree import PolicyTestDocument
from deemster.policytest.subject import SuiteSubject, subjects_of
from deemster.policytest.suite import read_suite
from deemster.policytools.json_schema import combined_schema, schema_of_kind
from tests.golden.policy.diagnostic_cases import CASES
from tests.reference.emission import files_of
from tests.reference.trees import WORDS, random_tree
from tests.support.scale import scaled, seed
from tests.support.yaml_core import core_json

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "src" / "deemster" / "cli" / "starter" / "policies"
POLICIES = ROOT / "policies"
TREES = [POLICIES, STARTER]

BY_SHAPE = {
    Code.UNKNOWN_KEY,
    Code.UNKNOWN_SCOPE_LINE,
    Code.MISSING_KEY,
    Code.EMPTY_LIST,
    Code.UNSUPPORTED_YET,
    Code.NO_GRANT,
}
"""What a schema has no excuse for."""
EXCUSED = "`service` needs `baseUrls`"
"""But this: whether it does depends on what all operations match."""


@cache
def validators(kind: str) -> tuple[Draft202012Validator, Draft202012Validator]:
    """Of the kind's own schema and of the one for all kinds."""
    schemas = (schema_of_kind(kind, DOCUMENTS[kind]), combined_schema(DOCUMENTS))
    for schema in schemas:
        Draft202012Validator.check_schema(schema)
    own, combined = (Draft202012Validator(schema) for schema in schemas)
    return own, combined


def kind_of(node: Node) -> str | None:
    """The kind that a document says it is, if there is such a kind."""
    found = node.get("kind") if isinstance(node, MappingNode) else None
    return found.text if isinstance(found, ScalarNode) and found.text in DOCUMENTS else None


def is_accepted(node: Node) -> bool:
    """By the schema of its kind, and alike by the one for all kinds."""
    kind = kind_of(node)
    assert kind is not None
    own, combined = (validator.is_valid(core_json(node)) for validator in validators(kind))
    assert own == combined
    return own


def complaints(node: Node) -> list[str]:
    return [
        f"{error.json_path}: {error.message}"
        for error in validators(kind_of(node) or "")[0].iter_errors(core_json(node))
    ]


def errors_of(node: Node, subjects: dict[str, SuiteSubject]) -> list[Diagnostic]:
    """What the loader has against one document alone."""
    sink = DiagnosticSink()
    document = parse_document(node, "a.yaml", sink)
    if isinstance(document, PolicyTestDocument):
        read_suite(document, subjects, sink, now=0)
    return list(sink.finish().errors)


def read(text: bytes | str) -> Node | None:
    content = text.encode() if isinstance(text, str) else text
    return read_document(content, "a.yaml", DiagnosticSink())


def subjects_in(tree: Path) -> dict[str, SuiteSubject]:
    return dict(subjects_of(load_tree([tree])))


def yaml_files(*folders: Path) -> list[Path]:
    return sorted(file for folder in folders for file in folder.rglob("*.yaml"))


@pytest.mark.parametrize("file", yaml_files(*TREES), ids=lambda file: file.relative_to(ROOT))
def test_the_policies_of_this_repository_are_accepted(file: Path) -> None:
    node = read(file.read_bytes())
    assert node is not None
    assert complaints(node) == []
    assert is_accepted(node)


def golden_documents() -> list[Path]:
    """Files that can be read and say their kind."""
    return [
        file
        for file in yaml_files(CASES)
        if file.is_file()
        and (node := read(file.read_bytes())) is not None
        and kind_of(node) is not None
    ]


@pytest.mark.parametrize("file", golden_documents(), ids=lambda file: file.relative_to(CASES))
def test_golden_documents_are_accepted_or_refused_as_the_loader_does(file: Path) -> None:
    node = read(file.read_bytes())
    assert node is not None
    found = errors_of(node, {})
    if not found:
        assert complaints(node) == []
    by_shape = [item.message for item in found if is_by_shape(item)]
    assert not is_accepted(node) or by_shape == []


def is_by_shape(finding: Diagnostic) -> bool:
    return finding.code in BY_SHAPE and finding.message != EXCUSED


def test_random_trees_are_accepted() -> None:
    rng = Random(f"schemas/{seed()}")
    for _ in range(scaled(300)):
        for path, text in files_of(random_tree(rng, WORDS), rng.randrange(2**32)).items():
            node = read(text)
            assert node is not None
            assert complaints(node) == [], f"{path}\n{text}"


def test_a_document_with_one_change_that_the_loader_accepts_is_accepted() -> None:
    """And one that is refused for its shape is refused by the schema as well."""
    rng = Random(f"changes/{seed()}")
    subjects = subjects_in(POLICIES)
    documents = [
        node
        for file in yaml_files(*TREES)
        if (node := read(file.read_bytes())) is not None and not errors_of(node, subjects)
    ]
    counted: Counter[str] = Counter()
    for _ in range(scaled(20_000)):
        changed = changed_once(rng.choice(documents), rng)
        if kind_of(changed) is None:
            continue
        found = errors_of(changed, subjects)
        accepted = is_accepted(changed)
        counted[f"loader {'refuses' if found else 'accepts'}"] += 1
        counted[f"schema {'accepts' if accepted else 'refuses'}"] += 1
        assert accepted or found, complaints(changed)
        by_shape = [item for item in found if is_by_shape(item)]
        assert not accepted or not by_shape, (core_json(changed), by_shape)
    assert min(counted.values()) > 0


# --- changes --------------------------------------------------------------------------------------

NEW_SCALARS = ("x", "true", "5", "404", "300s", "permit", "public", "a b", "2026-11-23T09:00:00Z")
NEW_KEYS = tuple(
    dict.fromkeys(
        name
        for kind in DOCUMENTS.values()
        for name in (*kind.names, "id", "when", "allow", "rules", "children", "any", "all", "x")
    )
)


def changed_once(node: Node, rng: Random) -> Node:
    """The same document, but for one key or value at a random place."""
    places = list(paths_in(node, ()))
    return changed_at(node, rng.choice(places), rng)


def paths_in(node: Node, path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    yield path
    children = (
        [value for _, value in node.entries]
        if isinstance(node, MappingNode)
        else node.items
        if isinstance(node, SequenceNode)
        else ()
    )
    for index, child in enumerate(children):
        yield from paths_in(child, (*path, index))


def changed_at(node: Node, path: tuple[int, ...], rng: Random) -> Node:
    if not path:
        return another_value(node, rng)
    index, rest = path[0], path[1:]
    if isinstance(node, SequenceNode):
        items = list(node.items)
        items[index] = changed_at(items[index], rest, rng)
        return SequenceNode(tuple(items), node.span)
    assert isinstance(node, MappingNode)
    entries = list(node.entries)
    key, value = entries[index]
    if rest or rng.random() < 0.4:
        entries[index] = (key, changed_at(value, rest, rng))
    elif rng.random() < 0.4:
        del entries[index]
    else:
        name = rng.choice([key.text + "s", key.text[:-1] or "x", *NEW_KEYS])
        if node.get(name) is None:
            entries[index] = (scalar(name, key), value)
    return MappingNode(tuple(entries), node.span)


def another_value(node: Node, rng: Random) -> Node:
    word = scalar(rng.choice(NEW_SCALARS), node)
    values: list[Node] = [
        word,
        scalar(word.text, node, ScalarStyle.DOUBLE_QUOTED),
        scalar("", node),
        SequenceNode((), node.span),
        SequenceNode((node,), node.span),
        SequenceNode((word,), node.span),
        MappingNode((), node.span),
        MappingNode(((scalar(rng.choice(NEW_KEYS), node), node),), node.span),
    ]
    return rng.choice(values)


def scalar(text: str, at: Node, style: ScalarStyle = ScalarStyle.PLAIN) -> ScalarNode:
    return ScalarNode(text, style, at.span, at.span.line, at.span.column, verbatim=True)
