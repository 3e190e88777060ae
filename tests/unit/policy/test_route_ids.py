"""`resource.id` of AuthZEN's `route`: a template without the names of its parameters."""

import pytest

from deemster.policy.routing.route_ids import RouteIds, Several
from deemster.policy.routing.route_trie import Route
from tests.support.routes import an_operation

OPERATIONS = [
    an_operation("list", "GET", "/todos"),
    an_operation("read", "GET", "/todos/{id}", params={"id": "int"}),
    an_operation("write", "PUT", "/todos/{todo}"),
    an_operation("any", "*", "/todos/{x}"),
    an_operation("rest", "GET", "/files/**"),
    an_operation("slash", "GET", "/users/"),
    an_operation("root", "GET", "/"),
    an_operation("sign", "GET", r"/a\{b\}/*"),
]


def ids(**folding: bool) -> RouteIds[str]:
    routes = [
        Route(template, operation.methods, operation.id)
        for operation in OPERATIONS
        for template in operation.templates
    ]
    return RouteIds(routes, **folding)


@pytest.mark.parametrize(
    ("method", "route_id", "operation"),
    [
        ("GET", "/todos", "list"),
        ("GET", "/todos/{todoId}", "read"),
        ("PUT", "/todos/{todoId}", "write"),
        ("GET", "/todos/*", "read"),
        ("DELETE", "/todos/{todoId}", "any"),
        ("get", "/todos/{todoId}", "any"),
        ("POST", "/todos", None),
        ("GET", "/todos/7", None),
        ("GET", "/todos/", None),
        ("GET", "/todos/{a}/{b}", None),
        ("GET", "/Todos", None),
        ("GET", "/files/**", "rest"),
        ("GET", "/files/{x}", None),
        ("GET", "/users/", "slash"),
        ("GET", "/users", None),
        ("GET", "/", "root"),
        ("GET", "", None),
        ("GET", "todos", None),
        ("GET", "https://h/todos", None),
        ("GET", "/todos/{}", None),
        ("GET", "/todos/x{id}", None),
        ("GET", "/a{b}/{c}", "sign"),
    ],
)
def test_an_id_equals_a_template_but_for_names(
    method: str, route_id: str, operation: str | None
) -> None:
    assert ids().match(method, route_id) == operation


def test_folding_of_the_service_holds_for_ids() -> None:
    folded = ids(fold_trailing_slash=True, fold_case=True)
    assert folded.match("GET", "/TODOS/") == "list"
    assert folded.match("GET", "/users") == "slash"
    assert folded.match("GET", "/") == "root"
    assert folded.match("GET", "//") is None


def test_templates_that_only_a_call_tells_apart_are_no_answer() -> None:
    routes = [
        Route(template, operation.methods, operation.id)
        for operation in (
            an_operation("number", "GET", "/x/{id}", params={"id": "int"}),
            an_operation("name", "GET", "/x/{name}"),
        )
        for template in operation.templates
    ]
    assert RouteIds(routes).match("GET", "/x/{id}") is Several.MARKER


def test_two_templates_of_one_operation_are_one_answer() -> None:
    twice = an_operation("read", "GET", "/x/{id}", "/x/{name}/", params={"id": "int"})
    routes = [Route(template, twice.methods, twice.id) for template in twice.templates]
    assert RouteIds(routes, fold_trailing_slash=True).match("GET", "/x/{a}") == "read"
