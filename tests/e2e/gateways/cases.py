"""What a client may send, as data; what comes of it is asserted and tabled elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tests.e2e.gateways.wire import Call

__all__ = ["ALLOWED", "CASES", "GROUPS", "Case", "Due"]


class Due(Enum):
    """What must come of a case at every gateway."""

    ALLOWED = "200, and the upstream gets it"
    REFUSED = "the upstream gets nothing"
    HARMLESS = "either, as long as there is no bypass and no spoof"


@dataclass(frozen=True, slots=True)
class Case:
    """One request. `subject` is whose token goes with it, with these `claims`.

    `call.fields` may hold `{identity}`, the name of a header in which Deemster tells who the user
    is, and `{identity_}` and the like, its aliases.
    """

    name: str
    due: Due
    call: Call
    subject: str | None = "alice"
    claims: Sequence[tuple[str, object]] = ()
    status: int | None = None
    """What the client must see, where all gateways can say it."""


ADMIN = b"/admin/users"
KB = 1024


def _path(name: str, target: bytes, due: Due = Due.HARMLESS) -> Case:
    return Case(f"`{name}`" if name[0] in "/h" else name, due, Call(target=target))


def _fields(
    name: str, *fields: tuple[bytes, bytes], due: Due = Due.HARMLESS, target: bytes = b"/api/items"
) -> Case:
    return Case(name, due, Call(target=target, fields=fields))


ALLOWED = Case("allowed", Due.ALLOWED, Call())
ANSWERS = (
    ALLOWED,
    Case("allowed, public, no token", Due.ALLOWED, Call(target=b"/health"), subject=None),
    Case("allowed, with a query", Due.ALLOWED, Call(target=b"/api/items?q=a%20b&q=2&u=%2Fadmin")),
    Case("allowed, carol in /admin", Due.ALLOWED, Call(target=ADMIN), subject="carol"),
    Case("denied", Due.REFUSED, Call(target=ADMIN), status=403),
    Case("denied, scope missing", Due.REFUSED, Call(), claims=(("scope", "other"),), status=403),
    Case("no token", Due.REFUSED, Call(), subject=None, status=401),
    Case("token of somebody else's key", Due.REFUSED, Call(), subject="forged", status=401),
    Case("token expired", Due.REFUSED, Call(), claims=(("exp", 1_700_000_001),), status=401),
    Case("user disabled", Due.REFUSED, Call(), subject="mallory", status=403),
    Case(
        "step-up",
        Due.REFUSED,
        Call("POST", b"/api/payments", body=b"{}"),
        status=401,
    ),
    Case("unknown path", Due.REFUSED, Call(target=b"/nowhere"), status=403),
    Case("unknown host", Due.REFUSED, Call(host=b"other.example.com")),
)

METHODS = (
    Case(
        "POST with body",
        Due.ALLOWED,
        Call("POST", b"/api/items", body=b'{"a":' + b"1" * 9000 + b"}"),
    ),
    Case(
        "POST with chunked body",
        Due.ALLOWED,
        Call("POST", b"/api/items", body=b"x" * 5000, chunked=True),
    ),
    Case("POST denied", Due.REFUSED, Call("POST", ADMIN, body=b"{}"), status=403),
    Case("HEAD", Due.ALLOWED, Call("HEAD")),
    Case("HEAD denied", Due.REFUSED, Call("HEAD", ADMIN), status=403),
    Case("PURGE", Due.ALLOWED, Call("PURGE")),
    Case("POST with 200 kB body", Due.HARMLESS, Call("POST", b"/api/items", body=b"x" * 200_000)),
    Case("TRACE", Due.REFUSED, Call("TRACE", ADMIN)),
    Case("CONNECT", Due.REFUSED, Call("CONNECT", b"api.example.com:80")),
    Case("get in lower case", Due.REFUSED, Call("get")),
    Case("DELETE denied", Due.REFUSED, Call("DELETE", b"/api/items/1"), status=403),
    Case(
        "preflight",
        Due.ALLOWED,
        Call(
            "OPTIONS",
            fields=(
                (b"Origin", b"https://app.example.com"),
                (b"Access-Control-Request-Method", b"GET"),
            ),
        ),
        subject=None,
    ),
    Case("OPTIONS, no preflight", Due.REFUSED, Call("OPTIONS"), subject=None),
    Case("OPTIONS *", Due.REFUSED, Call("OPTIONS", b"*")),
)

PATHS = (
    _path("/api/../admin", b"/api/../admin/users"),
    _path("/api/./../admin", b"/api/./../admin/users"),
    _path("/api/%2e%2e/admin", b"/api/%2e%2e/admin/users"),
    _path("/api/.%2E/admin", b"/api/.%2E/admin/users"),
    _path("/api/..%2fadmin", b"/api/..%2fadmin/users"),
    _path("/api%2f..%2fadmin", b"/api%2f..%2fadmin/users"),
    _path("/api/%252e%252e/admin", b"/api/%252e%252e/admin/users"),
    _path("/api/..%252fadmin", b"/api/..%252fadmin/users"),
    _path("/%61dmin", b"/%61dmin/users"),
    _path("/%2561dmin", b"/%2561dmin/users"),
    _path("//admin", b"//admin/users"),
    _path("/api//../admin", b"/api//../admin/users"),
    _path("/ADMIN", b"/ADMIN/users"),
    _path("/api/..;/admin", b"/api/..;/admin/users"),
    _path("/api/..;x=1/admin", b"/api/..;x=1/admin/users"),
    _path("/admin;x=1", b"/admin;x=1/users"),
    _path("/api/items;/../../admin", b"/api/items;/../../admin/users"),
    _path("/api/..%3b/admin", b"/api/..%3b/admin/users"),
    _path("/api/..\\admin", b"/api/..\\admin\\users"),
    _path("/api/..%5cadmin", b"/api/..%5cadmin%5cusers"),
    _path("/api/%00/../../admin", b"/api/%00/../../admin/users"),
    _path("/admin%00", b"/admin/users%00.png"),
    _path("/api/%zz/../../admin", b"/api/%zz/../../admin/users"),
    _path("/api/%c0%ae%c0%ae/admin", b"/api/%c0%ae%c0%ae/admin/users"),
    _path("/api/%c3%a9", b"/api/%c3%a9"),
    _path("raw byte E9 in a path", b"/api/\xe9"),
    _path("/api/%ff", b"/api/%ff"),
    _path("/admin#/api", b"/admin/users#/api/items"),
    _path("/api/items%3f/../../admin", b"/api/items%3f/../../admin/users"),
    _path("/api/items?/../../admin", b"/api/items?/../../admin/users", Due.ALLOWED),
    _path("blank in a path", b"/api/items /../../admin/users"),
    _path("tab in a path", b"/api/items\t/../../admin/users"),
    _path("/api/%0d%0a", b"/api/x%0d%0aX-Auth-User:%20carol"),
    _path("/deemster", b"/deemster", Due.REFUSED),
    _path("/forward-auth/nginx", b"/forward-auth/nginx", Due.REFUSED),
    _path("/ext-authz/http/api", b"/ext-authz/http/api/items", Due.REFUSED),
    _path("http://api.example.com/admin", b"http://api.example.com/admin/users", Due.REFUSED),
    _path("http://other/admin", b"http://other.example.com/admin/users", Due.REFUSED),
    _path("http://other/api", b"http://other.example.com/api/items"),
)

HOSTS = (
    Case("host in capitals", Due.HARMLESS, Call(host=b"API.EXAMPLE.COM")),
    Case("host with a dot at its end", Due.HARMLESS, Call(host=b"api.example.com.")),
    Case("host with the default port", Due.HARMLESS, Call(host=b"api.example.com:80")),
    Case("host with another port", Due.HARMLESS, Call(host=b"api.example.com:81")),
    Case("host with a path", Due.REFUSED, Call(host=b"api.example.com/api", target=ADMIN)),
    Case("host with a user", Due.REFUSED, Call(host=b"api.example.com@other.example.com")),
    Case("host with a query", Due.REFUSED, Call(host=b"api.example.com?", target=ADMIN)),
    Case("host of two", Due.REFUSED, Call(host=b"api.example.com, other.example.com")),
    Case("host empty", Due.REFUSED, Call(host=b"")),
    Case("no host", Due.REFUSED, Call(host=None)),
    Case("no host, HTTP/1.0", Due.HARMLESS, Call(host=None, version=b"HTTP/1.0")),
    Case("HTTP/1.0", Due.HARMLESS, Call(version=b"HTTP/1.0")),
    Case("HTTP/1.0, denied", Due.REFUSED, Call(target=ADMIN, version=b"HTTP/1.0")),
    Case("HTTP/3.7", Due.HARMLESS, Call(version=b"HTTP/3.7")),
    Case("HTTP/2 preface", Due.REFUSED, Call("PRI", b"*", host=None, version=b"HTTP/2.0")),
)

REROUTING = tuple(
    _fields(
        f"{name}: /api/items, for /admin",
        (name.encode(), b"/api/items"),
        due=Due.REFUSED,
        target=ADMIN,
    )
    for name in (
        "X-Original-URI",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Uri",
        "X-Forwarded-Path",
        "X-Envoy-Original-Path",
    )
) + tuple(
    _fields(f"{name}: /admin, for /api/items", (name.encode(), ADMIN))
    for name in (
        "X-Original-URL",
        "X-Rewrite-URL",
        "X_Original_URL",
        "X.Original.URL",
    )
)

SPOOFS = (
    _fields("identity header spoofed", (b"{identity}", b"carol")),
    _fields("identity header spoofed twice", (b"{identity}", b"carol"), (b"{identity}", b"root")),
    _fields("identity header, public path", (b"{identity}", b"carol"), target=b"/health"),
    _fields("identity header, underscores", (b"{identity_}", b"carol")),
    _fields("identity header, dots", (b"{identity.}", b"carol")),
    _fields("identity header, tildes", (b"{identity~}", b"carol")),
    _fields("identity header, blank before the colon", (b"{identity} ", b"carol")),
    _fields("identity header after CR", (b"X-A", b"1\r{identity}: carol")),
    _fields("identity header after LF", (b"X-A", b"1\n{identity}: carol")),
    _fields("identity header after NUL", (b"X-A", b"1\0{identity}: carol")),
    _fields("identity header in a folded line", (b"X-A", b"1\r\n {identity}: carol")),
    Case(
        "identity header in a trailer",
        Due.HARMLESS,
        Call(
            "POST",
            fields=((b"Trailer", b"X-Auth-User"), (b"TE", b"trailers")),
            body=b"x",
            chunked=True,
            trailer=b"X-Auth-User: carol\r\n",
        ),
    ),
    _fields("identity header, denied", (b"{identity}", b"carol"), due=Due.REFUSED, target=ADMIN),
    _fields("Connection: identity header", (b"Connection", b"close, {identity}")),
    _fields(
        "Connection: Authorization", (b"Connection", b"close, Authorization"), due=Due.HARMLESS
    ),
    _fields("two Authorization, ours first", (b"Authorization", b"Bearer other"), due=Due.REFUSED),
    _fields(
        "two Authorization, comma",
        (b"X-A", b"1"),
        (b"authorization", b"Basic YTpi"),
        due=Due.REFUSED,
    ),
    _fields("Authorization, underscores", (b"Authorization_", b"Bearer other")),
    _fields("two Host", (b"Host", b"other.example.com"), due=Due.REFUSED),
    _fields("two X-Request-ID", (b"X-Request-ID", b"a"), (b"X-Request-ID", b"b")),
    _fields("two Cookie", (b"Cookie", b"a=1"), (b"Cookie", b"b=2"), due=Due.ALLOWED),
    Case(
        "X-Forwarded-Method: GET, for DELETE",
        Due.REFUSED,
        Call("DELETE", fields=((b"X-Forwarded-Method", b"GET"), (b"X-Original-Method", b"GET"))),
    ),
    Case(
        "X-HTTP-Method-Override: DELETE",
        Due.HARMLESS,
        Call("GET", fields=((b"X-HTTP-Method-Override", b"DELETE"),)),
    ),
    _fields("X-Forwarded-Host: other", (b"X-Forwarded-Host", b"other.example.com")),
    _fields("X-Forwarded-For: 203.0.113.1", (b"X-Forwarded-For", b"203.0.113.1")),
    _fields("X-Forwarded-Proto: https", (b"X-Forwarded-Proto", b"https")),
    _fields(
        "gateway's secret header, guessed", (b"{secret}", b"guessed-0123456789-0123456789-01234567")
    ),
    _fields("gateway's secret header, denied", (b"{secret}", b"x"), due=Due.REFUSED, target=ADMIN),
)

UPGRADES = (
    _fields("WebSocket", (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")),
    _fields(
        "h2c",
        (b"Connection", b"Upgrade, HTTP2-Settings"),
        (b"Upgrade", b"h2c"),
        (b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
    ),
    _fields(
        "h2c, half named",
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"h2c"),
        (b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
    ),
    _fields("TLS", (b"Connection", b"Upgrade"), (b"Upgrade", b"TLS/1.0")),
    _fields("WebSocket and h2c", (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket, h2c")),
)

ADDRESSES = (
    Case("from here", Due.ALLOWED, Call(target=b"/from-here")),
    Case("from the office, which it is not", Due.REFUSED, Call(target=b"/from-the-office")),
    *(
        _fields(
            f"{name}: an address of the office",
            (name.encode(), value),
            due=Due.REFUSED,
            target=b"/from-the-office",
        )
        for name, value in (
            ("X-Forwarded-For", b"203.0.113.1"),
            ("X-Forwarded-For ", b"203.0.113.1"),
            ("X_Forwarded_For", b"203.0.113.1"),
            ("X-Real-IP", b"203.0.113.1"),
            ("Forwarded", b"for=203.0.113.1"),
            ("True-Client-IP", b"203.0.113.1"),
            ("X-Client-IP", b"203.0.113.1"),
            ("X-Envoy-External-Address", b"203.0.113.1"),
        )
    ),
    _fields(
        "two X-Forwarded-For: addresses of the office",
        (b"X-Forwarded-For", b"203.0.113.1"),
        (b"X-Forwarded-For", b"203.0.113.2, 203.0.113.3"),
        due=Due.REFUSED,
        target=b"/from-the-office",
    ),
)

SMUGGLED = b"GET /admin/users HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n"
SMUGGLING = tuple(
    Case(
        name,
        Due.HARMLESS,
        Call("POST", fields=fields, tail=tail + SMUGGLED),
    )
    for name, fields, tail in (
        (
            "Content-Length and Transfer-Encoding",
            ((b"Content-Length", b"%d" % (len(SMUGGLED) + 5)), (b"Transfer-Encoding", b"chunked")),
            b"0\r\n\r\n",
        ),
        ("two Content-Length", ((b"Content-Length", b"2"), (b"Content-Length", b"70")), b"{}"),
        (
            "Transfer-Encoding: xchunked",
            ((b"Content-Length", b"5"), (b"Transfer-Encoding", b"xchunked")),
            b"0\r\n\r\n",
        ),
        (
            "Transfer_Encoding",
            ((b"Content-Length", b"%d" % (len(SMUGGLED) + 5)), (b"Transfer_Encoding", b"chunked")),
            b"0\r\n\r\n",
        ),
        (
            "pipelined after an allowed call",
            ((b"Content-Length", b"2"), (b"Connection", b"keep-alive")),
            b"{}",
        ),
    )
)

SIZES = (
    _fields("20 kB header", (b"X-Long", b"a" * 20 * KB), due=Due.ALLOWED),
    _fields("70 kB header", (b"X-Long", b"a" * 70 * KB)),
    _fields("70 kB header, denied", (b"X-Long", b"a" * 70 * KB), due=Due.REFUSED, target=ADMIN),
    _fields("80 header fields", *((b"X-%d" % number, b"1") for number in range(80))),
    _fields("250 header fields", *((b"X-%d" % number, b"1") for number in range(250))),
    _path("12 kB target", b"/api/items?" + b"a" * 12 * KB),
)

GROUPS = {
    "Answers": ANSWERS,
    "Methods and bodies": METHODS,
    "Paths": PATHS,
    "Hosts and versions": HOSTS,
    "Header fields that would name another path": REROUTING,
    "Identity, credentials and the gateway's own header fields": SPOOFS,
    "Requests within requests": SMUGGLING,
    "Other protocols": UPGRADES,
    "The client's address": ADDRESSES,
    "Sizes": SIZES,
}
CASES = tuple(case for cases in GROUPS.values() for case in cases)
