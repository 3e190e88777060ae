"""A PolicyTest document: nodes ► `Suite` (policy-language section 13)."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSink, did_you_mean
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.policy_tests import POLICY_TEST
from deemster.policy.tree import PolicyTestDocument
from deemster.policytest.case_reader import CaseReader
from deemster.policytest.cases import Suite
from deemster.policytest.expectations import ExpectationReader
from deemster.policytest.fields import instant
from deemster.policytest.near_misses import warn_of_near_misses
from deemster.policytest.presented import PresentedReader
from deemster.policytest.subject import SuiteSubject
from deemster.policytest.users import read_users

__all__ = ["read_suite"]


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
        self._subjects = subjects
        self._sink = sink

    def read(self, default_now: float) -> Suite | None:
        sink, root = self._sink, self._document.root
        errors_before = sink.error_count
        fields = Fields(root, POLICY_TEST, sink)
        subject = self._subject(fields)
        if subject is None:
            return None
        now = instant(fields, "now")
        users = read_users(fields, known_roles=self._known_roles())
        presented = PresentedReader(sink, subject.timestamp_claims)
        presented.read_tokens(fields)
        warn_of_near_misses(fields, users, subject)
        expectations = ExpectationReader(sink, subject)
        reader = CaseReader(
            presented, expectations, subject.attributes, default_now if now is None else now
        )
        cases = tuple(reader.read_all(fields))
        if not cases and sink.error_count == errors_before:
            sink.error(
                Code.MISSING_KEY,
                "this suite has neither `cases` nor `matrix`",
                fields.head_span,
                help="a suite asks something: write at least one case",
            )
        metadata = self._document.metadata
        return Suite(
            id=metadata.id.value,
            title=metadata.title,
            span=metadata.id.span,
            service=subject.id,
            users=users,
            cases=cases,
        )

    def _subject(self, fields: Fields) -> SuiteSubject | None:
        service = fields.text("service")
        if service is None:
            return None
        subject = self._subjects.get(service.value)
        if subject is None:
            fields.sink.error(
                Code.TEST_SUITE,
                f"there is no API service `{service.value}`",
                service.span,
                help=did_you_mean(service.value, sorted(self._subjects)),
            )
        return subject

    def _known_roles(self) -> frozenset[str]:
        return frozenset().union(*(subject.roles for subject in self._subjects.values()))
