"""One API service: its provider, its audience, its operations and their parameters."""

import pytest

from deemster.policy.resolved import ProviderFacts
from tests.support.policy_trees import (
    a_service,
    an_operation,
    findings_of,
    loaded,
    marked,
    resolved_operation,
    told,
)

INTERNAL = ProviderFacts("internal", asserted=False)
ASSERTED = ProviderFacts("external", asserted=True)
VERIFIED = ProviderFacts("external", asserted=False)


def service(*, external: bool, audience: bool) -> str:
    text = a_service(an_operation(), external=external)
    if external and audience:
        return text.replace("operations:", "  audience: Shop\noperations:", 1)
    return text if audience or external else text.replace("  audience: Shop\n", "")


# --- providers and audiences ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("external", "audience", "facts", "codes"),
    [
        (False, True, INTERNAL, []),
        (False, False, INTERNAL, ["audience-missing"]),
        (False, True, None, []),
        (False, False, None, ["audience-missing"]),
        (True, False, ASSERTED, []),
        (True, True, ASSERTED, ["audience-on-external"]),
        (True, True, VERIFIED, []),
        (True, False, VERIFIED, ["audience-missing"]),
        (True, False, None, []),
        (True, True, None, []),
    ],
    ids=[
        "internal with",
        "internal without",
        "internal with, no settings",
        "internal without, no settings",
        "asserted without",
        "asserted with",
        "verified with",
        "verified without",
        "external without, no settings",
        "external with, no settings",
    ],
)
def test_an_audience_stands_where_tokens_are_compared_with_it(
    external: bool, audience: bool, facts: ProviderFacts | None, codes: list[str]
) -> None:
    providers = None if facts is None else {"idp": facts}
    files = {"shop.yaml": service(external=external, audience=audience)}
    assert [item.code.value for item in findings_of(files, providers)] == codes


def test_a_provider_that_the_settings_do_not_have_is_told_with_what_was_meant() -> None:
    files = {"shop.yaml": a_service(an_operation())}
    (finding,) = findings_of(files, {"idb": INTERNAL})
    assert finding.message == "the settings have no token provider `idp`"
    assert finding.help == "did you mean `idb`?"
    assert marked(files, finding.span) == "idp"
    (finding,) = findings_of(files, {})
    assert finding.help == "add it to `tokenProviders` in the settings"


@pytest.mark.parametrize(("external", "facts"), [(False, ASSERTED), (True, INTERNAL)])
def test_settings_and_tree_agree_on_the_type_of_a_provider(
    external: bool, facts: ProviderFacts
) -> None:
    files = {"shop.yaml": service(external=external, audience=not external)}
    (finding,) = findings_of(files, {"idp": facts})
    written = "external" if external else "internal"
    assert finding.message == (
        f"token provider `idp` is {facts.kind} in the settings, but {written} here"
    )
    assert marked(files, finding.span) == written


def test_without_settings_providers_are_not_compared() -> None:
    assert told({"shop.yaml": a_service(an_operation())}, None) == []


# --- parameters -----------------------------------------------------------------------------------


def with_paths(*paths: str, params: str = "", when: str) -> list[str]:
    listed = ", ".join(f'"{path}"' for path in paths)
    lines = f"params: {{{params}}}\n" if params else ""
    text = an_operation(f'{lines}allow: {{when: "{when}"}}').replace(
        'path: "/items"', f"paths: [{listed}]"
    )
    return told({"shop.yaml": a_service(text)})


@pytest.mark.parametrize(
    ("paths", "params", "when"),
    [
        (["/{id}"], "", "params.id == 'a'"),
        (["/{id}"], "id: {type: int}", "params.id == 3"),
        (["/{id}"], "id: {type: uuid}", "params.id == 'a'"),
        (['/{id}'], "id: {pattern: 'a+'}", "params.id == 'a'"),
        (["/a/{id}", "/b/{id}/c"], "id: {type: int}", "params.id < 3"),
        (["/{id}/{x}", "/{id}"], "", "params.id == 'a'"),
    ],
)  # fmt: skip
def test_a_parameter_has_the_type_its_operation_gives_it(
    paths: list[str], params: str, when: str
) -> None:
    assert with_paths(*paths, params=params, when=when) == []


@pytest.mark.parametrize(
    ("paths", "when"),
    [
        (["/{id}", "/b/{other}"], "params.id == 'a'"),
        (["/{id}", "/b"], "params.id == 'a'"),
        (["/a/*"], "params.id == 'a'"),
        (["/a/**"], "params.rest == 'a'"),
    ],
    ids=["another name", "not in all", "a star", "the rest"],
)
def test_a_parameter_must_be_in_every_path(paths: list[str], when: str) -> None:
    assert [item.partition(":")[0] for item in with_paths(*paths, when=when)] == ["unknown-name"]


def test_an_int_is_compared_with_ints_alone() -> None:
    found = with_paths("/{id}", params="id: {type: int}", when="params.id == '3'")
    assert found == ["type-mismatch: cannot compare `int` with `string`"]


def test_a_named_condition_is_checked_with_the_parameters_of_each_operation() -> None:
    """One that reaches a parameter through others must not be taken over from another place."""
    text = a_service(
        'conditions: {five: "params.id == 5", both: "five && true"}\n'
        "operations:\n"
        '  - id: one\n    match: {path: "/x/{id}"}\n    params: {id: {type: int}}\n'
        '    allow: {when: "five || both"}\n'
        '  - id: two\n    match: {path: "/y/{other}"}\n    allow: {when: both}\n'
        '  - id: three\n    match: {path: "/z/{id}"}\n    allow: {when: both}\n'
    )
    assert told({"shop.yaml": text}) == [
        "unknown-name: unknown path parameter `id`",
        "type-mismatch: cannot compare `string` with `int`",
    ]


def test_a_guard_of_the_service_knows_no_parameters() -> None:
    text = a_service(
        "guards:\n  - id: g\n    combiningAlgorithm: deny-overrides\n"
        "    rules: [{id: a, effect: deny, when: \"params.id == 'x'\"}]\n"
        + an_operation(path="/{id}")
    )
    assert told({"shop.yaml": text}) == ["unknown-name: unknown path parameter `id`"]


# --- base URLs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com",
        "https://api.example.com/?a=b",
        "https://api.example.com/#a",
        "https://user@api.example.com",
        "https://",
        "https://api.example.com/a/../b",
    ],
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    files = {"shop.yaml": a_service(an_operation(), url=f'"{url}"')}
    (finding,) = findings_of(files)
    assert finding.message.startswith(f"`{url}` is no base URL: ")


@pytest.mark.parametrize(
    "url", ["https://api.example.com/shop", "https://API.example.com:443/shop"]
)
def test_two_services_have_different_base_urls(url: str) -> None:
    files = {
        "a.yaml": a_service(an_operation()),
        "b.yaml": a_service(an_operation(), id="mall", url=f'"{url}"'),
    }
    assert told(files) == [f"base-url-twice: the base URL `{url}` is one of service `shop` already"]


def test_an_operation_keeps_its_grant() -> None:
    operation = resolved_operation(loaded({"shop.yaml": a_service(an_operation())}))
    assert (operation.public, operation.when, operation.policies) == (False, None, ())
