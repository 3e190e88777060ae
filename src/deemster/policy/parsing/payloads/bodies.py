"""Payloads that change a body: JSONPaths, values for them, and replacements in texts."""

from __future__ import annotations

import re

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink
from deemster.policy.jsonpath.parser import parse_json_path
from deemster.policy.jsonpath.reading import read_json_path
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.payloads.shapes import REPLACEMENT
from deemster.policy.parsing.payloads.texts import (
    members_of,
    read_literal,
    read_text,
    refuse_placeholder,
)
from deemster.policy.parsing.scalars import describe
from deemster.policy.reading.nodes import Node, ScalarNode, SequenceNode
from deemster.policy.statements.replacements import FLAGS, BadReplacementError, Replacement
from deemster.policy.statements.templates import (
    JsonTemplate,
    TextTemplate,
    has_placeholder,
    read_json_template,
)

__all__ = ["read_modify_attributes", "read_paths", "read_regex_replace"]


def read_paths(node: Node, sink: DiagnosticSink, code: str) -> JsonTemplate:
    if not isinstance(node, SequenceNode):
        sink.error(
            Code.WRONG_TYPE,
            f"the payload of `{code}` must be a list of JSONPaths, found {describe(node)}",
            node.span,
            help='for example `payload: ["$.iban", "$..ssn"]`',
        )
        return None
    if not node.items:
        sink.error(
            Code.EMPTY_LIST, f"the payload of `{code}` is empty", node.span,
            help='write at least one JSONPath, for example `["$.iban"]`',
        )  # fmt: skip
    return [_path(item, sink, "a path") for item in node.items]


def _path(node: Node, sink: DiagnosticSink, name: str) -> str | None:
    """The text of a JSONPath, which no value may become a part of."""
    if isinstance(node, ScalarNode):
        if has_placeholder(node):
            refuse_placeholder(node, sink, "a JSONPath")
            return None
        if _BARE_NAME.fullmatch(node.text):
            sink.error(
                Code.BAD_JSONPATH,
                f"`{node.text}` is a name and not a JSONPath",
                node.span,
                help=f"write `$.{node.text}` for a member of the whole body, `$..{node.text}` for "
                "members of that name wherever they stand",
            )
            return None
    path = read_json_path(node, sink, name)
    return None if path is None else path.text


_BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_modify_attributes(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    payload: dict[str, JsonTemplate] = {}
    for key, value in members_of(node, sink, "modify-attributes", '{"$.tier": gold}'):
        path = _path(key, sink, "a path")
        if path is not None and not parse_json_path(path).segments:
            sink.error(
                Code.BAD_VALUE,
                "`$` is the whole body",
                key.span,
                help="name what is to be set, for example `$.tier`",
            )
        payload[key.text] = read_json_template(value, sink)
    return payload


def read_regex_replace(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    if not isinstance(node, SequenceNode):
        return _replacement(node, sink)
    if not node.items:
        sink.error(
            Code.EMPTY_LIST,
            "the payload of `regex-replace-attributes` is empty",
            node.span,
            help="write at least one `{regex: ..., replace: ...}`",
        )
    return [_replacement(item, sink) for item in node.items]


def _replacement(node: Node, sink: DiagnosticSink) -> JsonTemplate:
    before = sink.error_count
    fields = Fields.of(node, REPLACEMENT, sink)
    if fields is None:
        return None
    payload: dict[str, JsonTemplate] = {}
    regex, flags = read_literal(fields, "regex"), read_literal(fields, "flags")
    replace, path = fields.node_of("replace"), fields.node_of("path")
    if regex is not None:
        payload["regex"] = regex
    if replace is not None:
        payload["replace"] = read_text(replace, sink, "`replace`", may_be_empty=True)
    if path is not None:
        payload["path"] = _path(path, sink, "`path`")
    if flags is not None:
        payload["flags"] = flags
        _check_flags(flags, fields)
    if regex is not None and sink.error_count == before:
        _check_replacement(regex, payload["replace"], flags or "", fields)
    return payload


def _check_flags(flags: str, fields: Fields) -> None:
    node = fields.node_of("flags")
    for flag in flags:
        if flag not in FLAGS and node is not None:
            fields.sink.error(
                Code.BAD_VALUE,
                f"there is no flag `{flag}`",
                node.span,
                help="canonical equivalence is not known to RE2; write both spellings"
                if flag == "c"
                else "`i` ignores case, `l` takes the expression literally",
            )
            return


def _check_replacement(regex: str, replace: JsonTemplate, flags: str, fields: Fields) -> None:
    try:
        Replacement(regex, "", flags)
    except BadReplacementError as problem:
        node = fields.node_of("regex")
        fields.sink.error(
            Code.BAD_PATTERN,
            f"the pattern `{regex[:80]}` cannot be used: {problem}",
            fields.head_span if node is None else node.span,
            help="patterns are RE2: no look-around, no back-references",
        )
        return
    parts = replace.parts if isinstance(replace, TextTemplate) else (replace,)
    for part in parts:
        try:
            if isinstance(part, str):
                Replacement(regex, part, flags)
        except BadReplacementError as problem:
            node = fields.node_of("replace")
            fields.sink.error(
                Code.BAD_VALUE,
                str(problem),
                fields.head_span if node is None else node.span,
                help="`$0` is the whole match, `$1` its first group; `$$` is `$`",
            )
            return
