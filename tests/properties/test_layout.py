"""`deemster fmt`: whatever a file looks like, it says the same afterwards, comments and all."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from random import Random

import pytest

from deemster.model.source import SourceSpan
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.parser import parse_tree
from deemster.policy.parsing.documents import parse_document
from deemster.policy.reading.files import files_from_memory
from deemster.policy.reading.nodes import MappingNode, Node, ScalarNode
from deemster.policy.reading.reader import read_document
from deemster.policytools.layout.formatting import formatted
from tests.reference.emission import files_of
from tests.reference.trees import WORDS, random_tree
from tests.support.random_yaml import RandomWriter
from tests.support.scale import scaled, seed
from tests.support.yaml_core import core_json

ROOT = Path(__file__).parents[2]
NOT_OURS = re.compile(r"/\.(?!/)|node_modules|/\.venv/")


def yaml_files() -> list[Path]:
    return sorted(
        file
        for file in ROOT.rglob("*.yaml")
        if file.is_file() and not NOT_OURS.search(f"/{file.relative_to(ROOT)}")
    )


def laid_out(text: bytes | str) -> bytes | None:
    content = text.encode() if isinstance(text, str) else text
    return formatted(content, "a.yaml", DiagnosticSink())


def read(text: bytes) -> Node | None:
    return read_document(text, "a.yaml", DiagnosticSink())


def check(text: bytes, made: bytes) -> None:
    """All that holds of a text and its layout."""
    assert laid_out(made) == made
    lines = made.decode().split("\n")
    assert lines[-1] == ""
    assert "\r" not in made.decode()
    before, after = read(text), read(made)
    assert before is not None
    assert after is not None
    assert core_json(before) == core_json(after)
    sink, sink_after = DiagnosticSink(), DiagnosticSink()
    document = parse_document(before, "a.yaml", sink)
    document_after = parse_document(after, "a.yaml", sink_after)
    # An expression in single quotes is an error, and in double quotes afterwards.
    assert sink.error_count >= sink_after.error_count
    if not sink.error_count:
        assert meaning(document) == meaning(document_after)


def meaning(value: object) -> object:
    """A parsed tree without its places: what a snapshot is compiled from."""
    if isinstance(value, SourceSpan):
        return None
    if isinstance(value, ScalarNode):
        return value.text
    if isinstance(value, MappingNode):
        return core_json(value)
    if isinstance(value, tuple | list):
        return [meaning(item) for item in value]
    if isinstance(value, Mapping):
        return [(meaning(key), meaning(item)) for key, item in value.items()]
    if dataclasses.is_dataclass(value) and not isinstance(value, Enum):
        fields = dataclasses.fields(value)
        return type(value).__name__, [
            (field.name, meaning(getattr(value, field.name))) for field in fields
        ]
    return value


@pytest.mark.parametrize("file", yaml_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_of_this_repository_says_the_same_afterwards(file: Path) -> None:
    text = file.read_bytes()
    sink = DiagnosticSink()
    made = formatted(text, "a.yaml", sink)
    if made is None:
        assert sink.error_count > 0
        assert read(text) is None
    elif isinstance(read(text), MappingNode):
        check(text, made)


def test_random_trees_in_random_layouts_say_the_same_afterwards() -> None:
    rng = Random(f"layout/{seed()}")
    commented = 0
    for _ in range(scaled(400)):
        texts = files_of(random_tree(rng, WORDS), rng.randrange(2**32))
        rewritten, comments = in_random_layout(texts, rng)
        made = {path: laid_out(text) or b"" for path, text in rewritten.items()}
        commented += sum(map(len, comments.values()))
        for path, text in rewritten.items():
            check(text.encode(), made[path])
            assert comments_in(made[path].decode()) == Counter(comments[path]), text
        assert tree_of(texts) == tree_of({path: text.decode() for path, text in made.items()})
    assert commented > 0


def in_random_layout(
    texts: Mapping[str, str], rng: Random
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The files written anew, and the comments that each of them got."""
    rewritten, comments = {}, {}
    for path, text in texts.items():
        node = read(text.encode())
        assert node is not None
        writer = RandomWriter(rng)
        rewritten[path] = writer.write(node)
        comments[path] = writer.comments
        again = read(rewritten[path].encode())
        assert again is not None, rewritten[path]
        assert core_json(again) == core_json(node), rewritten[path]
    return rewritten, comments


def comments_in(text: str) -> Counter[str]:
    """Comments that `RandomWriter` has put in: each has its number at the end."""
    found = re.findall(
        r"(?:^|\s)(#(?:!|  why:|  ?| \"quoted\"| a: \{b: \[c, # d)? ?\d+)$", text, re.M
    )
    return Counter(found)


def tree_of(texts: Mapping[str, str]) -> object:
    sink = DiagnosticSink()
    tree = parse_tree(files_from_memory(texts), sink)
    assert sink.error_count == 0
    return meaning(tree.documents)


# --- any YAML -------------------------------------------------------------------------------------


def corpus() -> Iterator[Node]:
    for file in yaml_files():
        node = read(file.read_bytes())
        if isinstance(node, MappingNode):
            yield node


def test_files_of_this_repository_in_random_layouts_say_the_same_afterwards() -> None:
    rng = Random(f"layouts/{seed()}")
    nodes = list(corpus())
    for _ in range(scaled(3_000)):
        writer = RandomWriter(rng, expressions_stay=rng.random() < 0.5)
        text = writer.write(rng.choice(nodes))
        made = laid_out(text)
        assert made is not None, text
        check(text.encode(), made)
        assert comments_in(made.decode()) == Counter(writer.comments), text


PIECES = (
    "a: ", "b: ", "id: ", "when: ", "- ", "- ", "|\n", ">\n", "|-\n", "|+\n", ">+\n", "|2\n", " ",
    "  ", "  ", "    ", "\n", "\n", "\n  ", "\n    ", "# c", "#", "'x y'", '"y"', '"y \\\n  z"',
    "'it''s'", "{", "}", "[", "]", ", ", ",", "foo", "foo bar", "x\n    y", "'", '"', ":", "? ",
    "true", "5", "null", "~", "kind: Library\n", "kind: Policy\n", "rules:\n", "enabled: no\n",
    "\t", "é", "---\n", "\\ \n", "enabled: 'true'",
)  # fmt: skip


def test_whatever_can_be_read_says_the_same_afterwards() -> None:
    """Texts put together from pieces of YAML; most cannot be read, and are refused as they are."""
    rng = Random(f"pieces/{seed()}")
    counted: Counter[bool] = Counter()
    for _ in range(scaled(200_000)):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 22)))
        if rng.random() < 0.5:
            text = "k:\n  " + text.replace("\n", "\n  ")
        content = text.encode()
        node, made = read(content), laid_out(content)
        assert (node is None) == (made is None)
        counted[node is None] += 1
        if made is not None and isinstance(node, MappingNode):
            check(content, made)
    assert min(counted.values()) > 0
