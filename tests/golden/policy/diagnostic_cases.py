"""Golden diagnostics of the policy text stages: a tree of files each, and what `check` prints.

`python -m tests.golden.policy.diagnostic_cases` writes every `expected.txt` again; read the diff
as the author of the policy would.
"""

from pathlib import Path

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.files import read_tree_files
from deemster.policy.parser import parse_tree
from deemster.policy.rendering import render_text, summary

CASES = Path(__file__).parent / "diagnostics"


def cases() -> list[Path]:
    """Every case's folder, in order."""
    return sorted(folder for folder in CASES.iterdir() if folder.is_dir())


def printed(case: Path) -> str:
    """Diagnostics of the tree as text, paths relative to the case's folder."""
    sink = DiagnosticSink()
    files = read_tree_files(case / "tree", sink)
    parse_tree(files, sink)
    found = sink.finish()
    text = f"{render_text(found, files.sources())}{summary(found)}\n"
    return text.replace(f"{case.as_posix()}/", "")


if __name__ == "__main__":
    for folder in cases():
        (folder / "expected.txt").write_text(printed(folder), encoding="utf-8")
