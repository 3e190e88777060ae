"""A tree of `shape` as the YAML files that an author would have written."""

from __future__ import annotations

import posixpath
import re
from random import Random
from typing import Any

from tests.reference.emission_declared import attribute_written, statement_written
from tests.reference.emission_yaml import Literal, Plain, block
from tests.reference.notation import expression_text, is_bare_name
from tests.reference.openings import OPENINGS
from tests.reference.shape import (
    UNSET,
    Allow,
    AnyAll,
    Declared,
    Denied,
    Expression,
    Operation,
    PolicySet,
    Ref,
    Rule,
    Scope,
    Service,
    StatementName,
    Template,
    Tree,
    Value,
)

__all__ = ["PROVIDERS", "files_of"]

PROVIDERS = {True: ("internal", "people"), False: ("external", "partners")}
"""Type and id of the token provider of an internal and of an external service."""


def files_of(tree: Tree, seed: int = 0) -> dict[str, str]:
    """Path from the root ► text. `seed` varies how it is written, not what it means."""
    rng = Random(seed)
    documents: dict[str, dict[str, Any]] = {}
    for path, service in tree.services.items():
        documents[path] = Writer(path, rng).service(service)
    for path, library in tree.libraries.items():
        documents[path] = {
            "kind": "Library",
            "metadata": {"id": library.id},
            **Writer(path, rng).declarations(library.scope),
        }
    for path, document in tree.policies.items():
        writer = Writer(path, rng)
        body = writer.policy(document.policy)
        documents[path] = {
            "kind": "Policy",
            "metadata": {"id": body.pop("id")},
            **writer.declarations(document.scope),
            **body,
        }
    for path, application in tree.applications.items():
        documents[path] = {
            "kind": "Application",
            "metadata": {"id": application.id},
            "resources": {
                name: {"permissions": list(actions)}
                for name, actions in application.resources.items()
            },
            "roles": {
                name: {"permissions": list(keys)} for name, keys in application.roles.items()
            },
        }
    return {
        path: "apiVersion: deemster/v1\n" + "\n".join(block(document, "", rng)) + "\n"
        for path, document in documents.items()
    }


class Writer:
    """Makes plain mappings and lists of one document's parts."""

    def __init__(self, path: str, rng: Random) -> None:
        self.path = path
        self.rng = rng

    def service(self, service: Service) -> dict[str, Any]:
        kind, provider = PROVIDERS[service.internal]
        body: dict[str, Any] = {"tokenProvider": {"type": kind, "id": provider}}
        if service.base_urls:
            body["baseUrls"] = list(service.base_urls)
        if service.internal and service.base_urls:
            body["audience"] = service.id
        if service.applications:
            body["applications"] = list(service.applications)
        paths = {"trailingSlash": "same"} if service.same_slash else {}
        paths |= {"case": "insensitive"} if service.any_case else {}
        paths |= {name: OPENINGS[name] for name in sorted(service.opened)}
        if paths:
            body["paths"] = paths
        if service.preflight:
            body["preflight"] = "allow"
        if service.unmatched:
            body["unmatched"] = "guards"
        return {
            "kind": "ApiService",
            "metadata": {"id": service.id, "title": f"Service {service.id}", "owner": "team"},
            "service": body,
            **self.declarations(service.scope),
            **self.policies("guards", service.guards),
            **self.response(service.response),
            "operations": [self.operation(operation) for operation in service.operations],
        }

    def declarations(self, scope: Scope) -> dict[str, Any]:
        written: dict[str, Any] = {}
        if scope.imports:
            written["imports"] = {
                alias: posixpath.relpath(path, posixpath.dirname(self.path))
                for alias, path in scope.imports.items()
            }
        if scope.schema:
            written["schema"] = {
                kind: {entry.name: declared(entry) for entry in scope.schema if entry.scope == kind}
                for kind in sorted({entry.scope for entry in scope.schema})
            }
        if scope.constants:
            written["constants"] = {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in scope.constants.items()
            }
        if scope.attributes:
            written["attributes"] = {
                name: declared(attribute.entry) | attribute_written(attribute, self.rng)
                for name, attribute in scope.attributes.items()
            }
        if scope.statements:
            written["statements"] = {
                name: statement_written(statement, self.rng)
                for name, statement in scope.statements.items()
            }
        if scope.conditions:
            written["conditions"] = {
                name: self.condition(value) for name, value in scope.conditions.items()
            }
        return written

    def operation(self, operation: Operation) -> dict[str, Any]:
        written: dict[str, Any] = {"id": operation.id, "match": matched(operation)}
        if operation.params:
            written["params"] = {
                name: {key: value} for name, (key, value) in operation.params.items()
            }
        if operation.opened:
            written["paths"] = {name: OPENINGS[name] for name in sorted(operation.opened)}
        if operation.also_covers:
            written["alsoCovers"] = list(operation.also_covers)
        if isinstance(operation.allow, str):
            written["allow"] = Plain(operation.allow)
        elif operation.allow is not None:
            written["allow"] = self.allow(operation.allow)
        if operation.otherwise is not None:
            written["otherwise"] = denied(operation.otherwise)
        return {
            **written,
            **self.policies("guards", operation.guards),
            **self.policies("policies", operation.policies),
            **self.response(operation.response),
            **attached(operation.attach),
        }

    def allow(self, allow: Allow) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for name, line in (
            ("scopes", allow.scopes),
            ("groups", allow.groups),
            ("permissions", allow.permissions),
        ):
            if line is not None:
                written[name] = any_all(line)
        if allow.when is not None:
            written["when"] = self.condition(allow.when)
        authentication: dict[str, Any] = {"acr": list(allow.acr)} if allow.acr else {}
        if allow.max_age is not None:
            authentication["maxAge"] = Plain(f"{allow.max_age}s")
        if authentication:
            written["authentication"] = authentication
        names = list(written)
        self.rng.shuffle(names)  # the reasons' order does not follow the file's
        return {name: written[name] for name in names}

    def policies(self, key: str, nodes: tuple[PolicySet | Ref, ...]) -> dict[str, Any]:
        return {key: [self.child(node, bare=True) for node in nodes]} if nodes else {}

    def response(self, nodes: tuple[PolicySet | Ref, ...]) -> dict[str, Any]:
        return {"response": self.policies("policies", nodes)} if nodes else {}

    def child(self, node: Rule | PolicySet | Ref, *, bare: bool) -> dict[str, Any]:
        if isinstance(node, Ref):
            path = posixpath.relpath(node.path, posixpath.dirname(self.path))
            return {"$ref": path} | ({"exempt": list(node.exempt)} if node.exempt else {})
        if isinstance(node, Rule):
            return self.rule(node) if bare else {"rule": self.rule(node)}
        return self.policy(node) if bare else {"policy": self.policy(node)}

    def policy(self, policy: PolicySet) -> dict[str, Any]:
        written: dict[str, Any] = {"id": policy.id, "combiningAlgorithm": policy.combining}
        if policy.target is not None:
            written["target"] = self.condition(policy.target)
        if policy.denied is not None:
            written["deniedReason"] = denied(policy.denied)
        if not policy.enabled:
            written["enabled"] = False
        if policy.exempt:
            written["exempt"] = list(policy.exempt)
        if policy.simple:
            written["indeterminate"] = Plain("simple")
        written |= attached(policy.attach)
        if all(isinstance(child, Rule) for child in policy.children) and self.rng.random() < 0.7:
            written["rules"] = [self.child(child, bare=True) for child in policy.children]
        else:
            written["children"] = [self.child(child, bare=False) for child in policy.children]
        return written

    def rule(self, rule: Rule) -> dict[str, Any]:
        written: dict[str, Any] = {"id": rule.id, "effect": Plain(rule.effect)}
        if rule.when is not None:
            written["when"] = self.condition(rule.when)
        if rule.denied is not None:
            written["deniedReason"] = denied(rule.denied)
        if not rule.enabled:
            written["enabled"] = False
        return written | attached(rule.attach)

    def condition(self, expression: Expression) -> Value:
        if expression[0] == "all-list":
            return {"all": [self.condition(item) for item in expression[1:]]}
        if expression[0] == "any-list":
            return {"any": [self.condition(item) for item in expression[1:]]}
        if expression[0] == "not-list":
            return {"not": self.condition(expression[1])}
        text = expression_text(expression, self.rng)
        # Escapes would hide from a reader what the expression says: such text stands in a block.
        if '"' in text or "\\" in text or self.rng.random() < 0.05:
            return Literal(text)
        is_plain = is_bare_name(expression) and "(" not in text and self.rng.random() < 0.5
        return Plain(text) if is_plain else text


def declared(entry: Declared) -> dict[str, Any]:
    written: dict[str, Any] = {"type": Plain(entry.type) if "<" not in entry.type else entry.type}
    if entry.optional:
        written["optional"] = True
    if entry.default != UNSET:
        written["default"] = (
            list(entry.default) if isinstance(entry.default, tuple) else entry.default
        )
    if entry.enum is not None:
        written["enum"] = list(entry.enum)
    if entry.minimum is not None:
        written["min"] = entry.minimum
    if entry.maximum is not None:
        written["max"] = entry.maximum
    if entry.claim is not None:
        written["claim"] = entry.claim
    return written


def matched(operation: Operation) -> dict[str, Any]:
    if operation.access is not None:
        return {"resourceType": operation.access[0], "actions": list(operation.access[1])}
    match: dict[str, Any] = {}
    if operation.methods is not None:
        match["methods"] = list(operation.methods)
    paths = [template_text(template) for template in operation.templates]
    return match | ({"path": paths[0]} if len(paths) == 1 else {"paths": paths})


def denied(words: Denied) -> dict[str, Any]:
    status = {"status": words.status} if words.status is not None else {}
    return {"code": words.code, "message": f"Refused: {words.code}.", **status}


def attached(names: tuple[StatementName, ...]) -> dict[str, Any]:
    written = [name if alias is None else f"{alias}.{name}" for alias, name in names]
    return {"attach": written} if written else {}


def any_all(line: AnyAll) -> dict[str, Any]:
    written: dict[str, Any] = {"any": list(line.any)} if line.any else {}
    written |= {"all": list(line.all)} if line.all else {}
    return written | ({"match": Plain(line.match)} if line.match != "exact" else {})


def template_text(template: Template) -> str:
    return "".join(f"/{segment_text(part)}" for part in template) or "/"


def segment_text(part: tuple[str, ...]) -> str:
    if part[0] == "literal":
        return re.sub(r"([{}*\\])", r"\\\1", part[1])
    return {"param": "{" + part[-1] + "}", "star": "*", "rest": "**"}[part[0]]
