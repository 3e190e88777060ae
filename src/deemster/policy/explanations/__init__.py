"""What each code means: one table for `check --explain`, SARIF, the docs and suppressions."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations.documents import DOCUMENTS, REFERENCES
from deemster.policy.explanations.explanation import Explanation
from deemster.policy.explanations.expressions import EXPRESSIONS
from deemster.policy.explanations.meaning import POLICIES, SERVICES
from deemster.policy.explanations.reading import FILES, YAML
from deemster.policy.explanations.routing import ROUTING
from deemster.policy.explanations.statements import STATEMENTS

__all__ = ["CHAPTERS", "EXPLANATIONS", "SUPPRESSIBLE", "Explanation"]

CHAPTERS: Mapping[str, Mapping[Code, Explanation]] = {
    "Files": FILES,
    "YAML": YAML,
    "Documents": DOCUMENTS,
    "Documents that name each other": REFERENCES,
    "Expressions": EXPRESSIONS,
    "Policies and rules": POLICIES,
    "Statements": STATEMENTS,
    "Services and operations": SERVICES,
    "Base URLs, paths and methods": ROUTING,
}
"""In the order of the documentation."""

EXPLANATIONS: Mapping[Code, Explanation] = {
    code: explanation for chapter in CHAPTERS.values() for code, explanation in chapter.items()
}

SUPPRESSIBLE: frozenset[Code] = frozenset(
    code
    for code, explanation in EXPLANATIONS.items()
    if any(severity is not Severity.ERROR for severity in explanation.severities)
) - {Code.STALE_SUPPRESSION, Code.SETTING} | {Code.FAIL_OPEN_COMBINING}
"""Language page section 10 names the one error among them."""
