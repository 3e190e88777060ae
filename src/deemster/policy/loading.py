"""Files ► snapshot, in one run that reports everything: the way every command loads a tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deemster.errors import PolicyError
from deemster.policy.checking.checker import check_tree
from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.parser import parse_tree
from deemster.policy.reading.files import PolicyFiles, files_from_memory, read_tree_files
from deemster.policy.resolved import ProviderFacts, ResolvedTree, SourceFacts
from deemster.policy.suppression import SuppressedFinding, Suppressions
from deemster.policy.tree import Tree

if TYPE_CHECKING:
    from deemster.policy.snapshot import PolicySnapshot

__all__ = ["LoadedTree", "load_files", "load_texts", "load_tree"]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedTree:
    """A tree that loaded. `diagnostics` holds warnings and hints only, less those suppressed.

    `compiled` compiles it when it is first called: whoever only checks a tree need not wait.
    """

    compiled: Callable[[], PolicySnapshot]
    tree: Tree
    resolved: ResolvedTree
    files: PolicyFiles
    diagnostics: DiagnosticSet
    suppressed: tuple[SuppressedFinding, ...] = ()

    @property
    def snapshot(self) -> PolicySnapshot:
        """What decides; always the same one."""
        return self.compiled()


def load_tree(
    paths: Sequence[Path],
    providers: Mapping[str, ProviderFacts] | None = None,
    sources: SourceFacts | None = None,
) -> LoadedTree:
    """Load the policy folders or files at `paths` as one tree.

    `providers`: the settings' token providers by id, `sources` what attributes may name there,
    None to check without settings. Raises PolicyError with every finding where there is an error.
    """
    sink = DiagnosticSink()
    return load_files(read_tree_files(paths, sink), providers, sink, sources)


def load_texts(
    texts: Mapping[str, str | bytes],
    providers: Mapping[str, ProviderFacts] | None = None,
    sources: SourceFacts | None = None,
    *,
    shown_under: str = "",
) -> LoadedTree:
    """Load a tree from memory, such as a bundle's: texts by path from the tree's root.

    Findings name files by these paths, with `shown_under` before them. Raises as `load_tree`.
    """
    files = files_from_memory(texts, shown_under=shown_under)
    return load_files(files, providers, sources=sources)


def load_files(
    files: PolicyFiles,
    providers: Mapping[str, ProviderFacts] | None = None,
    sink: DiagnosticSink | None = None,
    sources: SourceFacts | None = None,
) -> LoadedTree:
    """Parse, check and compile files that were read."""
    sink = sink or DiagnosticSink()
    tree = parse_tree(files, sink)
    resolved = check_tree(tree, providers, sink, sources)
    suppressions = Suppressions(tree)
    suppressions.refuse_unknown_places(sink)
    diagnostics, suppressed = suppressions.divide(sink.finish())
    # INVARIANT: a tree with a part left out is never compiled: absence must not permit.
    if diagnostics.errors or tree.broken:
        count = len(diagnostics.errors)
        raise PolicyError(
            f"the policy tree has {count} error{'' if count == 1 else 's'}",
            diagnostics=diagnostics,
            sources=files.sources(),
        )
    compiled = cache(lambda: _compiled(resolved))
    return LoadedTree(compiled, tree, resolved, files, diagnostics, suppressed)


def _compiled(resolved: ResolvedTree) -> PolicySnapshot:
    # All that decides is slow to import, and a check needs it for test suites alone.
    from deemster.policy.compiler import compile_tree

    return compile_tree(resolved)
