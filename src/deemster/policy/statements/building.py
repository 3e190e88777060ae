"""Payloads made of the values at hand, and what of them cannot be carried out.

Source: policy-language section 8. A value that cannot stand where it belongs is no reason to
leave it out: the statement cannot be built, and what follows is for `gathering` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from deemster.model.decision import Statement
from deemster.policy.expressions.closures import compile_expression
from deemster.policy.expressions.types import TIMESTAMP, Type
from deemster.policy.statements.attached import AttachedStatement, CannotBuildError
from deemster.policy.statements.codes import KnownCode
from deemster.policy.statements.headers import is_header_value
from deemster.policy.statements.replacements import literal_for_replace, quoted_for_replace
from deemster.policy.statements.resolved import ResolvedStatement
from deemster.policy.statements.templates import JsonTemplate, Placeholder, TextTemplate
from deemster.policy.values import Values

__all__ = ["compile_statement"]

JsonScalar = str | int | bool


def compile_statement(resolved: ResolvedStatement) -> AttachedStatement:
    """The statement with its payload as a function of the values."""
    declared = resolved.declaration
    code = declared.code
    finish = _FINISHERS.get(code, _as_it_is)

    def made(payload: object) -> Statement:
        return Statement(
            id=declared.name.value,
            code=code,
            payload=finish(payload),
            obligatory=declared.obligatory,
        )

    if not resolved.values:
        fixed = made(declared.payload)
        return AttachedStatement(declared, lambda _: fixed, fixed=True)
    # In `replace`, `$1` is a group: a value is never to be taken for one.
    quoted = "replace" if code == KnownCode.REGEX_REPLACE_ATTRIBUTES else None
    readers = [(compile_expression(value), value.type) for value in resolved.values]

    def build(values: Values) -> Statement:
        found = [_json_scalar(read(values), kind) for read, kind in readers]
        return made(_filled(declared.payload, iter(found), quoted))

    return AttachedStatement(declared, build, fixed=False)


# --- values in texts ----------------------------------------------------------------------------


def _json_scalar(value: object, kind: Type) -> JsonScalar:
    if kind is TIMESTAMP and isinstance(value, int | float):
        return _instant(value)
    if isinstance(value, bool | int | str):
        return value
    raise TypeError(f"a placeholder of type {kind}")  # the checker refuses lists


def _instant(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    return f"{moment.rstrip('0') if '.' in moment else moment}Z"


def _text(value: JsonScalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(
    template: JsonTemplate,
    values: Iterator[JsonScalar],
    quoted: str | None,
    key: str | None = None,
) -> object:
    """The payload; under the key `quoted` texts are made for `replace`."""
    if isinstance(template, TextTemplate):
        is_quoted = key is not None and key == quoted
        return _filled_text(template, values, _FOR_REPLACE if is_quoted else None)
    if isinstance(template, dict):
        return {name: _filled(value, values, quoted, name) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values, quoted) for value in template]
    return template


_Quoting = tuple[Callable[[str], str], Callable[[str], str]]
_FOR_REPLACE: _Quoting = (quoted_for_replace, literal_for_replace)


def _filled_text(
    template: TextTemplate, values: Iterator[JsonScalar], quoting: _Quoting | None
) -> JsonScalar:
    if template.is_value and quoting is None:
        return next(values)
    of_value, of_text = quoting or (str, str)
    return "".join(
        of_value(_text(next(values))) if isinstance(part, Placeholder) else of_text(part)
        for part in template.parts
    )


# --- what each code asks of its values ----------------------------------------------------------


def _as_it_is(payload: object) -> object:
    return payload


def _header_fields(payload: object) -> object:
    return {name: _field(value, _header_text) for name, value in _members(payload)}


def _query_parameters(payload: object) -> object:
    return {name: _field(value, _query_text) for name, value in _members(payload)}


def _field(value: object, text_of: Callable[[object], str]) -> object:
    if isinstance(value, list):
        return [text_of(item) for item in value]
    return None if value is None else text_of(value)


def _header_text(value: object) -> str:
    text = _scalar_text(value)
    if not is_header_value(text):
        raise CannotBuildError("a value cannot stand in a header field")
    return text


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def _query_text(value: object) -> str:
    text = _scalar_text(value)
    if _CONTROL.search(text) is not None:
        raise CannotBuildError("a value has control characters")
    return text


def _scalar_text(value: object) -> str:
    if isinstance(value, bool | int | str):
        return _text(value)
    raise CannotBuildError("a value is no text")


def _challenge(payload: object) -> object:
    found: dict[str, object] = {}
    for name, value in _members(payload):
        if name == "max_age":
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise CannotBuildError("`max_age` is no number of seconds")
            found[name] = value
        else:
            texts = value if isinstance(value, list) else [value]
            found[name] = " ".join(_header_text(text) for text in texts)
    return found


def _words(payload: object) -> object:
    found = {
        name: value if name == "status" else _scalar_text(value)
        for name, value in _members(payload)
    }
    if not found["code"] or not found["message"]:
        raise CannotBuildError("a word is empty")
    return found


def _members(payload: object) -> Sequence[tuple[str, object]]:
    if not isinstance(payload, dict):
        raise TypeError("the checker lets only mappings through")
    return list(payload.items())


_FINISHERS: Mapping[str, Callable[[object], object]] = {
    KnownCode.MODIFY_HEADERS: _header_fields,
    KnownCode.MODIFY_QUERY: _query_parameters,
    KnownCode.AUTH_CHALLENGE: _challenge,
    KnownCode.DENIED_REASON: _words,
}
