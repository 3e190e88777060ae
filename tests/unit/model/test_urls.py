"""The canonical form of a URL."""

import pytest

from deemster.model.urls import (
    CanonicalUrl,
    MalformedUrlError,
    PathFeature,
    canonical_url,
    decode_segment,
    encode_segment,
    parse_base_url,
)

SLASH = PathFeature.ENCODED_SLASH
DOUBLE = PathFeature.DOUBLE_ENCODING
EMPTY = PathFeature.EMPTY_SEGMENTS
SEMICOLON = PathFeature.SEMICOLON


def test_a_plain_url_is_taken_apart() -> None:
    url = canonical_url("https://api.example.com:8443/billing/invoices/12?x=1&y=%2f")
    assert url == CanonicalUrl(
        scheme="https",
        host="api.example.com",
        port=8443,
        origin="https://api.example.com:8443",
        path="/billing/invoices/12",
        query="x=1&y=%2f",
        openable=frozenset(),
        refused=None,
    )


@pytest.mark.parametrize(
    ("raw", "origin", "path"),
    [
        pytest.param("https://h", "https://h", "/", id="no path is the root"),
        pytest.param("https://h?x", "https://h", "/", id="query without a path"),
        pytest.param("https://h:443/a", "https://h", "/a", id="default https port"),
        pytest.param("http://h:80/a", "http://h", "/a", id="default http port"),
        pytest.param("http://h:443/a", "http://h:443", "/a", id="the other scheme's port stays"),
        pytest.param("HTTPS://API.Example.COM/A", "https://api.example.com", "/A", id="case"),
        pytest.param("https://h./a", "https://h", "/a", id="one trailing dot of the host"),
        pytest.param("https://[2001:DB8::0:1]:8443/", "https://[2001:db8::1]:8443", "/", id="ipv6"),
        pytest.param(
            "https://h/%7Euser/%61%2D%2e%5Fx", "https://h", "/~user/a-._x", id="unreserved"
        ),
        pytest.param("https://h/%c3%a9/%2b%3a", "https://h", "/%C3%A9/%2B%3A", id="upper-case"),
        pytest.param("https://h/é €", "https://h", None, id="a space"),
        pytest.param("https://h/é/€", "https://h", "/%C3%A9/%E2%82%AC", id="raw text re-encoded"),
        pytest.param(
            'https://h/"<>^`{|}[]', "https://h", "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D", id="signs"
        ),
        pytest.param("https://h/.well-known/x", "https://h", "/.well-known/x", id="a leading dot"),
        pytest.param("https://h/a/...", "https://h", "/a/...", id="three dots are a name"),
        pytest.param("https://h/a/?q", "https://h", "/a/", id="a trailing slash stays"),
        pytest.param("https://h/100%25/x", "https://h", "/100%25/x", id="an encoded percent sign"),
    ],
)
def test_spellings_of_a_url_have_one_form(raw: str, origin: str, path: str | None) -> None:
    if path is None:
        with pytest.raises(MalformedUrlError, match="spaces"):
            canonical_url(raw)
        return
    url = canonical_url(raw)
    assert (url.origin, url.path, url.refused, url.openable) == (origin, path, None, frozenset())


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "/billing",
        "api.example.com/billing",
        "//api.example.com/billing",
        "ftp://h/",
        "javascript:alert(1)",
        "https:/h/a",
        "https:///a",
        "https://:443/a",
        "https://user@h/a",
        "https://user:secret@h/a",
        "https://h:/a",
        "https://h:0443/a",
        "https://h:0/a",
        "https://h:65536/a",
        "https://h:99999999999999999999/a",
        "https://h:8o/a",
        "https://h:٤٤٣/a",
        "https://h .evil/a",
        " https://h/a",
        "https://h/a b",
        "https://h/a\n ",
        "https://h..evil/a",
        "https://./a",
        "https://exämple.com/a",
        "https://h%2eevil/a",
        "https://h\\@evil/a",
        "https://h\x00/a",
        "https://h\ud800/a",
        "https://[::1/a",
        "https://[::g]/a",
        "https://[fe80::1%25eth0]/a",
        "https://[1.2.3.4]/a",
        "https://[::1]x/a",
        "https://a[::1]/a",
        "\nhttps://h/a",
    ],
)
def test_what_is_no_absolute_http_url_raises(raw: str) -> None:
    with pytest.raises(MalformedUrlError):
        canonical_url(raw)


@pytest.mark.parametrize("path", ["é" * 65_536, "%41" * 30_000, "a" * 65_536])
def test_a_url_has_a_bounded_length(path: str) -> None:
    with pytest.raises(MalformedUrlError, match="65536 characters"):
        canonical_url(f"https://h/{path}")


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/a/../b", "dot-segment"),
        ("/a/./b", "dot-segment"),
        ("/..", "dot-segment"),
        ("/a/.", "dot-segment"),
        ("/a/%2e%2e/b", "dot-segment"),
        ("/a/.%2E/b", "dot-segment"),
        ("/a/%2e", "dot-segment"),
        ("/a/..;/b", "dot-segment"),
        ("/a/..;x=1/b", "dot-segment"),
        ("/a/..%3bx/b", "dot-segment"),
        ("/a/..%2fb", "dot-segment"),
        ("/a%2f..%2fb", "dot-segment"),
        ("/a\\b", "backslash"),
        ("/a%5cb", "backslash"),
        ("/a%5C..%5Cb", "backslash"),
        ("/a%00", "nul"),
        ("/a\x00b", "nul"),
        ("/a%0d%0aX: y".replace(" ", ""), "control-character"),
        ("/a\tb", "control-character"),
        ("/a%7f", "control-character"),
        ("/a%c2%85b", "control-character"),
        ("/a\x85b", "control-character"),
        ("/%ff", "invalid-utf-8"),
        ("/%c0%af", "invalid-utf-8"),
        ("/%e0%80%af", "invalid-utf-8"),
        ("/%ed%a0%80", "invalid-utf-8"),
        ("/%c3", "invalid-utf-8"),
        ("/%c3/%a9", "invalid-utf-8"),
        ("/\udcc3\udca9", "invalid-utf-8"),
        ("/\ud800", "invalid-utf-8"),
        ("/%zz", "invalid-escape"),
        ("/a%", "invalid-escape"),
        ("/a%2", "invalid-escape"),
        ("/%u002e", "invalid-escape"),
        ("/%%32%65", "invalid-escape"),
        ("/a#/b", "fragment"),
        ("/a#", "fragment"),
        ("/a?q#f", "fragment"),
        ("/a?q=\x00", "nul"),
        ("/a?q=\r\nx", "control-character"),
        ("/a?q=\udcff", "invalid-utf-8"),
    ],
)
def test_what_is_never_opened_is_named(path: str, refused: str) -> None:
    assert canonical_url(f"https://h{path}").refused == refused


@pytest.mark.parametrize(
    ("path", "canonical", "openable"),
    [
        ("/a%2fb", "/a%2Fb", {SLASH}),
        ("/a%2Fb", "/a%2Fb", {SLASH}),
        ("/a%252fb", "/a%252fb", {DOUBLE}),
        ("/a%25%32%66b", "/a%252fb", {DOUBLE}),
        ("/%252e%252e/b", "/%252e%252e/b", {DOUBLE}),
        ("/%25252e", "/%25252e", {DOUBLE}),
        ("//a", "//a", {EMPTY}),
        ("/a//b", "/a//b", {EMPTY}),
        ("/a//", "/a//", {EMPTY}),
        ("//", "//", {EMPTY}),
        ("/a;x=1/b", "/a;x=1/b", {SEMICOLON}),
        ("/a%3bx", "/a%3Bx", {SEMICOLON}),
        ("//a%2fb;%2525", "//a%2Fb;%2525", {EMPTY, SLASH, SEMICOLON, DOUBLE}),
    ],
)
def test_what_a_service_may_open_is_listed(
    path: str, canonical: str, openable: set[PathFeature]
) -> None:
    url = canonical_url(f"https://h{path}")
    assert (url.path, url.openable, url.refused) == (canonical, frozenset(openable), None)


# facts/gateways.md 3: what gateways were seen to tell, and what we make of it.
GATEWAY_PATHS = [
    ("/api/../admin", "/api/../admin", "dot-segment", set()),
    ("/api/%2e%2e/admin", "/api/../admin", "dot-segment", set()),
    ("/api/..%2fadmin", "/api/..%2Fadmin", "dot-segment", {SLASH}),
    ("/api/%252e%252e/admin", "/api/%252e%252e/admin", None, {DOUBLE}),
    ("/%61dmin", "/admin", None, set()),
    ("//admin", "//admin", None, {EMPTY}),
    ("/admin;x=1/i", "/admin;x=1/i", None, {SEMICOLON}),
    ("/api/..;/admin", "/api/..;/admin", "dot-segment", {SEMICOLON}),
    ("/a/\\api\\..\\admin", "/a/%5Capi%5C..%5Cadmin", "backslash", set()),
    ("/a/%5Capi%5C..%5Cadmin", "/a/%5Capi%5C..%5Cadmin", "backslash", set()),
    ("/adm%00", "/adm%00", "nul", set()),
    ("/%zz", "/%zz", "invalid-escape", set()),
    ("/\udce9", "/%ED%B3%A9", "invalid-utf-8", set()),
    ("/%E9", "/%E9", "invalid-utf-8", set()),
    ("/é", "/%C3%A9", None, set()),
    ("/%c3%a9/%ff", "/%C3%A9/%FF", "invalid-utf-8", set()),
    ("/é/\udcff", "/%C3%A9/%ED%B3%BF", "invalid-utf-8", set()),
    ("/admin#/api", "/admin", "fragment", set()),
    ("/admin%23/api", "/admin%23/api", None, set()),
]


@pytest.mark.parametrize(("told", "path", "refused", "openable"), GATEWAY_PATHS)
def test_paths_that_gateways_tell(
    told: str, path: str, refused: str | None, openable: set[PathFeature]
) -> None:
    url = canonical_url(f"https://h{told}")
    assert (url.path, url.refused, url.openable) == (path, refused, frozenset(openable))


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://api.example.com", "https://api.example.com", "/"),
        ("https://api.example.com/", "https://api.example.com", "/"),
        ("https://API.example.com:443/billing/v%31", "https://api.example.com", "/billing/v1"),
        ("http://[::1]:8080/a", "http://[::1]:8080", "/a"),
    ],
)
def test_base_urls_are_canonical(text: str, origin: str, path: str) -> None:
    url = parse_base_url(text)
    assert (url.origin, url.path) == (origin, path)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("https://h/a/", "end in `/`"),
        ("https://h/a?x=1", "no query"),
        ("https://h/?", "no query"),
        ("https://h/#", "no fragment"),
        ("https://u@h/", "user information"),
        ("/a", "absolute URL"),
        ("ftp://h/a", "`ftp`"),
        ("https://h/a//b", "empty-segments"),
        ("https://h/a/../b", "dot-segment"),
        ("https://h/a%2fb;c", "encoded-slash, semicolon"),
        ("https://h/" + "a" * 2048, "2048"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_told_why(text: str, finding: str) -> None:
    with pytest.raises(MalformedUrlError, match=finding):
        parse_base_url(text)


@pytest.mark.parametrize(
    ("segment", "text"),
    [("a", "a"), ("%20", " "), ("%2F", "/"), ("%2f", "/"), ("%252F", "%2F"), ("%C3%A9+", "é+")],
)
def test_a_segment_is_decoded_once(segment: str, text: str) -> None:
    assert decode_segment(segment) == text


def test_a_segment_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(MalformedUrlError):
        decode_segment("%FF")


def test_a_lone_surrogate_has_no_spelling() -> None:
    with pytest.raises(MalformedUrlError):
        encode_segment("\ud800")
