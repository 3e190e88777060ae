"""Which API service and which operation a call belongs to."""

from collections.abc import Mapping

import pytest

from deemster.model.urls import canonical_url, parse_base_url
from deemster.policy.routing.tables import BaseUrlTable, OperationTable, Route
from tests.support.routes import a_template

Params = Mapping[str, str]


def table(
    *operations: tuple[str, str] | tuple[str, str, Params], **folds: bool
) -> OperationTable[str]:
    """(methods, path[, constraints]); the value of an operation is `methods path`."""
    return OperationTable(
        [
            Route(
                a_template(path, params[0] if params else None),
                None if methods == "*" else methods.split(),
                f"{methods} {path}",
            )
            for methods, path, *params in operations
        ],
        **folds,
    )


def chosen(operations: OperationTable[str], method: str, path: str) -> str | None:
    found = operations.match(method, path)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("template", "path", "matches"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/a", "/A", False),
        ("/a/", "/a/", True),
        ("/a/", "/a", False),
        ("/{x}", "/a", True),
        ("/{x}", "/", False),
        ("/{x}/b", "//b", False),
        ("/*", "/a", True),
        ("/*", "/a/", False),
        ("/**", "/", True),
        ("/**", "/a/b/", True),
        ("/a/**", "/a", True),
        ("/a/**", "/a/", True),
        ("/a/**", "/a/b/c", True),
        ("/a/**", "/ab", False),
        ("/a/*/**", "/a", False),
        ("/a/*/**", "/a/b", True),
        ("/a+b", "/a+b", True),
        ("/a+b", "/a%2Bb", True),
        ("/a b/é", "/a%20b/%C3%A9", True),
        ("/a/b", "/a%2Fb", False),
        ("/{x}", "/a%2Fb", True),
        ("/{x}", "/%FF", False),
    ],
)
def test_a_template_matches(template: str, path: str, matches: bool) -> None:
    assert (chosen(table(("GET", template)), "GET", path) is not None) is matches


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/a/7/x%2Fy", {"id": 7, "name": "x/y"}),
        ("/a/0/%2541", {"id": 0, "name": "%41"}),
        ("/a/9223372036854775807/%C3%A9", {"id": 2**63 - 1, "name": "é"}),
    ],
)
def test_parameters_are_decoded_once_and_ints_are_ints(
    path: str, params: Mapping[str, object]
) -> None:
    found = table(("GET", "/a/{id}/{name}", {"id": "int"})).match("GET", path)
    assert found is not None
    assert found.params == params


def test_an_operation_without_parameters_has_none() -> None:
    found = table(("GET", "/a/*/**")).match("GET", "/a/b/c")
    assert found is not None
    assert dict(found.params) == {}


# Each row: operations, most specific first, that all match `path` with GET.
SPECIFICITY = [
    pytest.param("/a/b", ["/a/b", "/a/{y}", "/{x}/b", "/{x}/{y}", "/{x}/**"], id="left to right"),
    pytest.param("/a", ["/a", "/a/**", "/{x}", "/{x}/**", "/**"], id="end beats rest"),
    pytest.param("/a/b/c", ["/a/b/**", "/a/*/c", "/a/*/*", "/a/**"], id="rest after literals"),
]


@pytest.mark.parametrize(("path", "templates"), SPECIFICITY)
def test_the_most_specific_wins_whatever_the_order_of_the_file(
    path: str, templates: list[str]
) -> None:
    while templates:
        expected = f"GET {templates[0]}"
        assert chosen(table(*[("GET", each) for each in templates]), "GET", path) == expected
        assert chosen(table(*[("GET", each) for each in templates[::-1]]), "GET", path) == expected
        templates = templates[1:]


def test_a_constrained_parameter_beats_a_plain_one_and_loses_to_a_literal() -> None:
    operations = table(("GET", "/a/{x}"), ("GET", "/a/{n}", {"n": "[0-9]+"}), ("GET", "/a/12"))
    assert chosen(operations, "GET", "/a/12") == "GET /a/12"
    assert chosen(operations, "GET", "/a/13") == "GET /a/{n}"
    assert chosen(operations, "GET", "/a/b") == "GET /a/{x}"


def test_what_follows_decides_between_two_constraints_that_both_fit() -> None:
    operations = [
        ("GET", "/{a}/{x}", {"a": "[a-z]+"}),
        ("GET", "/{b}/end", {"b": "[a-m]+"}),
    ]
    for order in (operations, operations[::-1]):
        assert chosen(table(*order), "GET", "/abc/end") == "GET /{b}/end"
        assert chosen(table(*order), "GET", "/abc/x") == "GET /{a}/{x}"
        assert chosen(table(*order), "GET", "/xyz/end") == "GET /{a}/{x}"


def test_the_method_is_part_of_the_match() -> None:
    operations = table(("GET", "/a/b"), ("POST", "/a/{x}"), ("*", "/**"))
    assert chosen(operations, "GET", "/a/b") == "GET /a/b"
    assert chosen(operations, "POST", "/a/b") == "POST /a/{x}"
    assert chosen(operations, "DELETE", "/a/b") == "* /**"


def test_a_dead_end_is_left_again() -> None:
    operations = table(("GET", "/a/b/c"), ("GET", "/a/{x}/d"), ("GET", "/{y}/b/e"), ("GET", "/**"))
    assert chosen(operations, "GET", "/a/b/d") == "GET /a/{x}/d"
    assert chosen(operations, "GET", "/a/b/e") == "GET /{y}/b/e"
    assert chosen(operations, "GET", "/a/b/f") == "GET /**"


@pytest.mark.parametrize("template", ["/a", "/{x}", "/**"])
def test_a_listed_method_beats_every_method(template: str) -> None:
    for order in (("GET", "*"), ("*", "GET")):
        operations = table(*[(methods, template) for methods in order])
        assert chosen(operations, "GET", "/a") == f"GET {template}"
        assert chosen(operations, "PUT", "/a") == f"* {template}"


@pytest.mark.parametrize("method", ["get", "HEAD", "OPTIONS", "GET ", ""])
def test_methods_are_exact_and_never_implied(method: str) -> None:
    assert chosen(table(("GET", "/a")), method, "/a") is None


def test_a_folded_trailing_slash_makes_no_difference() -> None:
    operations = table(
        ("GET", "/a"), ("GET", "/b/"), ("GET", "/c/{x}"), ("GET", "/"), fold_trailing_slash=True
    )
    for path in ("/a", "/a/", "/b", "/b/", "/c/d", "/c/d/", "/"):
        assert chosen(operations, "GET", path) is not None, path
    assert chosen(operations, "GET", "/c/") is None


def test_folded_case_folds_literals_and_nothing_else() -> None:
    operations = table(("GET", "/Ab/{x}"), ("GET", "/id/{n}", {"n": "[a-z]+"}), fold_case=True)
    found = operations.match("GET", "/aB/Xy")
    assert found is not None
    assert found.params == {"x": "Xy"}
    assert chosen(operations, "GET", "/ID/xy") == "GET /id/{n}"
    assert chosen(operations, "GET", "/ID/XY") is None
    assert chosen(operations, "get", "/ab/x") is None


@pytest.mark.parametrize(
    ("template", "path"),
    [
        pytest.param("/kings", "/%E2%84%AAings", id="the Kelvin sign is no k"),
        pytest.param("/sales", "/%C5%BFales", id="the long s is no s"),
        pytest.param("/strasse", "/stra%C3%9Fe", id="a sharp s is not ss"),
        pytest.param("/étude", "/%C3%89tude", id="É is not é"),
    ],
)
def test_folded_case_folds_ascii_letters_alone(template: str, path: str) -> None:
    operations = table(("GET", template), fold_case=True)
    assert chosen(operations, "GET", path) is None
    assert chosen(operations, "GET", template.replace("s", "S").replace("é", "%C3%A9")) is not None


def test_a_long_path_costs_no_recursion() -> None:
    operations = table(("GET", "/**"), ("GET", "/" + "*/" * 63 + "**"))
    assert chosen(operations, "GET", "/a" * 100_000) == "GET /" + "*/" * 63 + "**"
    assert chosen(table(("GET", "/a/**")), "GET", "/b" * 100_000) is None


# --- base URLs ----------------------------------------------------------------------------------

SERVICES = BaseUrlTable(
    [
        (parse_base_url("https://api.example.com"), "root"),
        (parse_base_url("https://api.example.com/billing"), "billing"),
        (parse_base_url("https://api.example.com/billing/eu/v1"), "eu"),
        (parse_base_url("http://api.example.com:8080/a!b"), "other port"),
    ]
)


@pytest.mark.parametrize(
    ("url", "service", "relative"),
    [
        ("https://api.example.com", "root", "/"),
        ("https://api.example.com/", "root", "/"),
        ("https://api.example.com/x/y/", "root", "/x/y/"),
        ("https://api.example.com/billing", "billing", "/"),
        ("https://api.example.com/billing/", "billing", "/"),
        ("https://api.example.com/billing/invoices/7", "billing", "/invoices/7"),
        ("https://api.example.com/billingx/7", "root", "/billingx/7"),
        ("https://api.example.com/Billing/7", "root", "/Billing/7"),
        ("https://api.example.com/billing/eu", "billing", "/eu"),
        ("https://api.example.com/billing/eu/v1/x", "eu", "/x"),
        ("https://api.example.com/billing/eu/v1x", "billing", "/eu/v1x"),
        ("HTTPS://API.example.com:443/b%69lling/x?q", "billing", "/x"),
        ("https://api.example.com/billing%2Fx", "root", "/billing%2Fx"),
        ("https://api.example.com//billing/x", "root", "//billing/x"),
        ("https://api.example.com/billing//x", "billing", "//x"),
        ("https://api.example.com/billing/../x", "billing", "/../x"),
        ("https://api.example.com/billing/%FF", "billing", "/%FF"),
        ("https://api.example.com/%FF", "root", "/%FF"),
        ("http://api.example.com:8080/a%21b/c", "other port", "/c"),
    ],
)
def test_the_longest_base_url_on_whole_segments_decides(
    url: str, service: str, relative: str
) -> None:
    assert SERVICES.find(canonical_url(url)) == (service, relative)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/billing",
        "https://api.example.com:8443/billing",
        "https://example.com/billing",
        "https://api.example.com.evil/billing",
        "http://api.example.com:8080/",
        "http://api.example.com:8080/a",
    ],
)
def test_scheme_host_and_port_are_exact(url: str) -> None:
    assert SERVICES.find(canonical_url(url)) is None
