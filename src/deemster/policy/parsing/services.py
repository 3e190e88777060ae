"""`service:` of an API service: where it is, who issues its tokens, how it answers."""

from __future__ import annotations

from deemster.policy.parsing.fields import Fields, Shape
from deemster.policy.parsing.scalars import listed
from deemster.policy.tree import ServiceBlock, Text

__all__ = ["parse_service"]

_DISCLOSURES = ("challenge", "none", "missing")
_UNMATCHED = {"403": 403, "404": 404}
_PROVIDER_TYPES = ("internal", "external")
_SERVICE = Shape(
    "`service`",
    frozenset(
        {
            "baseUrls",
            "tokenProvider",
            "audience",
            "applications",
            "unmatchedStatus",
            "disclose",
            "paths",
        }
    ),
    required={
        "baseUrls": "for example `baseUrls: [https://api.example.com/billing]`",
        "tokenProvider": "for example `tokenProvider: {type: internal, id: ...}`",
    },
    later={
        "unmatched": "guards that grant where no operation matches",
        "preflight": "CORS preflight requests answered by the service",
        "response": "policies over the upstream's answer",
    },
    elsewhere={
        "baseUrl": "base URLs are a list: `baseUrls: [...]`",
        "guards": "`guards` stands beside `service`, not in it",
        "operations": "`operations` stands beside `service`, not in it",
        "imports": "`imports` stands beside `service`, not in it",
    },
)
_PROVIDER = Shape(
    "`tokenProvider`",
    frozenset({"type", "id"}),
    required={"type": listed(_PROVIDER_TYPES), "id": "the provider's id in the settings"},
    elsewhere=dict.fromkeys(
        ("issuer", "keys", "algorithms", "jwksUrl", "claims"),
        "issuer, keys and algorithms of a provider stand in the settings",
    ),
    example="tokenProvider: {type: internal, id: ...}",
)
_OPENINGS = "openings of the canonical path"
_PATHS = Shape(
    "`paths`",
    frozenset({"trailingSlash", "case"}),
    later=dict.fromkeys(
        ("encodedSlash", "doubleEncoding", "emptySegments", "semicolon"), _OPENINGS
    ),
    example="paths: {trailingSlash: same}",
)


def parse_service(document: Fields) -> ServiceBlock | None:
    """The block, or None after an error."""
    node = document.node_of("service")
    if node is None:
        return None
    sink = document.sink
    before = sink.error_count
    fields = Fields.of(node, _SERVICE, sink)
    if fields is None:
        return None
    base_urls = fields.texts("baseUrls")
    provider_type, provider_id = _parse_provider(fields)
    audience = fields.text("audience")
    applications = fields.texts("applications")
    status = fields.choice("unmatchedStatus", _UNMATCHED) or 403
    disclose = fields.choice("disclose", dict(zip(_DISCLOSURES, _DISCLOSURES, strict=True)))
    fold_trailing_slash, fold_case = _parse_folding(fields)
    if sink.error_count > before or provider_type is None or provider_id is None:
        return None
    return ServiceBlock(
        base_urls=base_urls,
        provider_type=provider_type,
        provider_id=provider_id,
        audience=audience,
        applications=applications,
        unmatched_status=status,
        disclose=disclose or "challenge",
        fold_trailing_slash=fold_trailing_slash,
        fold_case=fold_case,
        span=fields.node.span,
    )


def _parse_provider(service: Fields) -> tuple[Text | None, Text | None]:
    node = service.node_of("tokenProvider")
    fields = None if node is None else Fields.of(node, _PROVIDER, service.sink)
    if fields is None:
        return None, None
    type_ = fields.text("type")
    if fields.choice("type", dict.fromkeys(_PROVIDER_TYPES, True)) is None:
        type_ = None
    return type_, fields.text("id")


def _parse_folding(service: Fields) -> tuple[bool, bool]:
    node = service.node_of("paths")
    fields = None if node is None else Fields.of(node, _PATHS, service.sink)
    if fields is None:
        return False, False
    slash = fields.choice("trailingSlash", {"same": True})
    case = fields.choice("case", {"insensitive": True})
    return bool(slash), bool(case)
