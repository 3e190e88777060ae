"""Base URLs that two services claim, and operations that no call can reach."""

import pytest

from deemster.model.urls import PathFeature
from deemster.policy.codes import Code
from tests.support.routes import a_service, an_operation, findings_of

LONGER = a_service(id="billing", base_urls=["https://api.example.com/billing/eu"])


@pytest.mark.parametrize(
    "second", ["https://api.example.com/a", "HTTPS://API.example.com:443/%61"], ids=["text", "form"]
)
def test_a_base_url_of_two_services_is_an_error(second: str) -> None:
    one = a_service(id="one", base_urls=["https://api.example.com/a"])
    two = a_service(id="two", base_urls=["https://h", second])
    (finding,) = findings_of(one, two)
    assert (finding.code, finding.span) == (Code.BASE_URL_TWICE, two.base_urls[1][1].span)
    assert f"`{second}`" in finding.message
    assert "`one`" in finding.message


def test_a_base_url_twice_in_one_service_is_an_error() -> None:
    (finding,) = findings_of(a_service(base_urls=["https://h", "https://h/"]))
    assert finding.code is Code.BASE_URL_TWICE
    assert "this service" in finding.message


@pytest.mark.parametrize("path", ["/billing/eu", "/billing/eu/x", "/billing/eu/**", "/billing/eu/"])
def test_an_operation_behind_another_services_longer_base_url_is_an_error(path: str) -> None:
    operation = an_operation("hidden", "GET", path)
    (finding,) = findings_of(a_service(operation), LONGER)
    assert (finding.code, finding.span) == (Code.UNREACHABLE, operation.span)
    assert "`hidden`" in finding.message
    assert "`billing`" in finding.message


@pytest.mark.parametrize(
    "paths",
    [
        ["/billing"],
        ["/billing/**"],
        ["/billing/{x}"],
        ["/billing/eux"],
        ["/{x}/eu/y"],
        ["/billing/eu/x", "/other"],
    ],
)
def test_an_operation_that_some_call_reaches_is_no_error(paths: list[str]) -> None:
    assert not findings_of(a_service(an_operation("open", "GET", *paths)), LONGER)


def test_an_operation_reachable_by_a_second_base_url_is_no_error() -> None:
    service = a_service(
        an_operation("both", "GET", "/billing/eu/x"),
        base_urls=["https://api.example.com", "https://eu.example.com"],
    )
    assert not findings_of(service, LONGER)


@pytest.mark.parametrize(
    ("methods", "pattern", "taken"),
    [
        pytest.param("GET", "a|b", ["GET /x/a", "GET /x/b"], id="each value has a literal"),
        pytest.param("GET PUT", "[ab]", ["GET PUT /x/a", "* /x/b"], id="methods too"),
        pytest.param("*", "a", ["* /x/a"], id="every method by every method"),
    ],
)
def test_an_operation_whose_every_call_others_take_is_an_error(
    methods: str, pattern: str, taken: list[str]
) -> None:
    shadowed = an_operation("shadowed", methods, "/x/{v}", params={"v": pattern})
    others = [
        an_operation(f"o{number}", *written.rsplit(" ", 1)) for number, written in enumerate(taken)
    ]
    (finding,) = findings_of(a_service(shadowed, *others))
    assert (finding.code, finding.span) == (Code.SHADOWED, shadowed.span)
    assert all(f"`{other.id}`" in finding.message for other in others)


def test_a_pattern_that_fits_everything_shadows_a_plain_parameter() -> None:
    service = a_service(
        an_operation("plain", "GET", "/x/{v}"),
        an_operation("whole", "GET", "/x/{v}", params={"v": ".+"}),
    )
    (finding,) = findings_of(service)
    assert finding.code is Code.SHADOWED
    assert "`plain` is never chosen: `whole`" in finding.message


@pytest.mark.parametrize(
    ("methods", "pattern", "taken"),
    [
        pytest.param("GET", "a|b", ["GET /x/a"], id="a value is left"),
        pytest.param("*", "a", ["GET PUT /x/a"], id="methods are left"),
        pytest.param("GET", "[0-9]{3}", ["GET /x/123"], id="too many values to prove"),
        pytest.param("GET", "a", ["GET /x/{w}"], id="a broader one takes nothing"),
    ],
)
def test_an_operation_that_is_chosen_somewhere_is_no_error(
    methods: str, pattern: str, taken: list[str]
) -> None:
    chosen = an_operation("chosen", methods, "/x/{v}", params={"v": pattern})
    others = [
        an_operation(f"o{number}", *written.rsplit(" ", 1), also_covers=["chosen"])
        for number, written in enumerate(taken)
    ]
    codes = {finding.code for finding in findings_of(a_service(chosen, *others))}
    assert Code.SHADOWED not in codes


def test_a_pattern_that_takes_no_slash_leaves_the_opened_one_to_a_plain_parameter() -> None:
    whole = an_operation("whole", "GET", "/x/{v}", params={"v": "[^/]+"})
    closed = a_service(an_operation("plain", "GET", "/x/{v}"), whole)
    assert [finding.code for finding in findings_of(closed)] == [Code.SHADOWED]
    slash = [PathFeature.ENCODED_SLASH]
    assert findings_of(a_service(an_operation("plain", "GET", "/x/{v}", opened=slash), whole)) == []
