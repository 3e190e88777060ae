"""`x.matches('…')`: the pattern is compiled when the tree is checked, and asked for its anchors."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.expressions import ast, terms
from deemster.policy.expressions.declared import declared_note
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.terms import Term
from deemster.policy.patterns.anchors import anchoring_of
from deemster.policy.patterns.compiling import Pattern, compile_pattern
from deemster.policy.patterns.problems import MalformedPatternError, shortened

__all__ = ["pattern_test"]


def pattern_test(
    call: ast.MethodCall, operand: Term, argument: Term, report: Report
) -> Term | None:
    """The term of `operand.matches(argument)`, both of type string; None after reporting."""
    if not isinstance(argument, terms.Constant) or not isinstance(argument.value, str):
        report.error(
            Code.TYPE_MISMATCH,
            "`matches` needs a constant pattern",
            argument.span,
            help="write `matches('^[a-z]+$')`, or name a constant: patterns are compiled at load",
            notes=declared_note(argument),
        )
        return None
    try:
        pattern = compile_pattern(argument.value)
    except MalformedPatternError as problem:
        report.error(
            Code.BAD_PATTERN,
            f"the pattern{_shown(argument)} cannot be used: {problem.message}",
            _place(call, argument, problem),
            help=problem.help,
            notes=declared_note(argument),
        )
        return None
    _warn_unanchored(pattern, argument, report)
    return terms.PatternTest(operand, pattern, call.span)


def _place(
    call: ast.MethodCall, argument: terms.Constant, problem: MalformedPatternError
) -> SourceSpan:
    """Within the pattern where it is written here; a declared constant is pointed at whole."""
    written = call.arguments[0]
    if not isinstance(written, ast.StringLiteral) or written.part is None:
        return argument.span
    return written.part(problem.start, problem.end)


def _shown(argument: terms.Constant) -> str:
    """The text of a pattern that stands elsewhere."""
    return "" if argument.declared_at is None else f" `{shortened(str(argument.value))}`"


def _warn_unanchored(pattern: Pattern, argument: terms.Constant, report: Report) -> None:
    found = anchoring_of(pattern.text)
    if found.start and found.end:
        return
    if found.is_parted:
        message = "`^` and `$` belong to one alternative of the pattern alone"
        help_text = "put the alternatives into a group: `^(?:a|b)$`"
    elif found.start:
        message = "the pattern does not say where the text ends"
        help_text = "whatever follows is taken too: end it with `$`, or write `startsWith('…')`"
    elif found.end:
        message = "the pattern does not say where the text begins"
        help_text = "whatever goes before is taken too: begin it with `^`, or write `endsWith('…')`"
    else:
        message = "the pattern may match any part of the text"
        help_text = "write `^…$` for the whole text, or `contains('…')` for a part of it"
    report.warning(
        Code.UNANCHORED_PATTERN,
        message,
        argument.span,
        help=help_text,
        notes=declared_note(argument),
    )
