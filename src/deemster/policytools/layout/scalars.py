"""How a single value is written: its quotes, by what the language knows of its place."""

from __future__ import annotations

import re

from deemster.policy.parsing import forms
from deemster.policy.reading.nodes import ScalarNode, ScalarStyle
from deemster.policytools.layout.outline import Entry

__all__ = ["as_written", "is_free_json", "key_text", "value_text"]

# Words that are one word to every reader of YAML, in brackets and out of them.
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$./-]*")
# YAML 1.1 and 1.2 take these for something else (yaml.org/type/bool.html, null.html).
_MEANS_MORE = re.compile("(?i:true|false|yes|no|on|off|y|n|null)")
_BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_QUOTED = {ScalarStyle.SINGLE_QUOTED, ScalarStyle.DOUBLE_QUOTED}


def key_text(entry: Entry, lines: list[str]) -> str:
    """A key without its colon."""
    key = entry.key
    if key is None:
        return ""
    if key.style is not ScalarStyle.PLAIN and _is_word(key.text):
        return key.text
    is_on_a_line = key.text and key.span.line == key.span.end_line
    if not is_on_a_line or key.style not in {ScalarStyle.PLAIN, *_QUOTED}:
        return _escaped(key.text)
    return _with_double_quotes(key, lines)


def value_text(entry: Entry, lines: list[str]) -> list[str]:
    """A value that is no block, as one line or several; what follows the first is not indented."""
    node = entry.value
    if not isinstance(node, ScalarNode):
        return []
    if node.style in {ScalarStyle.LITERAL, ScalarStyle.FOLDED}:
        # Blocks with nothing but white space in them; all others are written as blocks.
        return [_escaped(node.text)]
    if node.style in _QUOTED and _needs_no_quotes(node.text, entry.form):
        return [node.text]
    written = as_written(node, lines)
    return written if len(written) > 1 else [_with_double_quotes(node, lines)]


def as_written(node: ScalarNode, lines: list[str]) -> list[str]:
    """The scalar's lines in the file, less the white space around them."""
    span = node.span
    if not node.text and node.style is ScalarStyle.PLAIN:
        return [""]
    if span.line == span.end_line:
        return [lines[span.line - 1][span.column - 1 : span.end_column - 1]]
    first = lines[span.line - 1][span.column - 1 :]
    last = lines[span.end_line - 1][: span.end_column - 1]
    middle = lines[span.line : span.end_line - 1]
    found = [first, *(line.lstrip() for line in middle), last.lstrip()]
    # A backslash before white space at the end of a line makes text of it.
    is_text = node.style is ScalarStyle.DOUBLE_QUOTED
    return [line if is_text and line.strip() else line.rstrip() for line in found]


def is_free_json(form: forms.Form | None) -> bool:
    """Whether `5` and `"5"` are different values there; where nothing is known they may be."""
    return form is None or not isinstance(
        form, forms.Id | forms.Name | forms.Choice | forms.Condition
    )


def _needs_no_quotes(text: str, form: forms.Form | None) -> bool:
    if isinstance(form, forms.Condition):
        return _BARE_NAME.fullmatch(text) is not None and _is_word(text)
    return isinstance(form, forms.Id | forms.Name | forms.Choice) and _is_word(text)


def _is_word(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and _MEANS_MORE.fullmatch(text) is None


def _with_double_quotes(node: ScalarNode, lines: list[str]) -> str:
    """The scalar as it stands, but for single quotes that double ones can replace."""
    (written,) = as_written(node, lines)
    if node.style is not ScalarStyle.SINGLE_QUOTED or '"' in node.text or "\\" in node.text:
        return written
    return f'"{node.text}"'


def _escaped(text: str) -> str:
    """A double-quoted scalar of any text (YAML 1.2.2, 5.7)."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'
