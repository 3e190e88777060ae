"""Methods that a broad operation decides where a narrow one was not asked about."""

import pytest

from deemster.model.urls import PathFeature
from deemster.policy.checking.method_grants import FINDING_LIMIT
from deemster.policy.checking.overlaps import RoutedOperation
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Severity
from tests.support.routes import a_service, an_operation, findings_of

READ = an_operation("read", "GET", "/reports/{id}")


@pytest.mark.parametrize(
    ("broad", "told"),
    [
        pytest.param(
            an_operation("all", "*", "/reports/**"),
            "`all` decides every method but GET where `read` matches for GET only, "
            "`POST /reports/x` for one",
            id="every method",
        ),
        pytest.param(
            an_operation("write", "DELETE PUT", "/**"),
            "`write` decides DELETE, PUT where `read` matches for GET only, "
            "`DELETE /reports/x` for one",
            id="listed methods",
        ),
        pytest.param(
            an_operation("write", "GET PUT", "/{kind}/summary"),
            "`write` decides PUT where `read` matches for GET only, `PUT /reports/summary` for one",
            id="broader to the left, narrower to the right",
        ),
        pytest.param(
            an_operation("write", "PUT", "/{kind}/{id}", params={"kind": "[a-z]+"}),
            "`write` decides PUT where `read` matches for GET only, `PUT /reports/x9` for one",
            id="a constraint that the literal fits",
        ),
    ],
)
def test_a_method_that_leaks_is_an_error_with_a_call(broad: RoutedOperation, told: str) -> None:
    (finding,) = findings_of(a_service(READ, broad))
    assert (finding.code, finding.severity, finding.message) == (
        Code.METHOD_LEAK,
        Severity.ERROR,
        told,
    )
    assert finding.span == broad.templates[0].span
    assert finding.help is not None
    assert "`alsoCovers: [read]`" in finding.help


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([an_operation("all", "*", "/reports/**", also_covers=["read"])], id="meant"),
        pytest.param([an_operation("list", "GET", "/**")], id="the same method"),
        pytest.param([an_operation("put", "PUT", "/other/**")], id="elsewhere"),
        pytest.param([an_operation("put", "PUT", "/reports/{id}")], id="equal templates"),
        pytest.param([an_operation("put", "PUT", "/reports/x/{y}")], id="another length"),
        pytest.param(
            [an_operation("put", "PUT", "/{kind}/{id}", params={"kind": "int"})], id="apart"
        ),
        pytest.param(
            [an_operation("put", "PUT", "/**"), an_operation("near", "PUT", "/reports/{id}")],
            id="another narrow one takes the method",
        ),
    ],
)
def test_what_leaks_nothing_is_no_error(others: list[RoutedOperation]) -> None:
    assert not [f for f in findings_of(a_service(READ, *others)) if f.code is Code.METHOD_LEAK]


def test_a_narrow_operation_for_every_method_leaves_nothing_out() -> None:
    service = a_service(an_operation("one", "*", "/a/{x}"), an_operation("all", "PUT", "/**"))
    assert not findings_of(service)


def test_the_operation_that_decides_is_the_one_that_is_named() -> None:
    service = a_service(
        READ,
        an_operation("middle", "*", "/reports/**", also_covers=["read"]),
        an_operation("outer", "*", "/**"),
    )
    assert not findings_of(service)


def test_a_rest_leaks_where_others_take_its_shorter_paths() -> None:
    service = a_service(
        an_operation("narrow", "POST", "/a/**"),
        an_operation("short", "GET", "/a", "/a/", "/a/*", "/a/*/"),
        an_operation("all", "GET", "/**"),
    )
    (finding,) = [f for f in findings_of(service) if "`all`" in f.message]
    assert "`GET /a/x/x` for one" in finding.message


def test_findings_of_one_service_are_bounded() -> None:
    narrow = [an_operation(f"n{number}", "GET", f"/r{number}") for number in range(300)]
    findings = findings_of(a_service(*narrow, an_operation("all", "*", "/**")))
    assert len(findings) == FINDING_LIMIT


# Where `tail` takes every other path below `/a`, only an empty segment inside leads to `all`.
BELOW = [
    an_operation("read", "GET", "/a/**", also_covers=["tail"]),
    an_operation("tail", "POST", "/a", "/a/", "/a/{x}", "/a/{x}/**"),
]


def test_a_leak_through_a_kept_empty_segment_is_found() -> None:
    opened = [PathFeature.EMPTY_SEGMENTS]
    leaking = an_operation("all", "POST", "/**", opened=opened, also_covers=["tail"])
    [finding] = findings_of(a_service(*BELOW, leaking))
    assert finding.code is Code.METHOD_LEAK
    assert "`POST /a//x` for one" in finding.message


def test_where_empty_segments_are_refused_nothing_leaks_through_them() -> None:
    closed = an_operation("all", "POST", "/**", also_covers=["tail"])
    assert findings_of(a_service(*BELOW, closed)) == []
    # What another operation opens is none of this one's business.
    opened = [PathFeature.EMPTY_SEGMENTS]
    other = an_operation("other", "*", "/b/**", opened=opened)
    assert findings_of(a_service(*BELOW, closed, other)) == []


def test_a_leak_through_an_opened_slash_is_found() -> None:
    read = an_operation("read", "GET", "/a/{id}", also_covers=["tail"])
    tail = an_operation("tail", "POST", "/a/{id}", params={"id": "[^/]+"})
    slash = [PathFeature.ENCODED_SLASH]
    leaking = an_operation("all", "POST", "/a/**", opened=slash, also_covers=["tail"])
    [finding] = findings_of(a_service(read, tail, leaking))
    assert (finding.code, "`POST /a/x%2F~` for one" in finding.message) == (Code.METHOD_LEAK, True)
    closed = an_operation("all", "POST", "/a/**", also_covers=["tail"])
    assert findings_of(a_service(read, tail, closed)) == []
