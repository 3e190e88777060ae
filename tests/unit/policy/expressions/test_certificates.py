"""`request.certificate`: what a gateway told of the client's certificate."""

import pytest
from msgspec.structs import replace

from deemster.errors import EvaluationError
from deemster.model.certificate import ClientCertificate
from deemster.model.decision import Reason
from deemster.policy.expressions.checked import can_fail
from deemster.policy.expressions.closures import compile_condition
from deemster.policy.values import Values
from tests.support.conditions import checked_condition, values

KNOWN = ClientCertificate(
    thumbprint="bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2",
    subject="CN=partner-1,O=Example",
    issuer="CN=Example CA",
    dns_names=("partner-1.example.com",),
    uris=("spiffe://example.com/partner-1",),
)


def with_certificate(certificate: ClientCertificate | None) -> Values:
    found = values()
    found.call = replace(found.call, certificate=certificate)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "has(request.certificate)",
        "request.certificate.thumbprint == 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'",
        "request.certificate.subject.startsWith('CN=partner-')",
        "request.certificate.issuer == 'CN=Example CA'",
        "'partner-1.example.com' in request.certificate.dnsNames",
        "'spiffe://example.com/partner-1' in request.certificate.uris",
        "has(request.certificate.subject) && size(request.certificate.dnsNames) == 1",
    ],
)
def test_a_known_certificate_can_be_asked_for(text: str) -> None:
    test = compile_condition(checked_condition(text))
    assert test(with_certificate(KNOWN)) is True
    if text == "has(request.certificate)":
        assert test(with_certificate(None)) is False


@pytest.mark.parametrize("member", ["thumbprint", "subject", "issuer", "dnsNames", "uris"])
def test_without_a_certificate_every_read_is_an_error(member: str) -> None:
    name = f"request.certificate.{member}"
    is_list = member in ("dnsNames", "uris")
    checked = checked_condition(f"'a' in {name}" if is_list else f"{name} == 'a'")
    with pytest.raises(EvaluationError) as failed:
        compile_condition(checked)(with_certificate(None))
    assert failed.value.reason is Reason.ATTRIBUTE_MISSING
    assert can_fail(checked)
    assert compile_condition(checked_condition(f"has({name})"))(with_certificate(None)) is False


def test_a_certificate_without_names_has_an_empty_list_and_no_subject() -> None:
    bare = with_certificate(ClientCertificate(thumbprint="x"))
    assert compile_condition(checked_condition("size(request.certificate.dnsNames) == 0"))(bare)
    assert not compile_condition(checked_condition("has(request.certificate.subject)"))(bare)
    with pytest.raises(EvaluationError):
        compile_condition(checked_condition("request.certificate.subject == ''"))(bare)


def test_asking_whether_there_is_one_is_never_an_error() -> None:
    assert not can_fail(checked_condition("has(request.certificate)"))
    assert checked_condition("has(request.certificate)").reads == {"request.certificate"}
