"""Reads `tokenProviders`: whose tokens are believed, and how they are verified."""

from __future__ import annotations

from deemster.plugins import TOKEN_PROVIDERS
from deemster.policy.codes import Code
from deemster.settings.introspection_sections import read_introspection
from deemster.settings.key_sections import read_keys
from deemster.settings.plugin_sections import read_plugin
from deemster.settings.provider_model import (
    AssertedProviderSettings,
    DevelopmentKeySource,
    IssuerSettings,
    KeyFetchingSettings,
    TokenProviderSettings,
    VerifyingProviderSettings,
)
from deemster.settings.reading import one_of
from deemster.settings.scalars import (
    parse_duration,
    parse_id,
    parse_name,
    parse_url,
    shown_duration,
)
from deemster.settings.section import Section
from deemster.settings.sender_sections import read_senders
from deemster.settings.service_sections import between
from deemster.tokens.jose import SUPPORTED_ALGORITHMS

__all__ = ["read_token_provider"]

MOST_SKEW = 300.0
MOST_ISSUERS = 8
DAY = 86_400.0
LONGEST_KEPT = 90 * DAY
LATER = ("encryption", "userinfo")
ONLY_KEYS = ("keys", "algorithms", "tokenType", "maxLifetime")
ONLY_OURS = ("introspection", "plugin", "dpop", "binding", "revocation")
ONLY_VERIFYING = ("issuer", "issuers", *ONLY_KEYS, *ONLY_OURS)
NOT_INTERNAL = ("issuers",)
ONLY_INTERNAL = ("directory", "permissionsClaim", "userClaim")


def read_token_provider(section: Section) -> TokenProviderSettings | None:
    """One entry of `tokenProviders:`; None after an error."""
    provider_id = section.required("id", parse_id)
    kind = section.required_choice("type", ("internal", "external"))
    claims = None
    if kind == "internal":
        section.misplaced(("claims",), "an internal provider's tokens are verified here")
        section.misplaced(NOT_INTERNAL, "an internal provider is one issuer")
    elif kind == "external":
        section.misplaced(ONLY_INTERNAL, "the users of an external provider are not known here")
        claims = section.required_choice("claims", ("asserted", "verified"))
    section.unsupported(*LATER)
    found: TokenProviderSettings | None = None
    if kind == "internal" or claims == "verified":
        found = _read_verifying(section, provider_id or "", internal=kind == "internal")
    elif claims == "asserted":
        section.misplaced(ONLY_VERIFYING, "nothing is verified where a gateway asserts the claims")
        found = AssertedProviderSettings(
            id=provider_id or "",
            skew=_read_skew(section),
            scope_claim=section.optional("scopeClaim", parse_name, "scope"),
            honour_exp=section.flag("honourExp", default=True),
        )
    else:
        # Without a type nobody knows which keys have a meaning: one error is enough.
        section.take(*section.written())
    section.finish()
    return found if provider_id is not None else None


def _read_verifying(
    section: Section, provider_id: str, *, internal: bool
) -> VerifyingProviderSettings | None:
    others: tuple[IssuerSettings, ...] = ()
    if not internal and section.has("issuers"):
        others = _read_issuers(section)
        if not others:
            section.take("issuer", "keys")
            return None
    section.take("issuers")
    issuer = others[0].issuer if others else section.required("issuer", parse_url)
    keys = introspection = plugin = None
    fetching = KeyFetchingSettings()
    if others:
        section.misplaced(
            ("issuer", "keys", "introspection", "plugin"), "each of `issuers` has its own"
        )
        keys, fetching = others[0].keys, others[0].fetching
    elif section.has("plugin"):
        section.misplaced((*ONLY_KEYS, "introspection"), "a plug-in reads the tokens")
        plugin = read_plugin(section.section("plugin"), TOKEN_PROVIDERS)
    elif section.has("introspection"):
        why = "an introspection endpoint reads the tokens, be they JWTs or not"
        section.misplaced(ONLY_KEYS, why)
        introspection = read_introspection(section.section("introspection"), issuer)
    else:
        section.take("introspection", "plugin")
        keys, fetching = read_keys(section)
    algorithms = section.texts(
        "algorithms", one_of(sorted(SUPPORTED_ALGORITHMS)), default=("RS256", "ES256")
    )
    token_type = section.optional("tokenType", one_of(("at+jwt", "any")), "at+jwt")
    skew = _read_skew(section)
    scope_claim = section.optional("scopeClaim", parse_name, "scope")
    honour_exp = section.flag("honourExp", default=True)
    senders = read_senders(section)
    revocation_kept = _read_revocation(section)
    longest_life = section.optional(
        "maxLifetime", _lifetime, None, shown=lambda seconds: shown_duration(seconds or 0)
    )
    directory = permissions_claim = None
    user_claim = "sub"
    if internal:
        directory = section.required("directory", parse_id)
        permissions_claim = section.optional("permissionsClaim", _claim_name, None)
        user_claim = section.optional("userClaim", parse_name, "sub")
    if issuer is None or (keys is None and introspection is None and plugin is None):
        return None
    return VerifyingProviderSettings(
        id=provider_id,
        internal=internal,
        issuer=issuer,
        keys=keys,
        algorithms=algorithms,
        token_type=token_type,
        skew=skew,
        scope_claim=scope_claim,
        permissions_claim=permissions_claim,
        user_claim=user_claim,
        honour_exp=honour_exp,
        directory=directory,
        senders=senders,
        revocation_kept=revocation_kept,
        introspection=introspection,
        fetching=fetching,
        longest_life=longest_life,
        other_issuers=others[1:],
        plugin=plugin,
    )


def _read_issuers(section: Section) -> tuple[IssuerSettings, ...]:
    """`issuers:`, each with its keys; empty after an error."""
    found: dict[str, IssuerSettings] = {}
    items = section.sections("issuers", example="issuers: [{issuer: …, keys: …}]")
    for item in items:
        issuer = item.required("issuer", parse_url)
        keys, fetching = read_keys(item)
        item.finish()
        if issuer is None or keys is None:
            continue
        if isinstance(keys, DevelopmentKeySource):
            item.error(Code.SETTING, "`insecureDevelopmentKey` is of one issuer", item.span)
        if issuer in found:
            message = f"two of `issuers` are `{issuer}`"
            item.error(Code.DUPLICATE_ID, message, item.span_at("issuer"))
        found[issuer] = IssuerSettings(issuer, keys, fetching)
    if len(items) > MOST_ISSUERS:
        section.error(
            Code.SETTING, f"there are at most {MOST_ISSUERS} `issuers`", section.span_at("issuers")
        )
    return tuple(found.values())


def _read_revocation(section: Section) -> float | None:
    """`revocation: {keep: 24h}`; without it nobody looks whether a token was revoked."""
    if not section.has("revocation"):
        section.take("revocation")
        return None
    revocation = section.section("revocation")
    kept = revocation.optional(
        "keep",
        between(parse_duration, 60.0, LONGEST_KEPT, shown_duration),
        DAY,
        shown=shown_duration,
    )
    revocation.finish()
    return kept


def _read_skew(section: Section) -> float:
    def parse(text: str) -> float:
        seconds = parse_duration(text)
        if seconds > MOST_SKEW:
            raise ValueError(f"expected at most {shown_duration(MOST_SKEW)}")
        return seconds

    return section.optional("skew", parse, 30.0, shown=shown_duration)


def _lifetime(text: str) -> float | None:
    return between(parse_duration, 60.0, LONGEST_KEPT, shown_duration)(text)


def _claim_name(text: str) -> str | None:
    return parse_name(text)
