"""Shapes of whole documents, by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deemster.policy.parsing import forms
from deemster.policy.parsing.applications import APPLICATION_KEYS
from deemster.policy.parsing.declarations import DECLARATION_KEYS, LATER_DECLARATIONS
from deemster.policy.parsing.operation_shapes import OPERATION
from deemster.policy.parsing.policy_shapes import (
    GUARDS,
    LATER_IN_NODES,
    POLICY_CHILDREN,
    POLICY_KEYS,
    POLICY_REQUIRED,
)
from deemster.policy.parsing.scalars import listed
from deemster.policy.parsing.services import SERVICE
from deemster.policy.parsing.shapes import Key, Keys, Shape

__all__ = [
    "API_SERVICE",
    "API_VERSION",
    "APPLICATION",
    "DOCUMENTS",
    "HEADER",
    "HEADER_REQUIRED",
    "KINDS",
    "LIBRARY",
    "METADATA",
    "POLICY",
    "header_of",
    "with_header",
]

API_VERSION = "deemster/v1"
KINDS = ("ApiService", "Library", "Policy", "Application", "PolicyTest")


HEADER_REQUIRED: Mapping[str, str | None] = {
    "apiVersion": f"write `apiVersion: {API_VERSION}`",
    "kind": f"one of {listed(KINDS)}",
    "metadata": "write `metadata: {id: ...}`",
}
METADATA = Shape(
    "`metadata`",
    Keys(
        {
            "id": Key(forms.Id(), "Names the document, uniquely in its kind.", "invoices"),
            "title": Key(forms.Text(), "A name for people.", "Invoices API"),
            "owner": Key(forms.Text(), "Who answers for the document.", "team-billing"),
        }
    ),
    required={"id": "an id of lower-case letters, digits and hyphens, unique in its kind"},
    elsewhere={"name": "a document is named by `id`; `title` is for people"},
    example="metadata: {id: invoices}",
    doc="What the document is called, and whose it is.",
)


def header_of(kind: str) -> Keys:
    """The keys with which a document of this kind begins."""
    return Keys(
        {
            "apiVersion": Key(
                forms.Choice({API_VERSION: API_VERSION}),
                "The version of the policy language.",
                API_VERSION,
            ),
            "kind": Key(forms.Choice({kind: kind}), "What the document is.", kind),
            "metadata": Key(
                METADATA, "What the document is called.", "{id: invoices, owner: team-billing}"
            ),
        }
    )


HEADER = header_of("").names
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
    later=LATER_DECLARATIONS | {"response": "policies over the upstream's answer"},
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
    later=LATER_DECLARATIONS,
    elsewhere={"rules": "rules belong to a document of kind Policy"},
    doc="Declarations, constants and conditions that other documents import.",
)
POLICY = Shape(
    "a Policy",
    header_of("Policy") | DECLARATION_KEYS | POLICY_KEYS,
    required=POLICY_REQUIRED,
    later=LATER_IN_NODES
    | LATER_DECLARATIONS
    | {"indeterminate": "`simple` reading of indeterminate children"},
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


def with_header(shape: Shape) -> Shape:
    """The shape of a document as its readers know it: the header is needed as well.

    The parser looks for the header before it knows the kind, and reports it once.
    """
    return replace(shape, required={**HEADER_REQUIRED, **shape.required})


DOCUMENTS: Mapping[str, Shape] = {
    "ApiService": with_header(API_SERVICE),
    "Library": with_header(LIBRARY),
    "Policy": with_header(POLICY),
    "Application": with_header(APPLICATION),
}
"""Shapes by kind; that of a PolicyTest is in `policytest`, which parses it."""
