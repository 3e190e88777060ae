"""Descriptions of operations ► one OpenAPI 3.1 document (JSON Schema 2020-12)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc

import msgspec

from deemster.gateways.openapi.description import (
    Answered,
    ArrayIn,
    OneOf,
    Operation,
    Parameter,
    Shape,
)

__all__ = ["SecurityScheme", "openapi_document"]


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A way to prove who asks: its description, and the protocols in which it is one.

    `description` None: no proof is asked for.
    """

    description: Mapping[str, object] | None
    protocols: Container[str]


def openapi_document(
    operations: Sequence[Operation],
    *,
    version: str,
    environment: str,
    security: Mapping[str, SecurityScheme],
) -> dict[str, object]:
    """`security` are the ways in which a gateway may prove who it is, by name: any one will do.

    An `{environment}` in a path is the one that is served.
    """
    schemas = _Schemas()
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        said = _operation(operation, schemas, environment, security)
        paths.setdefault(operation.path, {})[operation.method] = said
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Deemster, the decisions listener",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "securitySchemes": {
                name: dict(scheme.description)
                for name, scheme in security.items()
                if scheme.description is not None
            },
        },
    }


_ABOUT = (
    "What gateways ask and what they are told, in every protocol that is spoken over HTTP. "
    "A deny is an answer; an error is about the asking, and never a permit."
)


class _Schemas:
    """JSON Schemas of shapes. Components are named by protocol, so that none takes another's."""

    def __init__(self) -> None:
        self.components: dict[str, object] = {}

    def of(self, shape: Shape, protocol: str | None) -> object:
        """The schema, or where it is."""
        if isinstance(shape, OneOf):
            return {"anyOf": [self.of(one, protocol) for one in shape.shapes]}
        if isinstance(shape, ArrayIn):
            return {
                "type": "object",
                "properties": {
                    shape.member: {"type": "array", "items": self.of(shape.item, protocol)}
                },
                "required": [shape.member],
            }
        (schema,), found = msgspec.json.schema_components(
            [shape], schema_hook=_any_value, ref_template=f"{_REFERENCE}{{name}}"
        )
        names = {name: _component_name(name, protocol) for name in found}
        for name, component in found.items():
            self.components[names[name]] = _renamed(component, names)
        return _renamed(schema, names)


_REFERENCE = "#/components/schemas/"
_ANY = "x-any-value"


def _any_value(_: type) -> dict[str, object]:
    return {_ANY: True}  # an empty schema would be taken for none; `_renamed` makes it one


def _component_name(name: str, protocol: str | None) -> str:
    words = (protocol or "public").split("-")
    return "".join([word.capitalize() for word in words]) + name.removeprefix("_")


def _renamed(schema: object, names: Mapping[str, str]) -> object:
    if isinstance(schema, list | tuple):
        return [_renamed(item, names) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _renamed(value, names) for key, value in schema.items() if key != _ANY}
    reference = found.get("$ref")
    if isinstance(reference, str):
        found["$ref"] = _REFERENCE + names[reference.removeprefix(_REFERENCE)]
    text = found.get("description")
    if isinstance(text, str):
        found["description"] = cleandoc(text)
    title = found.get("title")
    if isinstance(title, str):
        found["title"] = title.removeprefix("_")
    return found


def _operation(
    operation: Operation,
    schemas: _Schemas,
    environment: str,
    security: Mapping[str, SecurityScheme],
) -> dict[str, object]:
    said: dict[str, object] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.protocol or "public"],
        "security": [
            {} if scheme.description is None else {name: []}
            for name, scheme in security.items()
            if operation.protocol is not None and operation.protocol in scheme.protocols
        ],
    }
    parameters = [_parameter(parameter) for parameter in operation.parameters]
    if "{environment}" in operation.path:
        parameters.insert(0, _parameter(_environment(environment)))
    if parameters:
        said["parameters"] = parameters
    if operation.asked:
        said["requestBody"] = {
            "required": True,
            "content": {
                asked.media_type: {"schema": schemas.of(asked.shape, operation.protocol)}
                for asked in operation.asked
            },
        }
    said["responses"] = {
        str(status): _answer(answer, operation.protocol, schemas)
        for status, answer in sorted(operation.answers.items())
    }
    return said


def _environment(environment: str) -> Parameter:
    return Parameter(
        name="environment",
        place="path",
        description="The environment that is served; another one is a 404",
        schema={"type": "string", "enum": [environment]},
        required=True,
    )


def _parameter(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _answer(answer: Answered, protocol: str | None, schemas: _Schemas) -> dict[str, object]:
    said: dict[str, object] = {"description": answer.description}
    if answer.headers:
        said["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in answer.headers.items()
        }
    if answer.shape is not None:
        said["content"] = {answer.media_type: {"schema": schemas.of(answer.shape, protocol)}}
    return said
