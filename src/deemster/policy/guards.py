"""Guards: policies that can only refuse, and which operations each applies to.

Source: policy-language section 3. A guard that names `claims` or `user` cannot judge a public
operation, where no credential is read: it must say so by `exempt`, so that the gap is seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, Note, did_you_mean
from deemster.policy.resolved import ResolvedPolicy
from deemster.policy.tree import AllowPublic, ApiServiceDocument, Operation

__all__ = [
    "applicable_guards",
    "check_guards",
    "names_identity",
    "refuse_exempt",
    "refuse_identity_on_public",
]


def names_identity(policy: ResolvedPolicy) -> frozenset[str]:
    """The names below `claims` and `user` that the policy reads, directly or through others."""
    return frozenset(name for name in policy.reads if name.partition(".")[0] in {"claims", "user"})


def check_guards(
    guards: Sequence[ResolvedPolicy], document: ApiServiceDocument, sink: DiagnosticSink
) -> None:
    """The service's guards: `exempt` lists exactly the public operations they cannot judge."""
    public = {
        operation.id.value: operation
        for operation in document.operations
        if isinstance(operation.allow, AllowPublic)
    }
    operations = {operation.id.value for operation in document.operations}
    for guard in guards:
        if not guard.enabled:
            sink.warning(
                Code.DISABLED_GUARD,
                f"guard `{_name(guard)}` is disabled: it refuses nothing",
                guard.ref.span,
            )
        _check_exempt(guard, operations, set(public), sink)
        exempt = {text.value for text in guard.exempt or ()}
        reads = sorted(names_identity(guard))
        missing = [name for name in public if name not in exempt]
        if reads and missing:
            sink.error(
                Code.GUARD_EXEMPT,
                f"guard `{_name(guard)}` names `{reads[0]}`, so it cannot judge the public "
                f"operation `{missing[0]}`",
                guard.ref.span,
                help=f"write `exempt: [{', '.join([*sorted(exempt), *missing])}]` to say so",
                notes=(Note(f"`{missing[0]}` is public here", public[missing[0]].id.span),),
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
        reads = sorted(names_identity(policy))
        if reads:
            sink.error(
                Code.IDENTITY_ON_PUBLIC,
                f"policy `{_name(policy)}` names `{reads[0]}`, but operation "
                f"`{operation.id.value}` is public: no credential is read there",
                policy.ref.span,
                help="make the operation `allow: authenticated`, or leave the name out",
            )


def refuse_exempt(policies: Sequence[ResolvedPolicy], sink: DiagnosticSink) -> None:
    """`exempt` belongs to the guards of a service: an operation's own guards judge it alone."""
    for policy in policies:
        for text in (policy.exempt or ())[:1]:
            sink.error(
                Code.GUARD_EXEMPT,
                f"`{_name(policy)}` judges one operation only, so nothing can be exempt from it",
                text.span,
                help="leave `exempt` out, or write the guard on the service",
            )


def _check_exempt(
    guard: ResolvedPolicy, operations: set[str], public: set[str], sink: DiagnosticSink
) -> None:
    for text in guard.exempt or ():
        if text.value not in operations:
            sink.error(
                Code.UNKNOWN_OPERATION,
                f"there is no operation `{text.value}` in this service",
                text.span,
                help=did_you_mean(text.value, sorted(operations)),
            )
        elif text.value not in public:
            sink.error(
                Code.GUARD_EXEMPT,
                f"operation `{text.value}` is not public, so no guard can exempt it",
                text.span,
                help="only public operations can be exempt from a guard",
            )


def _name(policy: ResolvedPolicy) -> str:
    return policy.ref.id_path.rpartition("/")[2]
