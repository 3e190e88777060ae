"""Files ► tree: documents as written, everything wrong reported together, nothing raised."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deemster.policy.codes import Code
from deemster.policy.diagnostics import DiagnosticSet, DiagnosticSink
from deemster.policy.parser import MAX_ERRORS_PER_FILE, parse_tree
from deemster.policy.reading.files import files_from_memory
from deemster.policy.tree import (
    AllowAuthenticated,
    AllowLines,
    AllowPublic,
    ApiServiceDocument,
    ApplicationDocument,
    CombiningAlgorithm,
    ConditionAll,
    ConditionNot,
    ConditionText,
    DeclarationScope,
    Document,
    GroupMatch,
    LibraryDocument,
    PolicyDocument,
    PolicyNode,
    PolicyTestDocument,
    RefNode,
    RuleEffect,
    RuleNode,
    Tree,
)
from tests.support.scale import scaled

INVOICES = """\
apiVersion: deemster/v1
kind: ApiService
metadata: {id: invoices, title: BizPro Invoices API, owner: team-billing}
service:
  baseUrls: [https://api.example.com/billing, https://billing.eu.example.com]
  tokenProvider: {type: internal, id: bizpro}
  audience: BizPro Invoices API
  applications: [bizpro]
imports: {std: ../lib/standard.yaml}
operations:
  - id: list-invoices
    match: {methods: [GET], path: /invoices}
    allow:
      scopes: {any: [invoices.read, invoices.admin]}
  - id: pay-invoice
    match: {methods: [POST], path: "/invoices/{id}/payments"}
    params: {id: {pattern: "[0-9]{1,12}"}}
    allow:
      scopes: {all: [invoices.read, invoices.pay]}
      groups: {any: [finance], match: dn}
      permissions: {all: ["invoices:pay"]}
      authentication: {acr: [mfa, hwk], maxAge: 5m}
      when: std.office_hours
    otherwise: {code: pay.not-allowed, message: "Paying needs finance."}
    alsoCovers: [list-invoices]
  - id: who-am-i
    match: {methods: [GET], path: /me}
    allow: authenticated
  - id: health
    match: {paths: [/health, /ready]}
    allow: public
"""
PARTNERS = """\
apiVersion: deemster/v1
kind: ApiService
metadata: {id: partner-orders}
service:
  baseUrls: [https://partners.example.com/orders/v2]
  tokenProvider: {type: external, id: apigee-partners}
  unmatchedStatus: 404
  disclose: missing
  paths: {trailingSlash: same, case: insensitive}
schema:
  claims:
    partner_id:   {type: string}
    partner_tier: {type: string, enum: [bronze, silver, gold], default: bronze}
    perms:        {type: list<string>, claim: p1.permissions, default: []}
    since:        {type: timestamp, optional: true}
  user:
    level: {type: int, min: 0, max: 9, default: 1}
constants:
  OFFICE_NETS: [10.0.0.0/8, 192.0.2.0/24]
  LIMIT: 300
  CODES: [1, 2]
  COUNTRY: NO
  STRICT: true
  QUOTED: "5"
  DATE: 2026-11-22
guards:
  - id: known-client
    combiningAlgorithm: deny-unless-permit
    exempt: [health]
    rules:
      - {id: registered, effect: permit, when: "has(claims.client_id)"}
  - {$ref: ../policies/high-value.yaml, exempt: [health]}
operations:
  - id: bulk-export
    match: {methods: [GET], path: "/{partner}/orders/export"}
    policies:
      - id: export
        combiningAlgorithm: first-applicable
        target: "true"
        rules:
          - {id: gold, effect: permit, when: "claims.partner_id == params.partner"}
          - id: silver
            effect: permit
            enabled: false
            when:
              all:
                - "claims.partner_tier == 'silver'"
                - not: std.office_hours
          - {id: rest, effect: deny, deniedReason: {code: a.b, message: "No.", status: 404}}
"""
HIGH_VALUE = """\
apiVersion: deemster/v1
kind: Policy
metadata: {id: high-value}
conditions:
  high: |
    request.method == 'POST'
combiningAlgorithm: deny-overrides
deniedReason: {code: high, message: "Too high.", detail: "Ask a colleague."}
children:
  - rule: {id: big, effect: deny, when: high}
  - policy:
      id: who
      combiningAlgorithm: permit-overrides
      rules: [{id: small, effect: permit, when: {not: high}}]
  - $ref: other.yaml
"""
BIZPRO = """\
apiVersion: deemster/v1
kind: Application
metadata: {id: bizpro}
resources:
  invoices: {permissions: [view, pay]}
roles:
  auditor: {permissions: ["invoices:view"]}
  guest: {permissions: []}
"""
SUITE = """\
apiVersion: deemster/v1
kind: PolicyTest
metadata: {id: invoices}
service: invoices
cases: [{anything: goes}]
"""


def parse(texts: dict[str, str]) -> tuple[Tree, DiagnosticSet]:
    sink = DiagnosticSink()
    tree = parse_tree(files_from_memory(texts, shown_under="p"), sink)
    return tree, sink.finish()


def document(text: str) -> Document:
    tree, found = parse({"a.yaml": text})
    assert [item.message for item in found] == []
    return tree.documents[0]


def api_service(text: str) -> ApiServiceDocument:
    found = document(text)
    assert isinstance(found, ApiServiceDocument)
    return found


def test_a_service_is_parsed_as_written() -> None:
    found = api_service(INVOICES)
    assert (found.metadata.id.value, found.metadata.owner) == ("invoices", "team-billing")
    service = found.service
    assert [url.value for url in service.base_urls] == [
        "https://api.example.com/billing",
        "https://billing.eu.example.com",
    ]
    assert (service.provider_type.value, service.provider_id.value) == ("internal", "bizpro")
    assert service.audience is not None
    assert service.audience.value == "BizPro Invoices API"
    assert [name.value for name in service.applications] == ["bizpro"]
    assert (service.unmatched_status, service.disclose) == (403, "challenge")
    assert (service.fold_trailing_slash, service.fold_case) == (False, False)
    (imported,) = found.declarations.imports
    assert (imported.alias.value, imported.path.value) == ("std", "../lib/standard.yaml")


def test_the_service_block_has_its_own_answers_and_folding() -> None:
    service = api_service(PARTNERS).service
    assert (service.unmatched_status, service.disclose) == (404, "missing")
    assert (service.fold_trailing_slash, service.fold_case) == (True, True)
    assert service.audience is None


def test_operations_are_parsed_as_written() -> None:
    listing, paying, me, health = api_service(INVOICES).operations
    assert isinstance(listing.allow, AllowLines)
    assert listing.allow.scopes is not None
    assert [name.value for name in listing.allow.scopes.any_of] == [
        "invoices.read",
        "invoices.admin",
    ]
    assert listing.allow.scopes.all_of == ()
    assert [method.value for method in paying.methods or ()] == ["POST"]
    assert [path.value for path in paying.paths] == ["/invoices/{id}/payments"]
    (constraint,) = paying.params
    assert constraint.name.value == "id"
    assert constraint.pattern is not None
    assert constraint.pattern.value == "[0-9]{1,12}"
    assert paying.otherwise is not None
    assert paying.otherwise.code == "pay.not-allowed"
    assert [covered.value for covered in paying.also_covers] == ["list-invoices"]
    assert isinstance(me.allow, AllowAuthenticated)
    assert isinstance(health.allow, AllowPublic)
    assert health.methods is None
    assert [path.value for path in health.paths] == ["/health", "/ready"]


def test_allow_lines_are_parsed_as_written() -> None:
    allow = api_service(INVOICES).operations[1].allow
    assert isinstance(allow, AllowLines)
    assert allow.groups is not None
    assert allow.groups.match is GroupMatch.DN
    assert allow.permissions is not None
    assert [key.value for key in allow.permissions.all_of] == ["invoices:pay"]
    assert [acr.value for acr in allow.acr or ()] == ["mfa", "hwk"]
    assert allow.max_age == 300
    assert isinstance(allow.when, ConditionText)
    assert allow.when.node.text == "std.office_hours"
    assert [(line, span.line) for line, span in allow.line_spans] == [
        ("scopes", 19),
        ("groups", 20),
        ("permissions", 21),
        ("when", 23),
        ("authentication", 22),
    ]


def test_declarations_are_typed() -> None:
    declared = api_service(PARTNERS).declarations
    by_name = {entry.name.value: entry for entry in declared.schema}
    assert by_name["partner_id"].has_default is False
    tier = by_name["partner_tier"]
    assert (tier.type, tier.enum, tier.default) == (
        "string", ("bronze", "silver", "gold"), "bronze",
    )  # fmt: skip
    assert (by_name["perms"].claim, by_name["perms"].default) == ("p1.permissions", ())
    assert by_name["since"].optional
    level = by_name["level"]
    assert (level.scope, level.minimum, level.maximum, level.default) == (
        DeclarationScope.USER, 0, 9, 1,
    )  # fmt: skip
    assert {constant.name.value: constant.value for constant in declared.constants} == {
        "OFFICE_NETS": ("10.0.0.0/8", "192.0.2.0/24"),
        "LIMIT": 300,
        "CODES": (1, 2),
        "COUNTRY": "NO",
        "STRICT": True,
        "QUOTED": "5",
        "DATE": "2026-11-22",
    }


def test_policies_guards_and_rules_are_parsed_as_written() -> None:
    found = api_service(PARTNERS)
    guard, reference = found.guards
    assert isinstance(guard, PolicyNode)
    assert isinstance(reference, RefNode)
    assert [exempt.value for exempt in guard.exempt or ()] == ["health"]
    assert [exempt.value for exempt in reference.exempt or ()] == ["health"]
    assert guard.combining is CombiningAlgorithm.DENY_UNLESS_PERMIT
    (export,) = found.operations[0].policies
    assert isinstance(export, PolicyNode)
    assert export.exempt is None
    assert export.target is not None
    gold, silver, rest = export.children
    assert isinstance(gold, RuleNode)
    assert isinstance(silver, RuleNode)
    assert isinstance(rest, RuleNode)
    assert (gold.effect, gold.enabled) == (RuleEffect.PERMIT, True)
    assert silver.enabled is False
    assert isinstance(silver.when, ConditionAll)
    assert isinstance(silver.when.items[1], ConditionNot)
    assert rest.when is None
    assert rest.denied_reason is not None
    assert (rest.denied_reason.code, rest.denied_reason.status) == ("a.b", 404)


def test_a_policy_document_has_the_id_of_its_metadata() -> None:
    found = document(HIGH_VALUE)
    assert isinstance(found, PolicyDocument)
    assert found.policy.id is found.metadata.id
    rule, policy, reference = found.policy.children
    assert isinstance(rule, RuleNode)
    assert isinstance(policy, PolicyNode)
    assert isinstance(reference, RefNode)
    assert found.policy.denied_reason is not None
    assert found.policy.denied_reason.detail == "Ask a colleague."
    (condition,) = found.declarations.conditions
    assert isinstance(condition.condition, ConditionText)
    assert condition.condition.node.content_line == 6


def test_an_application_maps_resources_to_actions_and_roles_to_keys() -> None:
    found = document(BIZPRO)
    assert isinstance(found, ApplicationDocument)
    assert [(r.value, [p.value for p in ps]) for r, ps in found.permissions] == [
        ("invoices", ["view", "pay"])
    ]
    assert [(r.value, [p.value for p in ps]) for r, ps in found.roles] == [
        ("auditor", ["invoices:view"]),
        ("guest", []),
    ]


def test_the_rest_of_a_test_suite_is_left_to_policytest() -> None:
    found = document(SUITE)
    assert isinstance(found, PolicyTestDocument)
    assert found.root.get("cases") is not None


def test_documents_come_in_path_order_with_every_files_digest() -> None:
    texts = {"z.yaml": BIZPRO, "a/b.yaml": HIGH_VALUE, "m.yaml": "broken: ["}
    tree, _ = parse(texts)
    assert [found.file for found in tree.documents] == ["a/b.yaml", "z.yaml"]
    assert [path for path, _ in tree.digests] == ["a/b.yaml", "m.yaml", "z.yaml"]
    assert tree.broken == {"m.yaml"}
    assert set(tree.by_file()) == {"a/b.yaml", "z.yaml"}


def test_a_broken_file_stops_neither_the_others_nor_their_findings() -> None:
    tree, found = parse(
        {
            "a.yaml": INVOICES.replace("scopes: {any", "scope: {any"),
            "b.yaml": "broken: [",
            "c.yaml": HIGH_VALUE.replace("deny-overrides", "deny-override"),
            "d.yaml": BIZPRO,
        }
    )
    assert [(item.span.file, item.code) for item in found] == [
        ("p/a.yaml", Code.UNKNOWN_SCOPE_LINE),
        ("p/b.yaml", Code.YAML_SYNTAX),
        ("p/c.yaml", Code.BAD_VALUE),
    ]
    assert tree.broken == {"a.yaml", "b.yaml", "c.yaml"}
    assert isinstance(tree.documents[-1], ApplicationDocument)


def test_a_part_with_an_error_is_not_in_the_tree() -> None:
    text = INVOICES.replace("when: std.office_hours", "when: std.office_hours == 3 # !")
    tree, found = parse({"a.yaml": text})
    assert [item.code for item in found] == [Code.UNQUOTED_EXPRESSION]
    (service,) = tree.documents
    assert isinstance(service, ApiServiceDocument)
    assert [operation.id.value for operation in service.operations] == [
        "list-invoices",
        "who-am-i",
        "health",
    ]


def test_equal_ids_of_different_kinds_do_not_collide() -> None:
    _, found = parse({"a.yaml": INVOICES, "b.yaml": SUITE})
    assert list(found) == []


def test_equal_ids_of_one_kind_point_at_the_first() -> None:
    _, found = parse({"a.yaml": BIZPRO, "b.yaml": BIZPRO})
    (finding,) = found
    assert (finding.code, finding.span.file) == (Code.DUPLICATE_ID, "p/b.yaml")
    assert finding.notes[0].span is not None
    assert finding.notes[0].span.file == "p/a.yaml"


def test_a_file_stops_at_a_bounded_number_of_errors_and_says_so() -> None:
    constants = "".join(f"  C{n}: 0.{n}\n" for n in range(500))
    text = f"apiVersion: deemster/v1\nkind: Library\nmetadata: {{id: a}}\nconstants:\n{constants}"
    _, found = parse({"a.yaml": text, "b.yaml": "x: ["})
    in_a = [item for item in found if item.span.file == "p/a.yaml"]
    assert len(in_a) == MAX_ERRORS_PER_FILE + 1
    assert Code.TOO_MANY_ERRORS in {item.code for item in in_a}
    assert len(found) == len(in_a) + 1


@pytest.mark.parametrize(
    "text", [INVOICES, PARTNERS, HIGH_VALUE, BIZPRO, SUITE],
    ids=["ApiService", "external", "Policy", "Application", "PolicyTest"],
)  # fmt: skip
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_both_line_ends_are_read_alike(text: str, line_end: str) -> None:
    assert document(text.replace("\n", line_end)).metadata.id.span.line == 3


WORDS = st.sampled_from(
    [
        *re.findall(r"[a-zA-Z$][\w$-]*", INVOICES + PARTNERS + HIGH_VALUE + BIZPRO),
        *("attributes", "statements", "attach", "response", "true", "3", "300s", "a.b"),
    ]
)
NODES = st.recursive(
    WORDS | st.text(max_size=4).map(lambda text: f'"{text.encode("unicode_escape").decode()}"'),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(WORDS, inner, max_size=5).map(
            lambda entries: "{" + ", ".join(f"{k}: {v}" for k, v in entries.items()) + "}"
        )
    ),
    max_leaves=12,
)


@settings(max_examples=scaled(2_000))
@given(
    st.sampled_from(["ApiService", "Library", "Policy", "Application", "PolicyTest"]),
    st.dictionaries(WORDS, NODES, max_size=6),
)
def test_whatever_shape_a_document_has_it_parses_or_has_errors(
    kind: str, entries: dict[str, str]
) -> None:
    body = "".join(f"{key}: {value}\n" for key, value in entries.items() if key != "metadata")
    text = f"apiVersion: deemster/v1\nkind: {kind}\nmetadata: {{id: a}}\n{body}"
    tree, found = parse({"a.yaml": text})
    assert bool(found.errors) == ("a.yaml" in tree.broken)
    assert tree.documents or found.errors


@settings(max_examples=scaled(2_000))
@given(st.data())
def test_a_document_with_pieces_missing_parses_or_has_errors(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([INVOICES, PARTNERS, HIGH_VALUE, BIZPRO]))
    lines = text.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(3, len(lines)))
        del lines[start : start + data.draw(st.integers(1, 3))]
    tree, found = parse({"a.yaml": "".join(lines)})
    assert bool(found.errors) == ("a.yaml" in tree.broken)
    assert tree.documents or found.errors


def test_a_library_may_declare_nothing() -> None:
    found = document("apiVersion: deemster/v1\nkind: Library\nmetadata: {id: a}\n")
    assert isinstance(found, LibraryDocument)
