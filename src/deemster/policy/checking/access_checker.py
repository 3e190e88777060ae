"""Operations that answer AuthZEN questions: grants that fit them, and pairs that belong to one.

Source: policy-language section 12. The subject is named by a gateway and comes without a token,
so nothing that a token would have to say can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note
from deemster.policy.tree import (
    AllowAuthenticated,
    AllowLines,
    AllowPublic,
    ApiServiceDocument,
    Operation,
    Text,
)

__all__ = ["check_access_pairs", "fitting_lines", "refuse_public_answer"]


def check_access_pairs(documents: Iterable[ApiServiceDocument], sink: DiagnosticSink) -> None:
    """A resource type with an action belongs to one operation in the whole tree."""
    owners: dict[tuple[str, str], tuple[str, Operation, SourceSpan]] = {}
    for document in documents:
        for operation in document.operations:
            if operation.access is None:
                continue
            kind = operation.access.resource_type
            for action in operation.access.actions:
                here = (document.metadata.id.value, operation, action.span)
                first = owners.setdefault((kind.value, action.value), here)
                if first is not here:
                    _report_twice(kind, action, here[0], first, sink)


def _report_twice(
    kind: Text,
    action: Text,
    service: str,
    first: tuple[str, Operation, SourceSpan],
    sink: DiagnosticSink,
) -> None:
    owner, operation, place = first
    name = operation.id.value
    whose = f"`{name}` of this service" if owner == service else f"`{name}` of service `{owner}`"
    sink.error(
        Code.ACCESS_TWICE,
        f"questions of `{action.value}` about `{kind.value}` are answered by {whose} already",
        action.span,
        help="one operation answers a question: remove the action from one of them",
        notes=(Note(f"`{name}` lists it", place),),
    )


def refuse_public_answer(
    operation: Operation,
    allow: AllowPublic | AllowAuthenticated | AllowLines | None,
    sink: DiagnosticSink,
) -> None:
    """An accepted subject is asked for, always."""
    if isinstance(allow, AllowPublic):
        sink.error(
            Code.NOT_FOR_AUTHZEN,
            f"`{operation.id.value}` answers AuthZEN questions, and these always name a subject",
            allow.span,
            help="write `allow: authenticated`, which any accepted subject meets",
        )


def fitting_lines(
    operation: Operation, allow: AllowLines, document: ApiServiceDocument, sink: DiagnosticSink
) -> AllowLines:
    """The lines that may stand here, after reporting the others."""
    external = document.service.provider_type.value == "external"
    fitting = []
    for line, span in allow.line_spans:
        if line in _OF_A_TOKEN:
            sink.error(
                Code.NOT_FOR_AUTHZEN,
                f"`{line}` is about a token, and `{operation.id.value}` answers AuthZEN questions, "
                "whose subject is named without one",
                span,
                help="`groups`, `permissions`, `when` and `authenticated` may stand here",
            )
        elif external and line != "when":
            provider = document.service.provider_id.value
            sink.error(
                Code.BASIC_RULE_EXTERNAL,
                f"the basic rule `{line}` cannot be used with the external provider `{provider}`",
                span,
                help="its users are not known here: write a condition over `subject`",
            )
        else:
            fitting.append((line, span))
    return replace(allow, line_spans=tuple(fitting))


_OF_A_TOKEN = frozenset({"scopes", "authentication"})
