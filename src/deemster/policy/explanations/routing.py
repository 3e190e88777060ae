"""Codes of base URLs, path templates and methods."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations.explanation import Explanation

__all__ = ["ROUTING"]

ROUTING: Mapping[Code, Explanation] = {
    Code.BASE_URL: Explanation(
        "a base URL that cannot be used",
        "It has a scheme, a host and a path, such as `https://api.example.com/billing`, and no "
        "query.",
    ),
    Code.BASE_URL_TWICE: Explanation(
        "a base URL that two services claim",
        "Which of them would decide a call depended on chance. Write both as one service, or "
        "change one.",
    ),
    Code.BAD_TEMPLATE: Explanation(
        "a path template that cannot be used",
        "A template starts with `/`, is written decoded, and has literal segments, `{name}` or "
        "`*` for one segment, and `**` at its end for the rest.",
        (Severity.ERROR, Severity.WARNING),
    ),
    Code.BAD_PATTERN: Explanation(
        "a pattern that cannot be used",
        "Patterns are RE2, which takes linear time whatever the text: no look-around, no "
        "back-references. A parameter's pattern must match the whole segment.",
    ),
    Code.OVERLAP: Explanation(
        "two templates of equal rank that match the same calls",
        "Nothing says which of them decides. Give them different methods, or make one of them "
        "more specific.",
    ),
    Code.SHADOWED: Explanation(
        "an operation that is never chosen",
        "More specific templates take its every call. Remove it, or make its path more specific.",
    ),
    Code.SHADOWED_PATH: Explanation(
        "a path or a method of an operation that is never chosen",
        "More specific operations take every call that would come by it, while the operation is "
        "still reached by others.",
        (Severity.WARNING,),
    ),
    Code.METHOD_LEAK: Explanation(
        "a broad operation that grants a method where a more specific one has others",
        "`GET /reports/{id}` beside `/reports/**` for every method: `DELETE /reports/7` is "
        "decided by the broad one, which its author may never have meant. List the methods that "
        "the broad one is for, or say that it is meant by `alsoCovers: [that-id]`.",
        (Severity.ERROR, Severity.WARNING),
    ),
    Code.UNREACHABLE: Explanation(
        "an operation behind another service's longer base URL",
        "The longest base URL decides alone, and there is no way back to a shorter one. Move the "
        "operation, or change a base URL.",
    ),
    Code.SPECIFICITY_HOLE: Explanation(
        "a wider template that answers other spellings of a narrower path, and asks for less",
        "Paths are compared exactly. Where the upstream folds case or ignores a trailing slash, "
        "`/Admin` or `/admin/` reaches the same resource as `/admin`, and here the wider "
        "operation decides, without what the narrower one requires. Constrain the parameter by "
        "`params`, or write `service: {paths: {case: insensitive, trailingSlash: same}}` if the "
        "upstream takes such spellings for one. If it compares exactly too, suppress the finding.",
        (Severity.WARNING,),
    ),
    Code.METHOD_HINT: Explanation(
        "an operation that answers GET, and not HEAD or OPTIONS as its neighbours do",
        "HEAD and OPTIONS are never implied. A service that lists one of them here and there has "
        "most likely forgotten it elsewhere.",
        (Severity.HINT,),
    ),
}
