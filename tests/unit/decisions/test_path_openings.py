"""`paths:` openings of a service and of an operation, from the URL to the parameter."""

import pytest

from deemster.model.decision import Reason
from tests.support.points import Point, a_call, a_caller, a_point, some_claims
from tests.support.policy_trees import a_service

BASE = "https://api.example.com/shop"


def point_of(operations: str, *, block: str = "") -> Point:
    tree = {"shop.yaml": a_service(f"operations:\n{operations}", block=block)}
    return a_point(tree, tokens={"t": some_claims()})


def files(opening: str = "", *, when: str = "params.id == 'a/b'") -> str:
    return (
        '  - id: file\n    match: {methods: [GET], path: "/files/{id}"}\n'
        f'{opening}    allow: {{when: "{when}"}}\n'
    )


async def reason_of(point: Point, path: str, *, token: str | None = "t") -> Reason:
    return (await point.point.decide(a_call(url=BASE + path, token=token), a_caller())).reason


async def test_an_opened_encoded_slash_is_data_in_the_parameter() -> None:
    point = point_of(files("    paths: {encodedSlash: data}\n"))
    assert await reason_of(point, "/files/a%2Fb") is Reason.PERMITTED
    assert await reason_of(point, "/files/a%2fb") is Reason.PERMITTED
    assert await reason_of(point, "/files/a/b") is Reason.NO_OPERATION
    assert await reason_of(point, "/files/a%252Fb") is Reason.AMBIGUOUS_PATH


async def test_a_service_opens_for_all_its_operations() -> None:
    point = point_of(files(), block="paths: {encodedSlash: data}\n")
    assert await reason_of(point, "/files/a%2Fb") is Reason.PERMITTED


async def test_what_is_not_opened_is_refused_before_the_token() -> None:
    point = point_of(files())
    assert await reason_of(point, "/files/a%2Fb", token=None) is Reason.AMBIGUOUS_PATH
    assert point.provider.asked == []


async def test_a_doubly_encoded_octet_is_decoded_once() -> None:
    point = point_of(files("    paths: {doubleEncoding: data}\n", when="params.id == 'a%2Fb'"))
    assert await reason_of(point, "/files/a%252Fb") is Reason.PERMITTED
    assert await reason_of(point, "/files/a%2Fb") is Reason.AMBIGUOUS_PATH
    assert await reason_of(point, "/files/..%252F..") is Reason.AMBIGUOUS_PATH


async def test_an_opened_semicolon_is_a_character() -> None:
    point = point_of(files("    paths: {semicolon: data}\n", when="params.id == 'a;v=1'"))
    assert await reason_of(point, "/files/a;v=1") is Reason.PERMITTED
    assert await reason_of(point, "/files/a%3Bv=1") is Reason.PERMITTED
    assert await reason_of(point, "/files/..;v=1") is Reason.AMBIGUOUS_PATH


async def test_a_kept_empty_segment_is_matched_by_the_rest_alone() -> None:
    rest = (
        '  - id: rest\n    match: {methods: [GET], path: "/files/**"}\n'
        "    paths: {emptySegments: keep}\n    allow: authenticated\n"
    )
    point = point_of(rest)
    assert await reason_of(point, "/files//x") is Reason.PERMITTED
    assert await reason_of(point, "//files/x") is Reason.AMBIGUOUS_PATH
    parameter = point_of(files("    paths: {emptySegments: keep}\n"))
    assert await reason_of(parameter, "/files//") is Reason.AMBIGUOUS_PATH


async def test_a_kept_empty_segment_is_no_trailing_slash_that_folds() -> None:
    root = (
        "  - id: root\n    match: {methods: [GET], path: /}\n    allow: authenticated\n"
        "  - id: list\n    match: {methods: [GET], path: /list}\n    allow: authenticated\n"
    )
    point = point_of(root, block="paths: {emptySegments: keep, trailingSlash: same}\n")
    assert await reason_of(point, "/") is Reason.PERMITTED
    assert await reason_of(point, "/list/") is Reason.PERMITTED
    assert await reason_of(point, "//") is Reason.NO_OPERATION
    assert await reason_of(point, "/list//") is Reason.NO_OPERATION


async def test_the_most_specific_operation_says_whether_its_path_is_opened() -> None:
    wide = (
        '  - id: wide\n    match: {methods: [GET], path: "/files/**"}\n'
        "    paths: {encodedSlash: data, emptySegments: keep}\n    allow: authenticated\n"
    )
    point = point_of(files() + wide)
    assert await reason_of(point, "/files/a%2Fb") is Reason.AMBIGUOUS_PATH
    assert await reason_of(point, "/files/x/a%2Fb") is Reason.PERMITTED
    assert await reason_of(point, "/files//b") is Reason.PERMITTED


async def test_a_path_that_no_operation_matches_needs_the_services_opening() -> None:
    opened = point_of(files(), block="paths: {encodedSlash: data}\n")
    assert await reason_of(opened, "/nothing/a%2Fb") is Reason.NO_OPERATION
    closed = point_of(files("    paths: {encodedSlash: data}\n"))
    assert await reason_of(closed, "/nothing/a%2Fb") is Reason.AMBIGUOUS_PATH


@pytest.mark.parametrize(
    "path", ["/files/..%2Fa", "/files/a%5Cb", "/files/a%00", "/files/%2e%2e/x", "/files/a%FF"]
)
async def test_no_opening_lets_in_what_is_never_opened(path: str) -> None:
    everything = (
        "paths: {encodedSlash: data, doubleEncoding: data, emptySegments: keep, semicolon: data}\n"
    )
    point = point_of(files(when="true"), block=everything)
    assert await reason_of(point, path) is Reason.AMBIGUOUS_PATH


async def test_a_denied_ambiguous_path_names_no_operation() -> None:
    decision = await point_of(files()).point.decide(
        a_call(url=f"{BASE}/files/a%2Fb", token="t"), a_caller()
    )
    assert (decision.operation, decision.reads) == (None, ())
