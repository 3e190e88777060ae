"""File bytes ► text that is safe to show and that every YAML reader splits into the same lines.

Runs before any YAML library sees the text. What is refused here would let a reviewer's editor and
Deemster read one file in two ways.
"""

from __future__ import annotations

import re

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink

__all__ = ["MAX_FILE_BYTES", "decode_source"]

MAX_FILE_BYTES = 1024 * 1024

# C0 and C1 controls but tab and line feed; a carriage return that ends no CRLF; NEL, LS and PS,
# which YAML 1.1 takes for line breaks and editors do not; bidirectional controls, which show a
# reviewer another order than the one that is read (CVE-2021-42574); byte order marks inside.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufffe\uffff]|\r(?!\n)"
)
# libyaml compares each %TAG with all before it: a file of them takes seconds.
_DIRECTIVE = re.compile("^%", re.MULTILINE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode_source(content: bytes, file: str, sink: DiagnosticSink) -> str | None:
    """The text of a policy file, or None after an error. `file` is the path as shown to people."""
    if len(content) > MAX_FILE_BYTES:
        sink.error(
            Code.FILE_TOO_LARGE,
            f"the file has {len(content):,} bytes, more than 1 MiB",
            SourceSpan(file, 1, 1, 1, 1),
            help="split it into several documents",
        )
        return None
    if content.startswith(_BYTE_ORDER_MARK):
        sink.error(
            Code.NOT_UTF8,
            "the file begins with a byte order mark",
            SourceSpan(file, 1, 1, 1, 1),
            help="save it as UTF-8 without a byte order mark (BOM)",
        )
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse_bytes(content, error.start, file, sink)
        return None
    return text if _is_plain(text, file, sink) else None


def _refuse_bytes(content: bytes, at: int, file: str, sink: DiagnosticSink) -> None:
    is_utf16 = content.startswith(_UTF16_MARKS)
    sink.error(
        Code.NOT_UTF8,
        "the file is UTF-16" if is_utf16 else f"byte 0x{content[at]:02x} here is not UTF-8",
        _place(content[:at].decode("utf-8"), file, width=1),
        help="save the file as UTF-8",
    )


def _is_plain(text: str, file: str, sink: DiagnosticSink) -> bool:
    refused = _REFUSED.search(text)
    if refused is not None:
        sink.error(
            Code.CONTROL_CHARACTER,
            f"the character U+{ord(refused[0]):04X} may not stand in a policy file",
            _place(text[: refused.start()], file, width=1),
            help=_control_help(refused[0]),
        )
        return False
    directive = _DIRECTIVE.search(text)
    if directive is not None:
        sink.error(
            Code.YAML_FEATURE,
            "YAML directives are not used in policy files",
            _place(text[: directive.start()], file, width=1),
            help="remove the line, or indent it if it belongs to a text",
        )
        return False
    return True


def _control_help(character: str) -> str:
    if character == "\r":
        return "end lines with LF or CRLF"
    return f'in double quotes it can be written as `"\\u{ord(character):04x}"`'


def _place(before: str, file: str, *, width: int) -> SourceSpan:
    """The place right after the text `before`."""
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return SourceSpan(file, line, column, line, column + width)
