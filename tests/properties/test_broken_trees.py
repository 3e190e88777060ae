"""Random trees with one mistake: refused with findings, or loaded with all that is written.

A mistake is a line that is gone with what belongs to it, or a word that is misspelt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import Random

from deemster.errors import PolicyError
from deemster.policy import tree
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policy.resolved import ResolvedChild, ResolvedOperation, ResolvedPolicy, ResolvedRule
from tests.reference.emission import files_of
from tests.reference.trees import random_tree
from tests.support.scale import scaled, seed

MISTAKES_A_TREE = 10
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")


def test_a_tree_with_one_mistake_is_refused_by_name_or_loaded_whole() -> None:
    rng = Random(f"broken/{seed()}")
    loaded = refused = 0
    for _ in range(scaled(150)):
        texts = files_of(random_tree(rng), rng.randrange(2**32))
        for _ in range(MISTAKES_A_TREE):
            mistaken = with_a_mistake(texts, rng)
            found = outcome_of(mistaken)
            if isinstance(found, PolicyError):
                refused += 1
                assert found.diagnostics.errors, shown(mistaken)
            else:
                loaded += 1
                assert not found.diagnostics.errors, shown(mistaken)
                assert list(nodes_resolved(found)) == list(nodes_written(found)), shown(mistaken)
    assert loaded > 0, "no mistake is one that the language can bear: the test shows nothing"
    assert refused > loaded


def outcome_of(texts: Mapping[str, str]) -> LoadedTree | PolicyError:
    """Whatever else loading raises fails the test."""
    try:
        return load_texts(texts)
    except PolicyError as refused:
        return refused


def shown(texts: Mapping[str, str]) -> str:
    return "\n".join(f"--- {path}\n{text}" for path, text in texts.items())


# --- mistakes -------------------------------------------------------------------------------------


def with_a_mistake(texts: Mapping[str, str], rng: Random) -> dict[str, str]:
    """One file changed at one place."""
    path = rng.choice(sorted(texts))
    change = rng.choice([without_a_node, without_a_node, misspelt])
    return {**texts, path: change(texts[path], rng)}


def without_a_node(text: str, rng: Random) -> str:
    """A line is gone, and the lines below it that are indented further."""
    lines = text.splitlines(keepends=True)
    first = rng.randrange(len(lines))
    indent = indentation(lines[first])
    last = first + 1
    while last < len(lines) and indentation(lines[last]) > indent:
        last += 1
    return "".join(lines[:first] + lines[last:])


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def misspelt(text: str, rng: Random) -> str:
    """In one word a letter is another, missing or twice."""
    words = list(WORD.finditer(text))
    if not words:
        return text
    at = rng.choice(range(*rng.choice(words).span()))
    letter = rng.choice(["", "x", "Q", text[at] * 2])
    return text[:at] + letter + text[at + 1 :]


# --- what is written, and what came of it ---------------------------------------------------------


def nodes_written(loaded: LoadedTree) -> Iterator[tuple[str, bool]]:
    """Id path of every node of every operation, references written out; whether it asks anything.

    Found by walking the documents alone.
    """
    documents = loaded.tree.by_file()
    for document in loaded.tree.documents:
        if not isinstance(document, tree.ApiServiceDocument):
            continue
        service = document.metadata.id.value
        for operation in document.operations:
            path = f"{service}/{operation.id.value}"
            yield (
                path,
                isinstance(operation.allow, tree.AllowLines) and (operation.allow.when is not None),
            )
            exempts = isinstance(operation.allow, tree.AllowPublic)
            for guard in document.guards:
                if not (exempts and operation.id.value in {t.value for t in guard.exempt or ()}):
                    yield from written_below(guard, service, document.file, documents)
            for node in (*operation.guards, *operation.policies):
                yield from written_below(node, path, document.file, documents)


def written_below(
    node: tree.Child, above: str, file: str, documents: Mapping[str, tree.Document]
) -> Iterator[tuple[str, bool]]:
    if isinstance(node, tree.RefNode):
        folder = file.rsplit("/", 1)[0]
        target = resolved_path(f"{folder}/{node.path.value}")
        document = documents[target]
        assert isinstance(document, tree.PolicyDocument)
        yield from written_below(document.policy, above, target, documents)
        return
    path = f"{above}/{node.id.value}"
    if isinstance(node, tree.RuleNode):
        yield path, node.when is not None
        return
    yield path, node.target is not None
    for child in node.children:
        yield from written_below(child, path, file, documents)


def resolved_path(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def nodes_resolved(loaded: LoadedTree) -> Iterator[tuple[str, bool]]:
    """The same of the checked tree, from which closures are made."""
    for service in loaded.resolved.services:
        for operation in service.operations:
            yield operation.ref.id_path, operation.when is not None
            for node in nodes_of(operation):
                yield from resolved_below(node)


def nodes_of(operation: ResolvedOperation) -> tuple[ResolvedPolicy, ...]:
    return (*operation.guards, *operation.policies)


def resolved_below(node: ResolvedChild) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ResolvedRule):
        yield node.ref.id_path, node.when is not None
        return
    yield node.ref.id_path, node.target is not None
    for child in node.children:
        yield from resolved_below(child)
