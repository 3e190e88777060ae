"""docs/policy/diagnostics.md: every code, from the table of explanations and the golden cases.

`python -m scripts.diagnostics_page` writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

from deemster.policy.codes import Code
from deemster.policy.explanations import CHAPTERS, SUPPRESSIBLE

__all__ = ["PAGE", "page"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "policy" / "diagnostics.md"
CASES = ROOT / "tests" / "golden" / "policy" / "diagnostics"

_HEAD = """# Diagnostics

Every code that `deemster check` may show, with an example where a small tree can give one.
`deemster check --explain CODE` prints the same text. Made by `python -m scripts.diagnostics_page`
from the code itself.

A warning or a hint that was looked at is suppressed in `metadata` of the file it stands in:

```yaml
metadata:
  id: invoices
  suppress:
    - {code: specificity-hole, at: invoices/read-invoice, reason: its upstream is exact}
```

`at` is an id path of the document; without it the suppression is for the whole document. One that
suppresses nothing is a finding itself. Why so: [0014](../decisions/0014-suppression.md).
"""
_BLOCK = re.compile(
    r"^\S.*?: (?:error|warning|hint)\[(?P<code>[a-z0-9-]+)\]: .*\n(?:[ ].*\n)*", re.MULTILINE
)


def page() -> str:
    """The page's text."""
    examples = _examples()
    parts = [_HEAD]
    for chapter, table in CHAPTERS.items():
        parts.append(f"## {chapter}\n")
        for code, explanation in table.items():
            severities = " or ".join(severity.value for severity in explanation.severities)
            more = "; may be suppressed" if code in SUPPRESSIBLE else ""
            parts.append(f"### {code}\n")
            parts.append(f"*{severities}{more}*: {explanation.title}.\n")
            parts.append(f"{explanation.text}\n")
            if code in examples:
                parts.append(f"```text\n{examples[code]}```\n")
    return "\n".join(parts)


def _examples() -> dict[Code, str]:
    """One finding of each code: the first of the case that is called like it, if there is one."""
    found: dict[Code, str] = {}
    named = {str(code) for code in Code}
    cases = sorted(CASES.iterdir(), key=lambda case: (case.name not in named, case.name))
    for case in cases:
        expected = case / "expected.txt"
        if expected.is_file():
            for block in _BLOCK.finditer(expected.read_text(encoding="utf-8")):
                shown = block[0].replace("tree/", "policies/")
                if case.name not in named or case.name == block["code"]:
                    found.setdefault(Code(block["code"]), shown)
    return found


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
