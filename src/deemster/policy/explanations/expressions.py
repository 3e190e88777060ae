"""Codes of expressions."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from deemster.policy.explanations.explanation import Explanation

__all__ = ["EXPRESSIONS"]

_WARNING = (Severity.WARNING,)

EXPRESSIONS: Mapping[Code, Explanation] = {
    Code.EXPRESSION_SYNTAX: Explanation(
        "text that is no expression of the language",
        "Expressions are a small typed part of CEL. What was left out is refused with the form "
        "that takes its place.",
    ),
    Code.UNSUPPORTED: Explanation(
        "a construct of CEL that the language leaves out",
        "The language is a small part of CEL that can be type-checked, analysed and evaluated in "
        "bounded time. The finding names the form that takes the construct's place.",
    ),
    Code.EXPRESSION_TOO_LONG: Explanation(
        "an expression of more than 2 KiB",
        "Name parts of it under `conditions`, put lists into `constants`, or write it as `all`, "
        "`any` and `not` lists.",
    ),
    Code.EXPRESSION_TOO_DEEP: Explanation(
        "an expression that is nested too deep or too large",
        "Parentheses go 32 deep; named conditions written out go 128 deep and have 10,000 terms.",
    ),
    Code.UNKNOWN_NAME: Explanation(
        "a name that nothing declares",
        "Claims and user attributes are declared under `schema`; constants and conditions in this "
        "file or in an imported Library, then used as `alias.name`; parameters come from the "
        "operation's path.",
    ),
    Code.TYPE_MISMATCH: Explanation(
        "values of different types that cannot be compared or combined",
        "Conditions are type-checked when the tree loads, so that no call meets a comparison that "
        "can never have a value. The finding says where each type comes from.",
    ),
    Code.NOT_A_CONDITION: Explanation(
        "an expression whose value is neither true nor false",
        "A condition asks a question: compare a text or a number with a value, ask a list for a "
        "member.",
    ),
    Code.BAD_LITERAL: Explanation(
        "a number, time, network or other constant that cannot be used",
        "The finding says which form it has.",
    ),
    Code.NOT_IN_ENUM: Explanation(
        "a comparison with a value that the name can never have",
        "The declaration lists the values or a range. A comparison with anything else is a "
        "constant in disguise, and most likely a typing error.",
    ),
    Code.CONDITION_CYCLE: Explanation(
        "named conditions that use each other in a circle",
        "Write one of them out.",
    ),
    Code.OPTIONAL_UNGUARDED: Explanation(
        "an optional name that is compared without `has()`",
        "An absent value makes the comparison an error, and an error in a deny rule denies: every "
        "call without the value is refused. In a `first-applicable` list an error ends the list "
        "before the rules below it. Write `has(x) && …` or `!has(x) || …`, whichever is meant.",
        _WARNING,
    ),
    Code.DEFAULT_UNDER_DENY: Explanation(
        "a default that decides under a deny or under `!`",
        "Where the value is absent the default is compared instead, and a deny that should hold "
        "for callers without the value may not. Declare the name `optional: true` and say by "
        "`has()` what an absent value means.",
        _WARNING,
    ),
    Code.UNANCHORED_PATTERN: Explanation(
        "a pattern that may match a part of the text alone",
        "`matches` looks for the pattern anywhere in the text, as in CEL: `matches('acme')` holds "
        "for `not-acme.example` too. Write `^…$` for the whole text.",
        _WARNING,
    ),
    Code.BAD_JSONPATH: Explanation(
        "a JSONPath that cannot be used",
        "Paths are a part of RFC 9535 with bounds, so that no body and no answer of a service can "
        "keep a decision busy.",
    ),
    Code.NEVER_TRUE: Explanation(
        "a condition that can never be true",
        "Comparisons in it, or in it and the targets around it, contradict each other: no value "
        "of the names satisfies them all. A rule with such a condition never applies, and an "
        "`allow` with one permits nothing. What is reported here is proved; a condition that is "
        "not reported may still be one that never holds.",
        _WARNING,
    ),
    Code.ALWAYS_TRUE: Explanation(
        "a condition that is true for every call",
        "Wherever it has a value, that is true. It restricts nothing, and its author most likely "
        "meant it to. Leave it out, or mend it.",
        _WARNING,
    ),
}
