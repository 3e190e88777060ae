"""Shapes of whole documents, by kind."""

from __future__ import annotations

from collections.abc import Mapping

from deemster.policy.parsing import forms
from deemster.policy.parsing.applications import APPLICATION_KEYS
from deemster.policy.parsing.declarations import DECLARATION_KEYS
from deemster.policy.parsing.header import header_of, with_header
from deemster.policy.parsing.operation_shapes import OPERATION
from deemster.policy.parsing.policy_shapes import (
    GUARDS,
    POLICY_CHILDREN,
    POLICY_KEYS,
    POLICY_REQUIRED,
    RESPONSE,
)
from deemster.policy.parsing.policy_tests import POLICY_TEST
from deemster.policy.parsing.services import SERVICE
from deemster.policy.parsing.shapes import Key, Keys, Shape

__all__ = ["API_SERVICE", "APPLICATION", "DOCUMENTS", "LIBRARY", "POLICY"]

API_SERVICE = Shape(
    "an ApiService",
    header_of("ApiService")
    | Keys({"service": Key(SERVICE, "Where the service is, and who issues its tokens.")})
    | DECLARATION_KEYS
    | Keys(
        {
            "guards": Key(
                GUARDS,
                "Policies that can only refuse, for every operation. Each passes unless it denies"
                " or fails.",
                "[{$ref: ../shared/named-tenant.yaml, exempt: [health]}]",
            ),
            "response": Key(
                RESPONSE, "Policies over what the upstream answers, for every operation."
            ),
            "operations": Key(
                forms.ListOf(OPERATION),
                "What callers may do. A call that matches none is denied.",
                "[{id: health, match: {methods: [GET], path: /health}, allow: public}]",
            ),
        }
    ),
    required={
        "service": "base URLs and token provider of the service",
        "operations": "a service without operations could answer nothing",
    },
    elsewhere={
        "policies": "`policies` belongs to an operation; `guards` apply to the whole service",
        "baseUrls": "write `service: {baseUrls: [...]}`",
        "tokenProvider": "write `service: {tokenProvider: ...}`",
        "audience": "write `service: {audience: ...}`",
    },
    doc="One API: where it is, who issues its tokens, and who may do what.",
)
LIBRARY = Shape(
    "a Library",
    header_of("Library") | DECLARATION_KEYS,
    elsewhere={"rules": "rules belong to a document of kind Policy"},
    doc="Declarations, constants and conditions that other documents import.",
)
POLICY = Shape(
    "a Policy",
    header_of("Policy") | DECLARATION_KEYS | POLICY_KEYS,
    required=POLICY_REQUIRED,
    elsewhere={
        "id": "a Policy document's id is `metadata: {id: ...}`",
        "exempt": "a guard is exempted where `guards` lists it: `{$ref: ..., exempt: [...]}`",
        "when": "a policy applies when its `target` holds; rules have `when`",
        "enabled": "remove the reference to a policy instead of disabling its document",
        "policies": "policies within a policy are items of `children`, as `- policy: {...}`",
    },
    exactly_one=POLICY_CHILDREN,
    doc="A policy in a file of its own, used by `- $ref: path/to/policy.yaml`.",
)
APPLICATION = Shape(
    "an Application",
    header_of("Application") | APPLICATION_KEYS,
    required={"resources": "for example `resources: {invoices: {permissions: [view, pay]}}`"},
    elsewhere={"permissions": "permissions belong to a resource or a role"},
    doc="Permissions and roles of one application.",
)


DOCUMENTS: Mapping[str, Shape] = {
    "ApiService": with_header(API_SERVICE),
    "Library": with_header(LIBRARY),
    "Policy": with_header(POLICY),
    "Application": with_header(APPLICATION),
    "PolicyTest": with_header(POLICY_TEST),
}
