"""How lexer and parser say that a text is no expression: by offsets, before spans are known."""

from __future__ import annotations

from deemster.policy.codes import Code

__all__ = ["ExpressionSyntaxError", "left_out"]


class ExpressionSyntaxError(Exception):
    """`text[start:end]` is wrong. Becomes a diagnostic in `parse_condition`; never leaves it."""

    def __init__(
        self,
        code: Code,
        message: str,
        start: int,
        end: int,
        help: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.help = help


def left_out(what: str, start: int, end: int, help: str) -> ExpressionSyntaxError:
    """For a construct that CEL has and this language leaves out; `help` says what to write."""
    return ExpressionSyntaxError(
        Code.UNSUPPORTED, f"{what} is not part of the language", start, end, help
    )
