"""The language page's own two examples, retold as data, with what is expected of them.

Written by hand from sections 2 and 6, so that the reference is not only compared with a program.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tests.reference.shape import (
    Allow,
    AnyAll,
    Application,
    Call,
    Declared,
    Denied,
    Expression,
    Library,
    Operation,
    PolicySet,
    Rule,
    Scope,
    Service,
    Template,
    Token,
    Tree,
    User,
)

__all__ = ["STORIES", "TREE"]


def path(text: str) -> Template:
    """`/a/{id}` ► segments."""
    return tuple(
        ("param", part[1:-1]) if part.startswith("{") else ("literal", part)
        for part in text.split("/")[1:]
    )


def both(*items: Expression) -> Expression:
    return ("and", *items)


def equal(left: Expression, right: Expression) -> Expression:
    return ("cmp", "==", left, right)


BERLIN: Expression = ("local", "Europe/Berlin", "minute_of_day")
LIBRARY = Library(
    "standard",
    Scope(
        conditions={
            "office_hours": both(
                ("cmp", ">=", BERLIN, ("literal", 480)), ("cmp", "<", BERLIN, ("literal", 1080))
            )
        }
    ),
)
OFFICE_HOURS: Expression = ("condition", "std", "office_hours")
STANDARD = {"std": "lib/standard.yaml"}

INVOICES = Service(
    id="invoices",
    base_urls=("https://api.example.com/billing", "https://billing.eu.example.com"),
    internal=True,
    applications=("bizpro",),
    scope=Scope(STANDARD),
    operations=(
        Operation(
            "list-invoices",
            ("GET",),
            (path("/invoices"),),
            allow=Allow(scopes=AnyAll(("invoices.read", "invoices.admin"))),
        ),
        Operation(
            "pay-invoice",
            ("POST",),
            (path("/invoices/{id}/payments"),),
            {"id": ("pattern", "[0-9]{1,12}")},
            allow=Allow(
                scopes=AnyAll(all=("invoices.read", "invoices.pay")),
                groups=AnyAll(("finance",)),
                permissions=AnyAll(all=("invoices:pay",)),
                acr=("mfa", "hwk"),
                max_age=300,
                when=OFFICE_HOURS,
            ),
            otherwise=Denied("pay.not-allowed"),
        ),
        Operation("who-am-i", ("GET",), (path("/me"),), allow="authenticated"),
        Operation("health", ("GET",), (path("/health"),), allow="public"),
    ),
)

OWN_PARTNER = equal(("claim", "partner_id"), ("param", "partner"))


def tier(name: str) -> Expression:
    return equal(("claim", "partner_tier"), ("literal", name))


ORDERS = Service(
    id="partner-orders",
    base_urls=("https://partners.example.com/orders/v2",),
    internal=False,
    scope=Scope(
        STANDARD,
        (
            Declared("claims", "partner_id", "string"),
            Declared(
                "claims",
                "partner_tier",
                "string",
                enum=("bronze", "silver", "gold"),
                default="bronze",
            ),
        ),
    ),
    guards=(
        PolicySet(
            "known-client",
            "deny-unless-permit",
            (
                Rule(
                    "registered-clients",
                    "permit",
                    both(
                        ("has-claim", "client_id"),
                        ("startsWith", ("claim", "client_id"), ("literal", "partner-")),
                    ),
                ),
            ),
        ),
    ),
    operations=(
        Operation(
            "list-own-orders",
            ("GET",),
            (path("/{partner}/orders"),),
            allow=Allow(
                when=both(OWN_PARTNER, ("in", ("literal", "orders.read"), ("claim", "scope")))
            ),
        ),
        Operation(
            "bulk-export",
            ("GET",),
            (path("/{partner}/orders/export"),),
            policies=(
                PolicySet(
                    "export",
                    "first-applicable",
                    (
                        Rule("gold-anytime", "permit", both(OWN_PARTNER, tier("gold"))),
                        Rule(
                            "silver-at-night",
                            "permit",
                            (
                                "all-list",
                                OWN_PARTNER,
                                tier("silver"),
                                ("not-list", OFFICE_HOURS),
                            ),
                        ),
                        Rule("rest", "deny", denied=Denied("export.tier")),
                    ),
                ),
            ),
        ),
    ),
)

TREE = Tree(
    services={"api-services/invoices.yaml": INVOICES, "api-services/orders.yaml": ORDERS},
    libraries={"lib/standard.yaml": LIBRARY},
    applications={
        "applications/bizpro.yaml": Application(
            "bizpro",
            {"invoices": ("view", "create", "pay", "void")},
            {"accountant": ("invoices:view", "invoices:pay"), "auditor": ("invoices:view",)},
        )
    },
)

MORNING = datetime.fromisoformat("2026-11-23T09:00:00+01:00").timestamp()
NIGHT = datetime.fromisoformat("2026-11-23T22:00:00+01:00").timestamp()
BILLING = "https://api.example.com/billing"
PARTNERS = "https://partners.example.com/orders/v2"
ALICE = User("alice", groups=frozenset({"finance"}), roles=frozenset({"bizpro/accountant"}))
PAYER = Token(
    {"sub": "alice", "acr": "mfa", "auth_time": MORNING - 300},
    frozenset({"invoices.read", "invoices.pay"}),
    ALICE,
)
PAY = Call("POST", f"{BILLING}/invoices/12/payments", MORNING, token=PAYER)
PARTNER = Token(
    {"client_id": "partner-7", "partner_id": "p7", "partner_tier": "gold"},
    frozenset({"orders.read"}),
)
EXPORT = Call("GET", f"{PARTNERS}/p7/orders/export", MORNING, token=PARTNER)


def paying(**changes: object) -> Call:
    return replace(PAY, token=replace(PAYER, **changes))  # type: ignore[arg-type]


def exporting(now: float = MORNING, url: str = EXPORT.url, **claims: object) -> Call:
    merged = {**PARTNER.claims, **claims}
    known = {name: value for name, value in merged.items() if value is not None}
    return replace(EXPORT, now=now, url=url, token=replace(PARTNER, claims=known))


STORIES: tuple[tuple[str, Call, str, str | None], ...] = (
    ("finance pays with MFA", PAY, "permitted", None),
    ("below the other base URL too",
     replace(PAY, url="https://BILLING.eu.example.com:443/invoices/12/payments"),
     "permitted", None),
    ("another host is nobody's", replace(PAY, url="https://example.org/x"), "no-api-service", None),
    ("a base URL ends with a whole segment",
     replace(PAY, url="https://api.example.com/billings/me"), "no-api-service", None),
    ("nobody's path", replace(PAY, url=f"{BILLING}/nothing"), "no-operation", None),
    ("nobody's path without a token",
     replace(PAY, url=f"{BILLING}/nothing", token=None), "token-missing", None),
    ("an identifier that is no number",
     replace(PAY, url=f"{BILLING}/invoices/1x/payments"), "no-operation", None),
    ("a trailing slash is another path",
     replace(PAY, url=f"{PAY.url}/"), "no-operation", None),
    ("a method is case-sensitive", replace(PAY, method="post"), "no-operation", None),
    ("dot segments", replace(PAY, url=f"{BILLING}/x/../me"), "ambiguous-path", None),
    ("encoded slash", replace(PAY, url=f"{BILLING}/x%2fme"), "ambiguous-path", None),
    ("doubly encoded", replace(PAY, url=f"{BILLING}/%2561"), "ambiguous-path", None),
    ("health is public", Call("GET", f"{BILLING}/health", MORNING), "permitted", None),
    ("a public operation reads no credential",
     Call("GET", f"{BILLING}/health", MORNING, token=Token(refused="token-expired")),
     "permitted", None),
    ("an expired token comes before the operation",
     replace(PAY, url=f"{BILLING}/nothing", token=Token(refused="token-expired")),
     "token-expired", None),
    ("an unknown user comes before the operation",
     replace(paying(user=replace(ALICE, state="unknown")), url=f"{BILLING}/nothing"),
     "user-unknown", None),
    ("a disabled user", paying(user=replace(ALICE, state="disabled")), "user-disabled", None),
    ("any accepted token", Call("GET", f"{BILLING}/me", NIGHT, token=Token()), "permitted", None),
    ("one scope short", paying(scopes=frozenset({"invoices.pay"})), "scope-missing",
     "pay.not-allowed"),
    ("scopes come before groups",
     paying(scopes=frozenset(), user=replace(ALICE, groups=frozenset())), "scope-missing",
     "pay.not-allowed"),
    ("group names are exact",
     paying(user=replace(ALICE, groups=frozenset({"Finance"}))), "group-missing",
     "pay.not-allowed"),
    ("a client token has no groups", paying(user=None), "group-missing", "pay.not-allowed"),
    ("an auditor may not pay",
     paying(user=replace(ALICE, roles=frozenset({"auditor"}))), "permission-missing",
     "pay.not-allowed"),
    ("a bare role name, in one application only",
     paying(user=replace(ALICE, roles=frozenset({"accountant"}))), "permitted", None),
    ("the directory's groups cannot be had",
     paying(user=replace(ALICE, groups="failed: the directory did not answer")),
     "dependency-unavailable", None),
    ("a false line wins over one in error",
     paying(user=replace(ALICE, roles="failed: the directory did not answer"),
            claims={"acr": "pwd"}),
     "authentication-too-weak", "pay.not-allowed"),
    ("at night", replace(paying(claims={"acr": "mfa", "auth_time": NIGHT}), now=NIGHT),
     "policy-denied", "pay.not-allowed"),
    ("a second too old",
     paying(claims={"acr": "mfa", "auth_time": MORNING - 301}), "authentication-too-old",
     "pay.not-allowed"),
    ("logged in in the future",
     paying(claims={"acr": "mfa", "auth_time": MORNING + 1}), "authentication-too-old",
     "pay.not-allowed"),
    ("never logged in", paying(claims={"acr": "mfa"}), "authentication-too-old",
     "pay.not-allowed"),
    ("gold exports at any time", EXPORT, "permitted", None),
    ("silver exports at night", exporting(NIGHT, partner_tier="silver"), "permitted", None),
    ("silver by day", exporting(partner_tier="silver"), "policy-denied", "export.tier"),
    ("no tier is bronze", exporting(partner_tier=None), "policy-denied", "export.tier"),
    ("another partner's export", exporting(partner_id="p8"), "policy-denied", "export.tier"),
    ("no partner is an error before the rest is reached",
     exporting(partner_id=None), "attribute-missing", None),
    ("a tier that nobody declared", exporting(partner_tier="platinum"), "indeterminate", None),
    ("a client that is no partner", exporting(client_id="x"), "policy-denied", None),
    ("no client at all", exporting(client_id=None), "policy-denied", None),
    ("own orders", exporting(url=f"{PARTNERS}/p7/orders"), "permitted", None),
    ("the parameter is decoded once", exporting(url=f"{PARTNERS}/p%37/orders"), "permitted", None),
    ("nobody vouches for the claims", replace(EXPORT, token=None), "claims-missing", None),
)  # fmt: skip
"""Name, call, reason, and the author's code on a deny."""
