"""Golden layouts: a file before and after `deemster fmt`.

`python -m tests.golden.layout.cases_of_layout` writes every `after.yaml` again; read the diff.
"""

from pathlib import Path

from deemster.policy.diagnostics import DiagnosticSink
from deemster.policytools.layout.formatting import formatted

CASES = Path(__file__).parent / "cases"


def cases() -> list[Path]:
    """Every case's folder, in order."""
    return sorted(CASES.iterdir())


def laid_out(case: Path) -> bytes:
    """The layout of a case's file, which can be read."""
    made = formatted((case / "before.yaml").read_bytes(), "before.yaml", DiagnosticSink())
    assert made is not None
    return made


if __name__ == "__main__":
    for folder in cases():
        (folder / "after.yaml").write_bytes(laid_out(folder))
