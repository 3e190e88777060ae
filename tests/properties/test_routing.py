"""The routing tables against a naive matcher, and what the overlap checks promise."""

import re
from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import assume, given
from hypothesis import strategies as st

from deemster.model.urls import MalformedUrlError, canonical_url, decode_segment, parse_base_url
from deemster.policy.checking.overlaps import RoutedOperation, RoutedService
from deemster.policy.codes import Code
from deemster.policy.diagnostics import Diagnostic
from deemster.policy.routing.tables import BaseUrlTable, OperationTable, Route
from deemster.policy.routing.templates import Literal, Segment, Template
from tests.support.routes import a_service, an_operation, findings_of

# --- the naive matcher: try everything, compare rank lists ---------------------------------------

Best = tuple[list[int], bool]


def naive_rank(template: Template, path: str) -> list[int] | None:
    """Position by position: 0 literal, 1 constrained, 2 open, 3 end, 4 `**`; None: no match."""
    segments = [decode_segment(segment) for segment in path.split("/")[1:]]
    # `/a/**` matches `/a` too, so `**` may stand for nothing at all.
    if len(segments) < len(template.segments):
        return None
    if len(segments) > len(template.segments) and not template.rest:
        return None
    rank = []
    for wanted, segment in zip(template.segments, segments, strict=False):
        position = naive_segment_rank(wanted, segment)
        if position is None:
            return None
        rank.append(position)
    return [*rank, 4 if template.rest else 3]


def naive_segment_rank(wanted: Segment, segment: str) -> int | None:
    if isinstance(wanted, Literal):
        return 0 if wanted.text == segment else None
    if not segment:
        return None
    if wanted.constraint is None:
        return 2
    pattern = {"int": "0|[1-9][0-9]*"}.get(wanted.constraint.type or "", wanted.constraint.pattern)
    return 1 if re.fullmatch(pattern or "", segment) else None


def naive_matches(
    service: RoutedService, method: str, path: str
) -> list[tuple[Best, RoutedOperation, Template]]:
    """Everything that matches method and path, the best first."""
    found = []
    for operation in service.operations:
        if operation.methods is not None and method not in operation.methods:
            continue
        for template in operation.templates:
            rank = naive_rank(template, path)
            if rank is not None:
                found.append(((rank, operation.methods is None), operation, template))
    return sorted(found, key=lambda entry: entry[0])


# --- random services ----------------------------------------------------------------------------

CONSTRAINTS = {"n": "int", "p": "[ab]+", "q": "a|1", "r": "[a-c]", "u": ".+"}
PIECES = st.sampled_from(
    ["a", "b", "1", "ab", "{x}", "*", *(f"{{{name}}}" for name in CONSTRAINTS)]
)
METHODS = st.sampled_from(["GET", "POST", "GET POST", "*"])
SEGMENTS = ("a", "b", "c", "1", "01", "ab", "zz")
PATHS = tuple(
    "/" + "/".join(segments)
    for length in range(4)
    for segments in product(("a", "b", "1", "ab", ""), repeat=length)
    if "" not in segments[:-1]
)


@st.composite
def templates(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(PIECES, max_size=3))
    distinct = [
        piece for i, piece in enumerate(pieces) if "{" not in piece or piece not in pieces[:i]
    ]
    ending = draw(st.sampled_from(["", "", "", "/", "/**"]))
    return "/" + "/".join(distinct) + ending if distinct else draw(st.sampled_from(["/", "/**"]))


@st.composite
def services(draw: st.DrawFn) -> RoutedService:
    operations = []
    for number in range(draw(st.integers(1, 5))):
        paths = draw(st.lists(templates(), min_size=1, max_size=2, unique=True))
        used = {
            name: written
            for name, written in CONSTRAINTS.items()
            if f"{{{name}}}" in "".join(paths)
        }
        operations.append(an_operation(f"o{number}", draw(METHODS), *paths, params=used))
    return a_service(*operations)


def table_of(service: RoutedService) -> OperationTable[str]:
    return OperationTable(
        [
            Route(route.template, route.methods, route.value.operation.id)
            for route in service.routes()
        ]
    )


@given(services(), st.lists(st.sampled_from(SEGMENTS), max_size=4), st.sampled_from(["", "/"]))
def test_the_trie_chooses_as_the_naive_matcher_does(
    service: RoutedService, segments: list[str], slash: str
) -> None:
    path = "/" + "/".join(segments) + (slash if segments else "")
    table = table_of(service)
    for method in ("GET", "POST", "PUT"):
        matches = naive_matches(service, method, path)
        best = {operation.id for key, operation, _ in matches if key == matches[0][0]}
        found = table.match(method, path)
        assert (found is None and not best) or (found is not None and found.value in best)


@given(services(), st.randoms(use_true_random=False), st.sampled_from(PATHS))
def test_the_order_of_the_file_never_matters(
    service: RoutedService, random: "object", path: str
) -> None:
    assume(not any(finding.code is Code.OVERLAP for finding in findings_of(service)))
    shuffled = list(service.operations)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for method in ("GET", "POST", "PUT"):
        first = table_of(service).match(method, path)
        assert first == table_of(a_service(*shuffled)).match(method, path)


# --- overlaps -----------------------------------------------------------------------------------

CALL = re.compile(r"`([A-Z]+) (/[^`]*)` for one")


def calls_shown(finding: Diagnostic) -> Iterator[tuple[str, str]]:
    shown = CALL.search(finding.message)
    assert shown is not None
    yield shown[1], shown[2]


@given(services())
def test_a_witness_of_an_overlap_is_a_tie(service: RoutedService) -> None:
    for finding in findings_of(service):
        if finding.code is not Code.OVERLAP:
            continue
        named = re.findall(r"`(/[^`]*)`", finding.message)[:2]
        for method, path in calls_shown(finding):
            matches = naive_matches(service, method, path)
            tied = [t.text for key, _, t in matches for other in named if t.text == other]
            ranks = [naive_rank(t, path) for _, _, t in matches if t.text in named]
            assert len(tied) >= 2 or named[0] == named[1]
            assert ranks[0] == ranks[1]


@given(services())
def test_services_declared_free_of_overlap_never_tie(service: RoutedService) -> None:
    assume(not any(finding.code is Code.OVERLAP for finding in findings_of(service)))
    for method, path in product(("GET", "POST", "PUT"), PATHS):
        matches = naive_matches(service, method, path)
        assert len(matches) < 2 or matches[0][0] < matches[1][0], (method, path)


@given(services())
def test_a_method_leaks_exactly_where_it_is_reported(service: RoutedService) -> None:
    findings = findings_of(service)
    assume(not any(finding.code is Code.OVERLAP for finding in findings))
    reported = set()
    for finding in findings:
        if finding.code is Code.METHOD_LEAK:
            broad, narrow = re.findall(r"`(o\d)`", finding.message)
            reported.add((broad, narrow))
            for method, path in calls_shown(finding):
                assert (broad, narrow) in leaks_at(service, method, path)
    happening = {
        leak
        for method, path in product(("GET", "POST", "PUT"), PATHS)
        for leak in leaks_at(service, method, path)
    }
    assert happening <= reported


def leaks_at(service: RoutedService, method: str, path: str) -> set[tuple[str, str]]:
    """(broad, narrow): broad decides, a template of narrow is more specific, without the method."""
    matches = naive_matches(service, method, path)
    if not matches:
        return set()
    (rank, _), broad, _ = matches[0]
    return {
        (broad.id, narrow.id)
        for narrow in service.operations
        if narrow is not broad and narrow.methods is not None and method not in narrow.methods
        for template in narrow.templates
        for narrow_rank in [naive_rank(template, path)]
        if narrow_rank is not None and narrow_rank < rank
    }


@given(services(), METHODS, METHODS, METHODS, st.sampled_from(["", "/{x}", "/b"]))
def test_an_operation_reported_as_shadowed_is_never_chosen(
    service: RoutedService, first: str, second: str, third: str, before: str
) -> None:
    crowded = a_service(
        *service.operations,
        an_operation("o7", first, f"{before}/a"),
        an_operation("o8", second, f"{before}/1"),
        an_operation("o9", third, f"{before}/{{q}}", params={"q": CONSTRAINTS["q"]}),
    )
    findings = [each for each in findings_of(crowded) if each.code is Code.SHADOWED]
    shadowed = {re.findall(r"`(o\d)`", finding.message)[0] for finding in findings}
    for method, path in product(("GET", "POST", "PUT"), PATHS if shadowed else ()):
        matches = naive_matches(crowded, method, path)
        assert not matches or matches[0][1].id not in shadowed


# --- base URLs ----------------------------------------------------------------------------------

BASES = ["https://h", "https://h/a", "https://h/a/b", "https://h/ab", "http://h", "https://h:9/a"]


@given(
    st.lists(st.sampled_from(BASES), unique=True), st.sampled_from(BASES), st.sampled_from(PATHS)
)
def test_the_base_url_is_the_longest_that_the_url_begins_with(
    bases: list[str], origin: str, path: str
) -> None:
    url = canonical_url(origin + path)
    whole = url.origin + url.path
    naive = [base for base in bases if whole == base or whole.startswith(base + "/")]
    best = max(naive, key=len, default=None)
    found = BaseUrlTable([(parse_base_url(base), base) for base in bases]).find(url)
    assert found == (None if best is None else (best, whole[len(best) :] or "/"))


@given(services(), st.sampled_from(["/a", "/a/b", "/1"]), st.booleans())
def test_an_operation_reported_as_unreachable_is_reached_by_no_call(
    service: RoutedService, base: str, own: bool
) -> None:
    other = a_service(id="other", base_urls=[f"https://h{base}"])
    mine = a_service(
        *service.operations, base_urls=["https://h", "https://h/ab"] if own else ["https://h"]
    )
    unreachable = {
        re.findall(r"`(o\d)`", finding.message)[0]
        for finding in findings_of(mine, other)
        if finding.code is Code.UNREACHABLE
    }
    table = BaseUrlTable([(url, each.id) for each in (mine, other) for url, _ in each.base_urls])
    for path in PATHS:
        found = table.find(canonical_url(f"https://h{path}"))
        assert found is not None
        for operation in mine.operations if found[0] == mine.id else ():
            if any(naive_rank(template, found[1]) for template in operation.templates):
                assert operation.id not in unreachable


# --- spelling variants ----------------------------------------------------------------------------

ROUTED = OperationTable(
    [
        Route(template, ("GET",), operation.id)
        for operation in (
            an_operation("admin", "GET", "/admin/**"),
            an_operation("settings", "GET", "/admin/settings"),
            an_operation("users", "GET", "/users/{id}", params={"id": "int"}),
            an_operation("user", "GET", "/users/{name}"),
            an_operation("sign", "GET", "/a+b/c!d/é"),
            an_operation("rest", "GET", "/**"),
        )
        for template in operation.templates
    ]
)
TWO_SERVICES = BaseUrlTable(
    [
        (parse_base_url("https://api.example.com"), "root"),
        (parse_base_url("https://api.example.com/v!1"), "v1"),
    ]
)
TARGETS = [
    "/admin",
    "/admin/settings",
    "/admin/x/y",
    "/users/12",
    "/users/al",
    "/a+b/c!d/%C3%A9",
    "/pub/x",
]


def mutate(url: str, kind: str, at: int) -> str:
    """Another spelling of a URL, or one that a careless reader takes for the same."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    path = slash + path or "/"
    spot = at % len(path)
    character = path[spot]
    whole = {
        "scheme case": f"{scheme.upper()}://{host}{path}",
        "host case": f"{scheme}://{host.swapcase()}{path}",
        "host dot": f"{scheme}://{host.removesuffix(':443').removesuffix('.')}.{path}",
        "default port": f"{scheme}://{host.removesuffix(':443')}:443{path}",
        "raw text": url.replace("%C3%A9", "é"),
        "escape case": url.replace("%C3%A9", "%c3%a9"),
    }
    if kind in whole:
        return whole[kind]
    escaped = "".join(f"%{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
    changed = {
        "escape": escaped,
        "upper escape": escaped.upper(),
        "double escape": escaped.replace("%", "%25"),
        "unicode escape": f"%u{ord(character):04x}",
        "overlong": "%c0%af" if character == "/" else character,
        "encoded slash": "%2f" if character == "/" else character,
        "backslash": "\\" if character == "/" else character,
        "encoded backslash": "%5C" if character == "/" else character,
        "two slashes": "//" if character == "/" else character,
        "dot segment": "/./" if character == "/" else character,
        "encoded dot segment": "/%2e/" if character == "/" else character,
        "up and down": "/x/../" if character == "/" else character,
        "up with parameter": "/x/..;/" if character == "/" else character,
        "up with encoded slash": "/x/..%2f" if character == "/" else character,
        "parameter": ";v=1/" if character == "/" and spot else character,
        "nul": character + "%00",
        "raw nul": character + "\x00",
        "line feed": character + "%0a",
        "fragment": character + "#",
        "octet": character + "%ff",
        "surrogate": character + "\udcff",
    }[kind]
    return f"{scheme}://{host}{path[:spot]}{changed}{path[spot + 1 :]}"


KINDS = (
    *("scheme case", "host case", "host dot", "default port", "raw text", "escape case"),
    *("escape", "upper escape", "double escape", "unicode escape", "overlong", "encoded slash"),
    *("backslash", "encoded backslash", "two slashes", "dot segment", "encoded dot segment"),
    *("up and down", "up with parameter", "up with encoded slash", "parameter", "nul", "raw nul"),
    *("line feed", "fragment", "octet", "surrogate"),
)
MUTATIONS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 40)), min_size=1, max_size=3)


def reached(url: str) -> tuple[object, ...] | None:
    """(service, operation, parameters), or None where the URL is refused or flagged."""
    try:
        canonical = canonical_url(url)
    except MalformedUrlError:
        return None
    if canonical.refused is not None or canonical.openable:
        return None
    found = TWO_SERVICES.find(canonical)
    assert found is not None
    match = ROUTED.match("GET", found[1])
    return None if match is None else (found[0], match.value, match.params)


@given(st.sampled_from(["", "/v!1"]), st.sampled_from(TARGETS), MUTATIONS)
def test_no_spelling_variant_reaches_another_operation_unflagged(
    base: str, path: str, mutations: Sequence[tuple[str, int]]
) -> None:
    plain = f"https://api.example.com{base}{path}"
    variant = plain
    for kind, at in mutations:
        variant = mutate(variant, kind, at)
    meant = reached(plain)
    assert meant is not None
    assert reached(variant) in (None, meant), variant
