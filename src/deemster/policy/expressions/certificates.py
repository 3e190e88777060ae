"""`request.certificate`: the names, the term and its readers.

Source: policy-language section 9. Without a client certificate every read is an error, that of a
list too: nobody has looked at an empty one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from deemster.model.certificate import ClientCertificate
from deemster.model.http import HEADERS_NOT_KNOWN
from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.expressions import failures
from deemster.policy.expressions.dotted import Path, report_no_members, report_unknown_member
from deemster.policy.expressions.report import Report
from deemster.policy.expressions.types import LIST_OF_STRING, STRING, Type
from deemster.policy.values import Values

__all__ = [
    "CertificateField",
    "CertificateRead",
    "certificate_member",
    "certificate_presence",
    "certificate_reader",
    "names_certificate",
]

_NAME = "request.certificate"


class CertificateField(Enum):
    """`request.certificate.x`, as written; WHOLE is the certificate itself, for `has()` alone."""

    WHOLE = ""
    THUMBPRINT = "thumbprint"
    SUBJECT = "subject"
    ISSUER = "issuer"
    DNS_NAMES = "dnsNames"
    URIS = "uris"


@dataclass(frozen=True, slots=True)
class CertificateRead:
    """`request.certificate.subject`."""

    name: str
    field: CertificateField
    span: SourceSpan

    @property
    def type(self) -> Type:
        return LIST_OF_STRING if self.field in _LISTS else STRING


_LISTS = frozenset({CertificateField.DNS_NAMES, CertificateField.URIS})
_FIELDS = {field.value: field for field in CertificateField if field.value}


def names_certificate(path: Path) -> bool:
    """Whether a path is `request.certificate` itself."""
    return str(path) == _NAME


def certificate_member(path: Path, report: Report) -> CertificateRead | None:
    """What a path stands for that begins with `request.certificate`."""
    if len(path.segments) == 2:
        report.error(
            Code.TYPE_MISMATCH,
            f"`{_NAME}` is not a value",
            path.span,
            help=f"name a member, such as `{_NAME}.thumbprint`, or ask `has({_NAME})`",
        )
        return None
    member = path.segments[2]
    field = _FIELDS.get(member.text)
    if field is None:
        known = ", ".join(_FIELDS)
        report_unknown_member(report, f"member of `{_NAME}`", member, _FIELDS, f"it has {known}")
        return None
    if len(path.segments) > 3:
        report_no_members(report, f"{_NAME}.{member.text}", path.segments[3])
        return None
    return CertificateRead(f"{_NAME}.{member.text}", field, path.span)


def certificate_reader(read: CertificateRead) -> Callable[[Values], object]:
    """The function that reads a member."""
    name, span, member = read.name, read.span, _MEMBERS[read.field]

    def found(values: Values) -> object:
        certificate = values.call.certificate
        value = None if certificate is None else member(certificate)
        if value is None:
            raise failures.absent(name, span)
        return value

    return found


def certificate_presence(read: CertificateRead) -> Callable[[Values], bool]:
    """The function that answers `has()`: a list is there where there is a certificate."""
    name, span, member = read.name, read.span, _MEMBERS[read.field]

    def present(values: Values) -> bool:
        certificate = values.call.certificate
        if certificate is None and values.call.headers is HEADERS_NOT_KNOWN:
            raise failures.not_kept(name, span)
        return certificate is not None and member(certificate) is not None

    return present


_MEMBERS: dict[CertificateField, Callable[[ClientCertificate], object]] = {
    CertificateField.WHOLE: lambda _: "<a certificate>",
    CertificateField.THUMBPRINT: lambda certificate: certificate.thumbprint,
    CertificateField.SUBJECT: lambda certificate: certificate.subject,
    CertificateField.ISSUER: lambda certificate: certificate.issuer,
    CertificateField.DNS_NAMES: lambda certificate: certificate.dns_names,
    CertificateField.URIS: lambda certificate: certificate.uris,
}
