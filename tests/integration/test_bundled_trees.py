"""A tree in a bundle decides, is tested and is reported on as the folder that it was made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from deemster.bundles.verifying import open_bundle
from deemster.errors import PolicyError
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.loading import LoadedTree, load_texts, load_tree
from deemster.policy.reading.files import read_tree_files
from deemster.policytest.gathering import gather_suites
from tests.support.bundles import a_signed_bundle, pinned
from tests.support.clock import FROZEN_AT

ROOT = Path(__file__).parents[2]
TREES = sorted(
    [ROOT / "policies", *(found.parent for found in (ROOT / "examples").rglob("api-services"))]
)


def bundled(tree: Path) -> LoadedTree:
    files = read_tree_files(tree, DiagnosticSink())
    octets = a_signed_bundle({file.path: file.content for file in files.files})
    bundle = open_bundle(octets, keys=pinned())
    loaded = load_texts(bundle.files)
    assert loaded.snapshot.revision == bundle.manifest.revision
    return loaded


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree.relative_to(ROOT)))
def test_a_bundled_tree_is_the_tree_on_disk(tree: Path) -> None:
    on_disk, in_bundle = load_tree([tree]), bundled(tree)
    assert in_bundle.snapshot.revision == on_disk.snapshot.revision
    assert list(in_bundle.snapshot.services) == list(on_disk.snapshot.services)
    assert suites_of(in_bundle) == suites_of(on_disk)
    assert len(in_bundle.diagnostics) == len(on_disk.diagnostics)


def suites_of(loaded: LoadedTree) -> list[tuple[str, int]]:
    sink = DiagnosticSink()
    suites = gather_suites(loaded, sink, now=FROZEN_AT)
    assert not sink.has_errors
    return [(suite.id, len(suite.cases)) for suite in suites]


def test_findings_in_a_bundle_name_files_as_the_bundle_has_them() -> None:
    with pytest.raises(PolicyError) as caught:
        load_texts({"a/broken.yaml": b"kind: Nothing\n"})
    assert {found.span.file for found in caught.value.diagnostics} == {"a/broken.yaml"}
    assert "a/broken.yaml" in caught.value.sources
    with pytest.raises(PolicyError) as caught:
        load_texts({"a/broken.yaml": b"kind: Nothing\n"}, shown_under="bundle 7")
    assert {found.span.file for found in caught.value.diagnostics} == {"bundle 7/a/broken.yaml"}
