"""docs/openapi.json is what the service serves, and what its protocols do to the letter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deemster.app.openapi import openapi_of
from deemster.gateways.http_endpoint import ServedPath
from deemster.settings import load_settings
from deemster.settings.model import AnonymousGatewaySettings
from tests.golden.test_wire import CASES, WIRE, parts_of
from tests.support.openapi import FILE, current_document, every_protocol

# Answered, though nobody is told to send it: one question of several that is none, and what Lua
# writes for an array without items.
BEYOND = {
    "authzen/evaluations-with-a-malformed-item",
    "decision-endpoint/bulk-with-an-item-that-is-none",
    "sideband/permit-without-header-fields",
}
DOCUMENT: dict[str, Any] = json.loads(FILE.read_bytes())


def test_the_document_that_is_checked_in_is_the_current_one() -> None:
    stale = "docs/openapi.json is not current: run `python -m tests.support.openapi`"
    assert FILE.read_bytes() == current_document(), stale


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_openapi_3_1_with_ids_of_its_own_for_each_operation() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids)) > 10


def test_every_parameter_of_a_path_is_declared_and_no_other() -> None:
    for path, _, operation in operations():
        declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_whoever_asks_for_a_decision_must_prove_who_they_are() -> None:
    public = [path for path, _, operation in operations() if not operation["security"]]
    assert public == ["/.well-known/authzen-configuration"]
    schemes = set(DOCUMENT["components"]["securitySchemes"])
    for _, _, operation in operations():
        assert {name for proof in operation["security"] for name in proof} <= schemes


def test_an_access_token_proves_a_gateway_where_the_authorization_header_is_its_own() -> None:
    with_token = {
        operation["tags"][0]
        for _, _, operation in operations()
        if {"access-token": []} in operation["security"]
    }
    assert with_token == {"authzen", "decision-endpoint"}


def test_an_anonymous_gateway_proves_nothing_in_its_protocols(tmp_path: Path) -> None:
    settings = load_settings(every_protocol(tmp_path).settings_file, {})
    anonymous = AnonymousGatewaySettings(
        id="anonymous",
        protocols=frozenset({"sideband"}),
        api_services=frozenset({"orders"}),
        claims=None,
    )
    served = [
        ServedPath("/sideband/request", "sideband"),
        ServedPath("/forward-auth/nginx", "nginx"),
    ]
    trial = replace(settings, insecure_anonymous_gateway=anonymous)
    paths = json.loads(openapi_of(trial, served))["paths"]
    assert {} in paths["/sideband/request"]["post"]["security"]
    assert {} not in paths["/forward-auth/nginx"]["get"]["security"]


def nested(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nested(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nested(inner)


def test_every_reference_leads_to_a_schema_and_every_schema_is_referred_to() -> None:
    named = {str(found["$ref"]) for found in nested(DOCUMENT) if "$ref" in found}
    there = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert named == there


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def conforms(value: object, schema: object) -> bool:
    whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    return bool(Draft202012Validator(whole).is_valid(value))


def described(method: str, path: str) -> dict[str, Any] | None:
    for template, methods in DOCUMENT["paths"].items():
        target = re.escape(template).replace(r"\{target\}", ".*")
        pattern = re.sub(r"\\\{environment\\\}", "local", target)
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]*", pattern), path.partition("?")[0]):
            found: dict[str, Any] | None = methods.get(method.lower())
            return found
    return None


def golden() -> list[Any]:
    cases = []
    for case in CASES:
        line, headers, body = parts_of((case / "request.http").read_bytes())
        method, path, _ = line.split()
        operation = described(method, path)
        if operation is not None:
            given = (operation, dict(headers), body, case)
            cases.append(pytest.param(*given, id=str(case.relative_to(WIRE))))
    return cases


@pytest.mark.parametrize(("operation", "headers", "body", "case"), golden())
def test_what_goes_over_the_wire_is_as_described(
    operation: dict[str, Any], headers: dict[bytes, bytes], body: bytes, case: Path
) -> None:
    head, answer = parts_of_answer(case)
    status = head.split(" ")[1]
    told = operation["responses"].get(status)
    assert told is not None, f"{status} is not described"
    if "content" in told and (case / "request.http").read_bytes().startswith(b"HEAD "):
        assert answer == b""  # RFC 9110 9.3.2
    elif "content" in told:
        (media_type,) = told["content"]
        assert conforms(json.loads(answer), told["content"][media_type]["schema"])
    else:
        assert answer == b""
    if status == "200" and "requestBody" in operation:
        media_type = headers.get(b"content-type", b"application/json").decode()
        schema = operation["requestBody"]["content"][media_type]["schema"]
        assert conforms(json.loads(body), schema) is (str(case.relative_to(WIRE)) not in BEYOND)


def parts_of_answer(case: Path) -> tuple[str, bytes]:
    head, _, body = (case / "response.http").read_bytes().partition(b"\n\n")
    return head.split(b"\n")[0].decode(), body.removesuffix(b"\n")
