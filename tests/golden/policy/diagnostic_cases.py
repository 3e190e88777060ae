"""Golden diagnostics: a tree of files each, and what `check` prints of it.

A case may have a `providers.json` beside its `tree`, the token providers of the settings by id, and
a `sources.json`, their services and queries.
`python -m tests.golden.policy.diagnostic_cases` writes every `expected.txt` again; read the diff
as the author of the policy would.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from deemster.errors import PolicyError
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.loading import load_files
from deemster.policy.reading.files import PolicyFiles, read_tree_files
from deemster.policy.rendering import render_text, summary
from deemster.policy.resolved import ProviderFacts, SourceFacts
from deemster.policytest.review import review

CASES = Path(__file__).parent / "diagnostics"
NOW = 1_795_424_400
OF_SUITES = {Code.UNTESTED_SERVICE, Code.UNTESTED_OPERATION}


def cases() -> list[Path]:
    """Every case's folder, in order."""
    return sorted(folder for folder in CASES.iterdir() if folder.is_dir())


def printed(case: Path) -> str:
    """Diagnostics of the tree as text, paths relative to the case's folder."""
    sink = DiagnosticSink()
    files = read_tree_files(case / "tree", sink)
    found = _found(case, files, sink)
    text = f"{render_text(found, files.sources())}{summary(found)}\n"
    return text.replace(f"{case.as_posix()}/", "")


def _found(case: Path, files: PolicyFiles, sink: DiagnosticSink) -> DiagnosticSet:
    try:
        loaded = load_files(files, providers(case), sink, sources(case))
    except PolicyError as refused:
        return refused.diagnostics
    found = review(loaded, now=NOW).diagnostics
    # These trees are too small to have suites; only some cases are about that.
    if case.name.startswith("untested"):
        return found
    return DiagnosticSet(each for each in found if each.code not in OF_SUITES)


def providers(case: Path) -> Mapping[str, ProviderFacts] | None:
    """What the settings would say, or None for a check without settings."""
    file = case / "providers.json"
    if not file.exists():
        return None
    written = json.loads(file.read_text(encoding="utf-8"))
    return {name: ProviderFacts(**facts) for name, facts in written.items()}


def sources(case: Path) -> SourceFacts | None:
    """The services and queries of the settings, or None for a check without settings."""
    file = case / "sources.json"
    if not file.exists():
        return None
    written = json.loads(file.read_text(encoding="utf-8"))
    return SourceFacts(
        **{
            kind: {name: frozenset(names) for name, names in found.items()}
            for kind, found in written.items()
        }
    )


def shown_codes() -> set[Code]:
    """Codes that some case shows."""
    return {
        Code(code)
        for case in cases()
        for code in re.findall(
            r"(?:error|warning|hint)\[([a-z0-9-]+)\]: ",
            (case / "expected.txt").read_text(encoding="utf-8"),
        )
    }


if __name__ == "__main__":
    for folder in cases():
        (folder / "expected.txt").write_text(printed(folder), encoding="utf-8")
