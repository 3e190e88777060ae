"""A PolicyTest document: nodes ► `Suite` (policy-language section 13)."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.reading.nodes import MappingNode, ScalarNode
from deemster.policy.tree import PolicyTestDocument
from deemster.policytest.case_reader import CaseReader
from deemster.policytest.cases import Suite, SuiteUser
from deemster.policytest.expectations import ExpectationReader
from deemster.policytest.fields import FieldReader
from deemster.policytest.presented import PresentedReader
from deemster.policytest.subject import SuiteSubject
from deemster.policytest.users import read_users

__all__ = ["read_suite"]

_SUITE_KEYS = (
    "apiVersion", "kind", "metadata", "service", "now", "users", "tokens", "cases", "matrix",
)  # fmt: skip


def read_suite(
    document: PolicyTestDocument,
    subjects: Mapping[str, SuiteSubject],
    sink: DiagnosticSink,
    *,
    now: float,
) -> Suite | None:
    """The suite, or None after at least one error in `sink`.

    `subjects` are the tree's API services by id. `now` (epoch seconds) is the time of a suite
    that says none.
    """
    errors_before = sink.error_count
    suite = _SuiteReader(document, subjects, sink).read(now)
    return suite if sink.error_count == errors_before else None


class _SuiteReader:
    """Reads one document from the top; all errors are collected."""

    def __init__(
        self,
        document: PolicyTestDocument,
        subjects: Mapping[str, SuiteSubject],
        sink: DiagnosticSink,
    ) -> None:
        self._document = document
        self._root = document.root
        self._subjects = subjects
        self._fields = FieldReader(sink)

    def read(self, default_now: float) -> Suite | None:
        fields, root = self._fields, self._root
        errors_before = fields.sink.error_count
        fields.only(root, _SUITE_KEYS, "a PolicyTest", later=("attributes",))
        subject = self._subject()
        if subject is None:
            return None
        now = fields.instant(root.get("now"), "`now`")
        users = read_users(root.get("users"), fields, known_roles=self._known_roles())
        presented = PresentedReader(fields, subject.timestamp_claims)
        presented.read_tokens(root.get("tokens"))
        self._warn_of_near_misses(users, subject)
        reader = CaseReader(
            fields,
            presented,
            ExpectationReader(fields, subject.id, subject.operations),
            default_now if now is None else now,
        )
        cases = tuple(reader.read_all(root.get("cases"), root.get("matrix")))
        if not cases and fields.sink.error_count == errors_before:
            fields.refuse("this suite has neither `cases` nor `matrix`", root.span)
        metadata = self._document.metadata
        return Suite(
            id=metadata.id.value,
            title=metadata.title,
            span=metadata.id.span,
            service=subject.id,
            users=users,
            cases=cases,
        )

    def _subject(self) -> SuiteSubject | None:
        node = self._fields.require(self._root, "service", "a PolicyTest")
        service = self._fields.text(node, "`service`")
        if service is None or node is None:
            return None
        subject = self._subjects.get(service)
        if subject is None:
            self._fields.refuse(
                f"there is no API service `{service}`",
                node.span,
                help=did_you_mean(service, sorted(self._subjects)),
            )
        return subject

    def _known_roles(self) -> frozenset[str]:
        return frozenset().union(*(subject.roles for subject in self._subjects.values()))

    def _warn_of_near_misses(self, users: Mapping[str, SuiteUser], subject: SuiteSubject) -> None:
        """`sub: alcie` is denied as an unknown user; where that is a slip, say so."""
        tokens = self._root.get("tokens")
        if not subject.internal or not isinstance(tokens, MappingNode):
            return
        for _, claims in tokens.entries:
            sub = claims.get("sub") if isinstance(claims, MappingNode) else None
            if not isinstance(sub, ScalarNode) or sub.text in users:
                continue
            near = did_you_mean(sub.text, users)
            if near is not None:
                self._fields.sink.warning(
                    Code.TEST_SUITE,
                    f"there is no user `{sub.text}` in `users`",
                    sub.span,
                    help=near,
                )
