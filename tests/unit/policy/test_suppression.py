"""Suppressions hide what their author named, where they named it, and never an error."""

from __future__ import annotations

import pytest

from deemster.errors import PolicyError
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic, DiagnosticSink, Severity
from deemster.policy.id_places import id_places
from deemster.policy.loading import LoadedTree, load_texts
from deemster.policy.suppression import Suppressions

SERVICE = """apiVersion: deemster/v1
kind: ApiService
metadata:
  id: shop
  suppress:
SUPPRESS
service:
  baseUrls: [https://api.example.com/shop]
  tokenProvider: {type: internal, id: idp}
  audience: Shop
constants: {SPARE: 1}
conditions:
  late:
    all:
      - "request.method == 'GET'"
      - "request.scheme == 'https'"
guards:
  - id: outer
    combiningAlgorithm: deny-overrides
    children:
      - rule: {id: always, effect: deny}
      - policy:
          id: inner
          combiningAlgorithm: permit-unless-deny
          rules:
            - {id: slow, effect: deny, when: "claims.exp < claims.iat"}
operations:
  - id: read
    match: {methods: [GET], path: /items}
    allow:
      scopes: {any: [items.read]}
  - {id: look, match: {methods: [HEAD], path: /items/1}, allow: authenticated}
"""
REASON = "looked at by the team"


def tree(*suppress: str) -> LoadedTree:
    lines = "".join(f"    - {{{item}, reason: {REASON}}}\n" for item in suppress)
    return load_texts({"shop.yaml": SERVICE.replace("SUPPRESS\n", lines)})


def refused(*suppress: str) -> list[Code]:
    with pytest.raises(PolicyError) as error:
        tree(*suppress)
    return [found.code for found in error.value.diagnostics.errors]


FAIL_OPEN = "code: fail-open-combining, at: shop/outer/inner"


def test_an_error_is_suppressed_only_for_the_very_policy_that_is_named() -> None:
    loaded = tree(FAIL_OPEN)
    assert [each.diagnostic.code for each in loaded.suppressed] == [Code.FAIL_OPEN_COMBINING]
    assert loaded.suppressed[0].suppression.reason == REASON
    assert loaded.diagnostics.errors == ()
    # Neither the policy around it nor the whole document will do.
    for at in ("shop/outer", "shop", "shop/outer/inner/slow"):
        assert Code.FAIL_OPEN_COMBINING in refused(f"code: fail-open-combining, at: {at}")


def test_every_other_error_stays() -> None:
    loaded = tree(FAIL_OPEN)
    place = loaded.suppressed[0].diagnostic.span
    suppressions = Suppressions(loaded.tree)
    for code in Code:
        if code is not Code.FAIL_OPEN_COMBINING:
            error = Diagnostic(code, Severity.ERROR, "x", place)
            left, suppressed = suppressions.divide([error])
            assert (list(left), suppressed) == ([error], ())


@pytest.mark.parametrize(
    ("at", "is_covered"),
    [
        (None, True),
        ("shop", True),
        ("shop/read", True),
        ("shop/read/allow", False),
        ("shop/look", False),
        ("shop/outer", False),
    ],
)
def test_warning_is_suppressed_in_the_node_that_it_stands_in(
    at: str | None, is_covered: bool
) -> None:
    suppression = "code: method-hint" + (f", at: {at}" if at else "")
    loaded = tree(FAIL_OPEN, suppression)
    place = next(
        operation.operation.methods
        for operation in loaded.resolved.services[0].operations
        if operation.operation.methods
    )[0].span
    hint = Diagnostic(Code.METHOD_HINT, Severity.HINT, "x", place)
    left, suppressed = Suppressions(loaded.tree).divide([hint])
    assert (len(left), len(suppressed)) == ((0, 1) if is_covered else (1, 0))


def test_another_code_and_another_file_stay() -> None:
    loaded = tree(FAIL_OPEN, "code: method-hint")
    place = loaded.resolved.services[0].operations[0].operation.span
    others = [
        Diagnostic(Code.UNUSED_NAME, Severity.HINT, "x", place),
        Diagnostic(
            Code.METHOD_HINT, Severity.HINT, "x", type(place)("other.yaml", place.line, 1, 99, 1)
        ),
    ]
    left, suppressed = Suppressions(loaded.tree).divide(others)
    assert (set(left), suppressed) == (set(others), ())


def test_what_suppresses_nothing_is_told_at_its_own_place() -> None:
    loaded = tree(FAIL_OPEN, "code: method-hint, at: shop/look", "code: unused-import")
    sink = DiagnosticSink()
    Suppressions(loaded.tree).warn_of_stale(loaded.suppressed, sink)
    assert [(found.message, found.span.line) for found in sink.finish()] == [
        ("there is no `method-hint` in `shop/look` to suppress", 7),
        ("there is no `unused-import` in this file to suppress", 8),
    ]


def test_every_node_and_declaration_of_a_file_has_an_id_path() -> None:
    (document,) = tree(FAIL_OPEN).tree.documents
    places = id_places(document)
    assert places.whole == "shop"
    assert list(places.within) == [
        "shop/outer",
        "shop/outer/always",
        "shop/outer/inner",
        "shop/outer/inner/slow",
        "shop/read",
        "shop/read/allow",
        "shop/look",
        "shop/look/allow",
        "shop/constants/SPARE",
        "shop/conditions/late",
    ]
    late = places.within["shop/conditions/late"]
    assert (late.line, late.end_line) == (13, 16)
    assert places.innermost(late) == "shop/conditions/late"


def test_place_of_a_broken_file_is_not_called_unknown() -> None:
    text = SERVICE.replace(
        "SUPPRESS\n", f"    - {{code: method-hint, at: shop/gone, reason: {REASON}}}\n"
    ).replace("allow: authenticated}", "alow: authenticated}")
    with pytest.raises(PolicyError) as error:
        load_texts({"shop.yaml": text})
    assert Code.BAD_SUPPRESSION not in {found.code for found in error.value.diagnostics}
