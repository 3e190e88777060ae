"""The policy tree as parsed: what the author wrote, typed and positioned, nothing resolved yet.

`parser` makes it from nodes, `checker` gives it meaning, `compiler` makes closures of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from deemster.model.sender import DpopOverride
from deemster.model.source import SourceSpan
from deemster.model.urls import PathFeature
from deemster.policy.codes import Code
from deemster.policy.reading.nodes import MappingNode, ScalarNode

if TYPE_CHECKING:
    from deemster.policy.attribute_tree import AttributeDeclaration
    from deemster.policy.statements.declared import StatementDeclaration

__all__ = [
    "AccessMatch",
    "AllowAuthenticated",
    "AllowLines",
    "AllowPublic",
    "AnyAll",
    "ApiServiceDocument",
    "ApplicationDocument",
    "Child",
    "CombiningAlgorithm",
    "Condition",
    "ConditionAll",
    "ConditionAny",
    "ConditionNot",
    "ConditionText",
    "Constant",
    "Declaration",
    "DeclarationScope",
    "Declarations",
    "DeniedReasonText",
    "Document",
    "GroupMatch",
    "Groups",
    "Import",
    "LibraryDocument",
    "Metadata",
    "NamedCondition",
    "Operation",
    "ParameterConstraint",
    "PolicyDocument",
    "PolicyNode",
    "PolicyTestDocument",
    "RefNode",
    "RuleEffect",
    "RuleNode",
    "ServiceBlock",
    "Suppression",
    "Text",
    "Tree",
]


@dataclass(frozen=True, slots=True)
class Text:
    """A word or sentence with its place."""

    value: str
    span: SourceSpan


# --- conditions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConditionText:
    """An expression as written; the parser has checked its quoting."""

    node: ScalarNode


@dataclass(frozen=True, slots=True)
class ConditionAll:
    """`all: […]`"""

    items: tuple[Condition, ...]
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class ConditionAny:
    """`any: […]`"""

    items: tuple[Condition, ...]
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class ConditionNot:
    """`not: …`"""

    item: Condition
    span: SourceSpan


Condition = ConditionText | ConditionAll | ConditionAny | ConditionNot


# --- documents ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Suppression:
    """One item of `metadata.suppress`: findings of `code` that the author has looked at.

    `at` is the id path of the node in which they stand, None for anywhere in the document.
    """

    code: Code
    at: Text | None
    reason: str
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class Metadata:
    """`metadata:` of every document."""

    id: Text
    title: str | None
    owner: str | None
    suppress: tuple[Suppression, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """`alias: path`, as written."""

    alias: Text
    path: Text


class DeclarationScope(Enum):
    """Which names a schema entry declares: those of AuthZEN questions come last."""

    CLAIMS = "claims"
    USER = "user"
    SUBJECT = "subject"
    ACTION = "action"
    RESOURCE = "resource"
    CONTEXT = "context"

    def dotted(self, name: str) -> str:
        """As conditions write it: `claims.tenant`, `subject.properties.role`, `context.channel`."""
        return (
            f"{self.value}.properties.{name}"
            if self in _WITH_PROPERTIES
            else (f"{self.value}.{name}")
        )


_WITH_PROPERTIES = frozenset(
    {DeclarationScope.SUBJECT, DeclarationScope.ACTION, DeclarationScope.RESOURCE}
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One entry of `schema.claims`, `schema.user` or what AuthZEN asks about.

    `type` is the type's name as written (`string`, `int`, `bool`, `timestamp`, `list<string>`,
    `list<int>`), already known to be one of them. `default` and the members of `enum` are Python
    values of that type. `claim` is the claim's name in the token where it differs.
    """

    scope: DeclarationScope
    name: Text
    type: str
    optional: bool
    has_default: bool
    default: object
    enum: tuple[object, ...] | None
    minimum: int | None
    maximum: int | None
    claim: str | None
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class Constant:
    """`value` is a str, int, bool, or a tuple of str or int (JSON's scalars)."""

    name: Text
    value: object
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class NamedCondition:
    """A condition that others use by name."""

    name: Text
    condition: Condition


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a Library, an ApiService or a Policy document declares for itself.

    `complete` is False where a part of it had an error: names may be missing then.
    """

    imports: tuple[Import, ...] = ()
    schema: tuple[Declaration, ...] = ()
    constants: tuple[Constant, ...] = ()
    attributes: tuple[AttributeDeclaration, ...] = ()
    conditions: tuple[NamedCondition, ...] = ()
    statements: tuple[StatementDeclaration, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ServiceBlock:
    """`service:` of an ApiService.

    `opened`: what occurs in a path and counts as data. `dpop`: None where the provider's rules
    hold. `preflight` and `unmatched` are the places of `preflight: allow` and `unmatched: guards`,
    None where these are not written.
    """

    base_urls: tuple[Text, ...]
    provider_type: Text
    provider_id: Text
    audience: Text | None
    applications: tuple[Text, ...]
    unmatched_status: int
    disclose: str
    fold_trailing_slash: bool
    fold_case: bool
    opened: frozenset[PathFeature]
    dpop: DpopOverride | None
    preflight: SourceSpan | None
    unmatched: SourceSpan | None
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class ParameterConstraint:
    """`params: {id: {pattern: …}}` or `{type: int | uuid}`."""

    name: Text
    pattern: Text | None
    type: str | None
    span: SourceSpan


@dataclass(frozen=True, slots=True)
class AnyAll:
    """`{any: […], all: […]}`; at least one of both, none empty."""

    any_of: tuple[Text, ...]
    all_of: tuple[Text, ...]
    span: SourceSpan


class GroupMatch(Enum):
    """How group names are compared (seed 3's matching strategies)."""

    EXACT = "exact"
    IGNORE_CASE = "ignore-case"
    DN = "dn"


@dataclass(frozen=True, slots=True)
class Groups:
    """The `groups` line."""

    names: AnyAll
    match: GroupMatch


@dataclass(frozen=True, slots=True)
class AllowPublic:
    """`allow: public`"""

    span: SourceSpan


@dataclass(frozen=True, slots=True)
class AllowAuthenticated:
    """`allow: authenticated`"""

    span: SourceSpan


@dataclass(frozen=True, slots=True)
class AllowLines:
    """A conjunction of lines, at least one; `max_age` in seconds.

    The `…_span` members point at the line's key, for the record's deciding place.
    """

    scopes: AnyAll | None
    groups: Groups | None
    permissions: AnyAll | None
    when: Condition | None
    acr: tuple[Text, ...] | None
    max_age: int | None
    span: SourceSpan
    line_spans: tuple[tuple[str, SourceSpan], ...]
    """(`scopes` | `groups` | `permissions` | `when` | `authentication`, place of the key)."""


@dataclass(frozen=True, slots=True)
class DeniedReasonText:
    """`deniedReason:` or `otherwise:`, as written.

    `statement` is what a `deniedReason:` is short for.
    """

    code: str
    message: str
    detail: str | None
    status: int | None
    span: SourceSpan
    statement: StatementDeclaration | None = None


class CombiningAlgorithm(Enum):
    """How children's outcomes become one (section 10)."""

    DENY_OVERRIDES = "deny-overrides"
    PERMIT_OVERRIDES = "permit-overrides"
    FIRST_APPLICABLE = "first-applicable"
    ONLY_ONE_APPLICABLE = "only-one-applicable"
    DENY_UNLESS_PERMIT = "deny-unless-permit"
    PERMIT_UNLESS_DENY = "permit-unless-deny"


class RuleEffect(Enum):
    """What a rule says when its condition holds."""

    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class RuleNode:
    """A leaf. `when` None means always. `attach` names statements."""

    id: Text
    effect: RuleEffect
    when: Condition | None
    denied_reason: DeniedReasonText | None
    enabled: bool
    span: SourceSpan
    attach: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyNode:
    """A set of children with a combining algorithm. `exempt` is None unless written (guards).

    `simple_indeterminate` says `indeterminate: simple`; `attach` names statements.
    """

    id: Text
    combining: CombiningAlgorithm
    combining_span: SourceSpan
    target: Condition | None
    children: tuple[Child, ...]
    denied_reason: DeniedReasonText | None
    enabled: bool
    exempt: tuple[Text, ...] | None
    span: SourceSpan
    attach: tuple[Text, ...] = ()
    simple_indeterminate: bool = False


@dataclass(frozen=True, slots=True)
class RefNode:
    """`- $ref: path`, a whole Policy document. A guard's reference may carry `exempt`."""

    path: Text
    exempt: tuple[Text, ...] | None
    span: SourceSpan


Child = RuleNode | PolicyNode | RefNode


@dataclass(frozen=True, slots=True)
class AccessMatch:
    """`match: {resourceType: …, actions: […]}`: the AuthZEN questions that are answered."""

    resource_type: Text
    actions: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One API operation. `methods` None means every method; `opened` is its own, as a service's.

    `access` is there for one that answers AuthZEN questions: then there are no methods, no paths.
    `response` are the policies over the upstream's answer; `attach` names statements.
    """

    id: Text
    access: AccessMatch | None
    methods: tuple[Text, ...] | None
    paths: tuple[Text, ...]
    params: tuple[ParameterConstraint, ...]
    allow: AllowPublic | AllowAuthenticated | AllowLines | None
    policies: tuple[PolicyNode | RefNode, ...]
    guards: tuple[PolicyNode | RefNode, ...]
    otherwise: DeniedReasonText | None
    also_covers: tuple[Text, ...]
    opened: frozenset[PathFeature]
    span: SourceSpan
    attach: tuple[Text, ...] = ()
    response: tuple[PolicyNode | RefNode, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiServiceDocument:
    """kind: ApiService. `file` is the path from the tree's root."""

    file: str
    metadata: Metadata
    declarations: Declarations
    service: ServiceBlock
    guards: tuple[PolicyNode | RefNode, ...]
    operations: tuple[Operation, ...]
    response: tuple[PolicyNode | RefNode, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryDocument:
    """kind: Library"""

    file: str
    metadata: Metadata
    declarations: Declarations


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """kind: Policy; `policy.id` is the metadata id."""

    file: str
    metadata: Metadata
    declarations: Declarations
    policy: PolicyNode


@dataclass(frozen=True, slots=True)
class ApplicationDocument:
    """kind: Application. `permissions`: resource ► actions; `roles`: role ► permission keys."""

    file: str
    metadata: Metadata
    permissions: tuple[tuple[Text, tuple[Text, ...]], ...]
    roles: tuple[tuple[Text, tuple[Text, ...]], ...]


@dataclass(frozen=True, slots=True)
class PolicyTestDocument:
    """kind: PolicyTest; `policytest` parses the rest itself."""

    file: str
    metadata: Metadata
    root: MappingNode


Document = (
    ApiServiceDocument | LibraryDocument | PolicyDocument | ApplicationDocument | PolicyTestDocument
)


@dataclass(frozen=True, slots=True)
class Tree:
    """All documents of a policy folder by their path from its root, in path order.

    `digests` are SHA-256 of the file bytes in hex: the revision is made of them. `broken` names
    the files in which the reader or the parser found an error: their document is not in the tree
    or lacks what could not be parsed, so a name that only they could declare is no news.

    INVARIANT: nothing compiles a tree whose `broken` is not empty.
    """

    documents: tuple[Document, ...]
    digests: tuple[tuple[str, str], ...]
    broken: frozenset[str] = frozenset()

    def by_file(self) -> dict[str, Document]:
        """Documents by path from the root."""
        return {document.file: document for document in self.documents}
