"""Path templates: `/invoices/{id}/payments`, `/files/**`. Text ► segments with a rank.

The grammar and its meaning: `policy-language.md` 2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from deemster.model.source import SourceSpan
from deemster.model.urls import MalformedUrlError, encode_segment
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.routing.constraints import Constraint, compile_constraints
from deemster.policy.tree import ParameterConstraint, Text

__all__ = [
    "Literal",
    "Parameter",
    "Rank",
    "Segment",
    "Template",
    "parse_template",
    "parse_templates",
    "rank_of",
]

TEMPLATE_LIMIT = 2048
"""Characters of a template."""

SEGMENT_LIMIT = 64
"""Segments of a template: the router descends one level for each."""


class Rank(IntEnum):
    """How specific one position is; the lower wins. `END` and `REST` close a template."""

    LITERAL = 0
    CONSTRAINED = 1
    OPEN = 2
    END = 3
    REST = 4


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this decoded text; "" only as the last segment (a trailing slash)."""

    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """`{name}`, or `*` where `name` is None: one non-empty segment."""

    name: str | None
    constraint: Constraint | None


Segment = Literal | Parameter


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template. `rest` is the final `**`, which is not among the segments."""

    text: str
    segments: tuple[Segment, ...]
    rest: bool
    span: SourceSpan

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names from left to right."""
        return tuple(
            segment.name
            for segment in self.segments
            if isinstance(segment, Parameter) and segment.name is not None
        )

    @property
    def without_trailing_slash(self) -> tuple[Segment, ...]:
        """The segments where a trailing slash makes no difference; `/` itself stays."""
        folds = not self.rest and len(self.segments) > 1 and self.segments[-1] == Literal("")
        return self.segments[:-1] if folds else self.segments


def rank_of(segments: Sequence[Segment], *, rest: bool) -> tuple[Rank, ...]:
    """One entry for each segment, then END or REST.

    Of two templates that match one path, the one with the lesser rank is the more specific.
    """
    return (*[_rank(segment) for segment in segments], Rank.REST if rest else Rank.END)


def _rank(segment: Segment) -> Rank:
    if isinstance(segment, Literal):
        return Rank.LITERAL
    return Rank.OPEN if segment.constraint is None else Rank.CONSTRAINED


def parse_templates(
    paths: Sequence[Text], params: Sequence[ParameterConstraint], sink: DiagnosticSink
) -> tuple[Template, ...] | None:
    """The templates of one operation, or None where one has an error (all are reported).

    A constraint may belong to a parameter of any of the paths.
    """
    findings = DiagnosticSink()
    constraints = compile_constraints(params, findings)
    templates = [_parse(text, constraints, findings) for text in paths]
    found = tuple(template for template in templates if template is not None)
    if len(found) == len(templates):
        _report_unknown(params, {name for template in found for name in template.names}, findings)
    for finding in findings.finish():
        sink.add(finding)
    return None if findings.has_errors else found


def parse_template(
    text: Text, constraints: Sequence[ParameterConstraint], sink: DiagnosticSink
) -> Template | None:
    """One template alone: as `parse_templates` with one path."""
    templates = parse_templates((text,), constraints, sink)
    return None if templates is None else templates[0]


def _report_unknown(
    params: Sequence[ParameterConstraint], names: set[str], sink: DiagnosticSink
) -> None:
    known = ", ".join(f"`{name}`" for name in sorted(names))
    for entry in params:
        if entry.name.value not in names:
            sink.error(
                Code.UNKNOWN_NAME,
                f"no path of this operation has a parameter `{entry.name.value}`",
                entry.name.span,
                help=did_you_mean(entry.name.value, sorted(names))
                or (f"parameters here: {known}" if names else "the paths have no parameters"),
            )


class _TemplateFault(Exception):  # noqa: N818  (never leaves this module)
    """The first thing wrong with a template, at `text[start:end]`."""

    def __init__(self, message: str, start: int, end: int, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.advice = advice


def _parse(
    text: Text, constraints: Mapping[str, Constraint], sink: DiagnosticSink
) -> Template | None:
    try:
        segments, rest = _segments(text.value, constraints)
    except _TemplateFault as fault:
        span = _span_within(text, fault.start, fault.end)
        sink.error(Code.BAD_TEMPLATE, fault.message, span, help=fault.advice)
        return None
    for sign in _QUERY_SIGNS.finditer(text.value):
        sink.warning(
            Code.BAD_TEMPLATE,
            f"`{sign[0]}` in a template stands for that character inside the path",
            _span_within(text, *sign.span()),
            help="a template never sees the query; read `request.query` in a condition",
        )
    return Template(text.value, segments, rest, text.span)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_QUERY_SIGNS = re.compile(r"[?#]")
_PARAMETER = re.compile(r"\{([^{}\\]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPABLE = "{}*\\"


def _segments(text: str, constraints: Mapping[str, Constraint]) -> tuple[tuple[Segment, ...], bool]:
    if not text.startswith("/"):
        raise _TemplateFault(
            "a template starts with `/`", 0, 1, "it is relative to the base URL: `/invoices`"
        )
    if len(text) > TEMPLATE_LIMIT:
        raise _TemplateFault(f"a template has at most {TEMPLATE_LIMIT} characters", 0, len(text))
    control = _CONTROL.search(text)
    if control is not None:
        raise _TemplateFault("a template has no control characters", *control.span())
    pieces = text[1:].split("/")
    if len(pieces) > SEGMENT_LIMIT:
        raise _TemplateFault(f"a template has at most {SEGMENT_LIMIT} segments", 0, len(text))
    rest = pieces[-1] == "**"
    if rest:
        del pieces[-1]
    segments: list[Segment] = []
    start = 1
    for number, piece in enumerate(pieces, 1):
        if not piece and (rest or number < len(pieces)):
            raise _TemplateFault(
                "an empty segment inside a template", start - 1, start + 1, "remove one `/`"
            )
        segments.append(_segment(piece, start, constraints))
        start += len(piece) + 1
    _refuse_duplicates(segments, text)
    return tuple(segments), rest


def _segment(piece: str, start: int, constraints: Mapping[str, Constraint]) -> Segment:
    end = start + len(piece)
    if piece == "*":
        return Parameter(None, None)
    if piece == "**":
        advice = "write `*` for one segment"
        raise _TemplateFault("`**` stands only at the end of a template", start, end, advice)
    parameter = _PARAMETER.fullmatch(piece)
    if parameter is None:
        return Literal(_literal(piece, start))
    name = parameter[1]
    if not _NAME.fullmatch(name):
        raise _TemplateFault(
            f"`{name}` is not a parameter name",
            start + 1,
            max(end - 1, start + 2),
            "letters, digits and `_`, not beginning with a digit",
        )
    return Parameter(name, constraints.get(name))


def _literal(piece: str, start: int) -> str:
    escape = _ESCAPE.search(piece)
    if escape is not None:
        first, last = escape.span()
        advice = "write the character itself: literal segments are compared decoded"
        raise _TemplateFault("a template is written decoded", start + first, start + last, advice)
    text = _unescaped(piece, start)
    end = start + len(piece)
    if text in {".", ".."}:
        advice = "write the path that it leads to"
        raise _TemplateFault("a dot segment never reaches an operation", start, end, advice)
    try:
        encode_segment(text)
    except MalformedUrlError:
        message = "this segment is not text that UTF-8 can carry"
        raise _TemplateFault(message, start, end) from None
    return text


def _unescaped(piece: str, start: int) -> str:
    characters: list[str] = []
    position = 0
    while position < len(piece):
        character = piece[position]
        if character == "\\":
            position += 1
            character = piece[position : position + 1]
            if not character or character not in _ESCAPABLE:
                at = start + position
                message = "`\\` escapes only `{`, `}`, `*` and `\\`"
                raise _TemplateFault(message, at - 1, at + len(character))
        elif character in _ESCAPABLE:
            at = start + position
            advice = (
                "a parameter fills a segment: `{name}` or `*`; write `\\"
                + character
                + "` for the sign"
            )
            raise _TemplateFault(f"`{character}` inside a segment", at, at + 1, advice)
        characters.append(character)
        position += 1
    return "".join(characters)


def _refuse_duplicates(segments: Sequence[Segment], text: str) -> None:
    seen: set[str] = set()
    for segment in segments:
        if isinstance(segment, Literal) or segment.name is None:
            continue
        if segment.name in seen:
            start = text.rindex("{" + segment.name + "}")
            end = start + len(segment.name) + 2
            advice = "give each its own name"
            raise _TemplateFault(f"the parameter `{segment.name}` occurs twice", start, end, advice)
        seen.add(segment.name)


def _span_within(text: Text, start: int, end: int) -> SourceSpan:
    """The place of `text.value[start:end]`, where characters and columns run alike.

    The span covers the scalar as written: as wide as its value it is plain, two wider it is
    quoted without escapes; else only the whole can be pointed at.
    """
    span = text.span
    quotes = span.end_column - span.column - len(text.value)
    if span.line != span.end_line or quotes not in {0, 2}:
        return span
    first = span.column + quotes // 2
    return SourceSpan(span.file, span.line, first + start, span.line, first + end)
