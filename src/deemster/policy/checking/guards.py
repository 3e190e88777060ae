"""Guards: policies that can only refuse, and which operations each applies to.

Source: policy-language section 3. A guard that names `claims` or `user` cannot judge a public
operation, where no credential is read: it must say so by `exempt`, so that the gap is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deemster.policy.checking.identity_reads import first_identity_read
from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.resolved import ResolvedPolicy
from deemster.policy.statements.resolved import ResolvedStatement
from deemster.policy.tree import AllowPublic, ApiServiceDocument, Operation

__all__ = [
    "RESPONSE_POLICY",
    "applicable_guards",
    "check_guards",
    "refuse_exempt",
    "refuse_identity_in_statements",
    "refuse_identity_on_public",
    "refuse_response_of_question",
    "warn_idle_guard",
]


GUARD = "guard"
RESPONSE_POLICY = "response policy"


def check_guards(
    guards: Sequence[ResolvedPolicy],
    document: ApiServiceDocument,
    sink: DiagnosticSink,
    *,
    kind: str = GUARD,
) -> None:
    """The service's guards: `exempt` lists exactly the public operations they cannot judge.

    `kind` is what messages call them.
    """
    public = {
        operation.id.value: operation
        for operation in document.operations
        if isinstance(operation.allow, AllowPublic)
    }
    operations = {operation.id.value: operation for operation in document.operations}
    for guard in guards:
        # Under `unmatched: guards` a guard that only permits does something: it grants.
        if not guard.enabled or document.service.unmatched is None:
            warn_idle_guard(guard, sink, kind=kind)
        if _check_exempt(guard, document, operations, sink, kind=kind):
            _require_exempt(guard, public, sink, kind=kind)


def warn_idle_guard(guard: ResolvedPolicy, sink: DiagnosticSink, *, kind: str = GUARD) -> None:
    """A guard that refuses nothing: disabled, or without anything that could come to a deny.

    Guards pass on permit and on not applicable: one of permit rules alone only looks strict.
    """
    if not guard.enabled:
        sink.warning(
            Code.DISABLED_GUARD,
            f"{kind} `{guard.name}` is disabled, so it refuses nothing",
            guard.place,
            help=f"remove `enabled: false`, or the {kind}",
        )
    elif not guard.can_deny:
        sink.warning(
            Code.GUARD_REFUSES_NOTHING,
            f"{kind} `{guard.name}` can never deny, and a {kind} passes whatever it does not deny",
            guard.place,
            help="write what it refuses as deny rules, or use `deny-unless-permit`",
        )


def applicable_guards(
    guards: Sequence[ResolvedPolicy], operation: Operation, *, public: bool
) -> tuple[ResolvedPolicy, ...]:
    """The service's guards that judge this operation."""
    if not public:
        return tuple(guards)
    return tuple(
        guard
        for guard in guards
        if operation.id.value not in {text.value for text in guard.exempt or ()}
    )


def refuse_identity_on_public(
    operation: Operation, policies: Sequence[ResolvedPolicy], sink: DiagnosticSink
) -> None:
    """On a public operation no credential is read, so its own policies may not name one."""
    for policy in policies:
        found = first_identity_read(policy)
        if found is None:
            continue
        name, span = found
        is_here = span.file == operation.id.span.file
        sink.error(
            Code.IDENTITY_ON_PUBLIC,
            f"policy `{policy.name}` names `{name}`, but operation `{operation.id.value}` is "
            "public: no credential is read there",
            span if is_here else policy.place,
            help="make the operation `allow: authenticated`, or leave the name out",
            notes=() if is_here else (Note(f"`{name}` is read", span),),
        )


def refuse_identity_in_statements(
    operation: Operation, statements: Sequence[ResolvedStatement], sink: DiagnosticSink
) -> None:
    """The same of what a public operation carries itself."""
    for statement, attached in zip(statements, operation.attach, strict=False):
        found = sorted(name for name in statement.reads if name.partition(".")[0] in _IDENTITY)
        if found:
            sink.error(
                Code.IDENTITY_ON_PUBLIC,
                f"statement `{attached.value}` names `{found[0]}`, but operation "
                f"`{operation.id.value}` is public: no credential is read there",
                attached.span,
                help="make the operation `allow: authenticated`, or leave the name out",
                notes=(Note("declared at …", statement.declaration.name.span),),
            )


def refuse_response_of_question(operation: Operation, sink: DiagnosticSink) -> None:
    """A question of AuthZEN is answered here: there is no upstream whose answer could be seen."""
    if operation.response:
        sink.error(
            Code.RESPONSE_ONLY,
            f"operation `{operation.id.value}` answers questions of AuthZEN, and no upstream does",
            operation.response[0].span,
            help="leave `response` out: it is about HTTP calls",
        )


_IDENTITY = frozenset({"claims", "user"})


def refuse_exempt(
    policies: Sequence[ResolvedPolicy], sink: DiagnosticSink, *, kind: str = GUARD
) -> None:
    """`exempt` belongs to the guards of a service: an operation's own guards judge it alone."""
    for policy in policies:
        for text in (policy.exempt or ())[:1]:
            sink.error(
                Code.GUARD_EXEMPT,
                f"{kind} `{policy.name}` judges one operation only, so nothing can be exempt from "
                "it",
                text.span,
                help=f"leave `exempt` out, or write the {kind} on the service",
            )


def _check_exempt(
    guard: ResolvedPolicy,
    document: ApiServiceDocument,
    operations: Mapping[str, Operation],
    sink: DiagnosticSink,
    *,
    kind: str,
) -> bool:
    """Whether every name is one of an operation; who is missing can only be told then."""
    all_known = True
    for text in guard.exempt or ():
        if text.value not in operations:
            all_known = False
            sink.error(
                Code.UNKNOWN_OPERATION,
                f"service `{document.metadata.id.value}` has no operation `{text.value}`",
                text.span,
                help=did_you_mean(text.value, sorted(operations))
                or "`exempt` lists public operations of this service by their ids",
            )
        elif not isinstance(operations[text.value].allow, AllowPublic):
            sink.error(
                Code.GUARD_EXEMPT,
                f"operation `{text.value}` is not public, so no {kind} can exempt it",
                text.span,
                help=f"only public operations can be exempt from a {kind}",
                notes=(Note(f"`{text.value}` stands", operations[text.value].id.span),),
            )
    return all_known


def _require_exempt(
    guard: ResolvedPolicy, public: Mapping[str, Operation], sink: DiagnosticSink, *, kind: str
) -> None:
    found = first_identity_read(guard)
    exempt = [text.value for text in guard.exempt or ()]
    missing = [name for name in public if name not in exempt]
    if found is None or not missing:
        return
    name, span = found
    sink.error(
        Code.GUARD_EXEMPT,
        f"{kind} `{guard.name}` names `{name}`, so it cannot judge the public operation "
        f"`{missing[0]}`",
        guard.place,
        help=f"say so by `exempt: [{', '.join([*exempt, *missing])}]`",
        notes=(
            Note(f"`{name}` is read", span),
            Note(f"`{missing[0]}` is public", public[missing[0]].id.span),
        ),
    )
