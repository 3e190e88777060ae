"""The keys with which every document begins, and the kinds that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deemster.policy.parsing import forms
from deemster.policy.parsing.scalars import listed
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.parsing.suppressions import SUPPRESSION

__all__ = [
    "API_VERSION",
    "HEADER",
    "HEADER_REQUIRED",
    "KINDS",
    "METADATA",
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
            "suppress": Key(
                forms.ListOf(SUPPRESSION),
                "Findings of `deemster check` that the author has looked at.",
                '[{code: unused-name, reason: "a stock for the services to come"}]',
            ),
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


def with_header(shape: Shape) -> Shape:
    """The shape of a document as its readers know it: the header is needed as well.

    The parser looks for the header before it knows the kind, and reports it once.
    """
    return replace(shape, required={**HEADER_REQUIRED, **shape.required})
