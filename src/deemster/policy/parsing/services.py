"""`service:` of an API service: where it is, who issues its tokens, how it answers."""

from __future__ import annotations

from deemster.model.source import SourceSpan
from deemster.policy.codes import Code
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.paths import SERVICE_PATHS, parse_service_paths
from deemster.policy.parsing.scalars import listed
from deemster.policy.parsing.service_dpop import SERVICE_DPOP, parse_service_dpop
from deemster.policy.parsing.shapes import Key, Keys, Shape
from deemster.policy.tree import ServiceBlock, Text

__all__ = ["SERVICE", "parse_service"]

_DISCLOSE = forms.Choice(
    {word: word for word in ("challenge", "none", "missing")},
    docs={
        "challenge": "the challenges of the RFCs and the author's own words",
        "none": "neither",
        "missing": "what would have sufficed, too",
    },
)
_UNMATCHED_STATUS = forms.Choice({"403": 403, "404": 404})
_PROVIDER_TYPE = forms.Choice(
    {word: word for word in ("internal", "external")},
    docs={
        "internal": "Deemster knows the users of these tokens: basic rules may be used",
        "external": "others know them: conditions and custom policies over claims only",
    },
)
_PROVIDER = Shape(
    "`tokenProvider`",
    Keys(
        {
            "type": Key(
                _PROVIDER_TYPE, "Whether Deemster knows the users of its tokens.", "internal"
            ),
            "id": Key(forms.Text(), "The provider's id in the settings.", "bizpro"),
        }
    ),
    required={
        "type": listed(_PROVIDER_TYPE.options),
        "id": "the provider's id in the settings",
    },
    elsewhere=dict.fromkeys(
        ("issuer", "keys", "algorithms", "jwksUrl", "claims"),
        "issuer, keys and algorithms of a provider stand in the settings",
    ),
    example="tokenProvider: {type: internal, id: ...}",
    doc="Who issues the tokens of this service. Keys and issuer stand in the settings.",
)
_PREFLIGHT = forms.Choice(
    {"allow": True, "policy": False},
    docs={
        "allow": "a preflight is permitted where an operation matches the method it asks about",
        "policy": "OPTIONS is a method like any other",
    },
    synonyms={"permit": "allow", "deny": "policy"},
)
_UNMATCHED = forms.Choice(
    {"guards": True},
    docs={"guards": "a call that no operation matches is permitted where the guards permit"},
)
SERVICE = Shape(
    "`service`",
    Keys(
        {
            "baseUrls": Key(
                forms.ListOf(forms.Text("URL")),
                "Scheme, host and path prefix of the service. The longest match in the tree"
                " decides. Needed unless all operations answer AuthZEN questions.",
                "[https://api.example.com/billing]",
            ),
            "tokenProvider": Key(
                _PROVIDER, "Who issues the tokens of this service.", "{type: internal, id: bizpro}"
            ),
            "audience": Key(
                forms.Text(),
                "What the claim `aud` of a token must name. Needed unless a gateway asserts the"
                " claims, or all operations answer AuthZEN questions.",
                "BizPro Invoices API",
            ),
            "applications": Key(
                forms.ListOf(forms.Text("id of an Application")),
                "Applications whose permissions and roles this service uses.",
                "[bizpro]",
                "none",
            ),
            "unmatchedStatus": Key(
                _UNMATCHED_STATUS, "The status where no operation matches.", "404", "403"
            ),
            "disclose": Key(_DISCLOSE, "How much a deny tells the caller.", "none", "challenge"),
            "dpop": Key(
                SERVICE_DPOP,
                "Proofs of possession for this service.",
                "{mode: required}",
                "as the provider says",
            ),
            "preflight": Key(
                _PREFLIGHT,
                "What CORS preflights come to, which browsers send without a token.",
                "allow",
                "policy",
            ),
            "unmatched": Key(
                _UNMATCHED,
                "What may grant where no operation matches. For moving a tree over piece by piece.",
                "guards",
                "nothing may",
            ),
            "paths": Key(
                SERVICE_PATHS,
                "How paths are read.",
                "{trailingSlash: same}",
                "the canonical path as it is",
            ),
        }
    ),
    required={
        "tokenProvider": "for example `tokenProvider: {type: internal, id: ...}`",
    },
    elsewhere={
        "baseUrl": "base URLs are a list: `baseUrls: [...]`",
        "guards": "`guards` stands beside `service`, not in it",
        "operations": "`operations` stands beside `service`, not in it",
        "imports": "`imports` stands beside `service`, not in it",
        "response": "`response` stands beside `service`, not in it",
    },
    doc="Where the service is, who issues its tokens, and how it answers.",
)


def parse_service(document: Fields, *, answers_calls: bool) -> ServiceBlock | None:
    """The block, or None after an error. `answers_calls`: some operation is about HTTP calls."""
    node = document.node_of("service")
    if node is None:
        return None
    sink = document.sink
    before = sink.error_count
    fields = Fields.of(node, SERVICE, sink)
    if fields is None:
        return None
    if answers_calls and "baseUrls" not in fields:
        sink.error(
            Code.MISSING_KEY,
            "`service` needs `baseUrls`",
            fields.head_span,
            help="for example `baseUrls: [https://api.example.com/billing]`",
        )
    base_urls = fields.texts("baseUrls")
    provider_type, provider_id = _parse_provider(fields)
    audience = fields.text("audience")
    applications = fields.texts("applications")
    status = fields.choice("unmatchedStatus", _UNMATCHED_STATUS) or 403
    disclose = fields.choice("disclose", _DISCLOSE)
    fold_trailing_slash, fold_case, opened = parse_service_paths(fields)
    dpop = parse_service_dpop(fields)
    preflight = _place_of(fields, "preflight", _PREFLIGHT)
    unmatched = _place_of(fields, "unmatched", _UNMATCHED)
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
        opened=opened,
        dpop=dpop,
        preflight=preflight,
        unmatched=unmatched,
        span=fields.node.span,
    )


def _parse_provider(service: Fields) -> tuple[Text | None, Text | None]:
    node = service.node_of("tokenProvider")
    fields = None if node is None else Fields.of(node, _PROVIDER, service.sink)
    if fields is None:
        return None, None
    type_ = fields.text("type")
    if fields.choice("type", _PROVIDER_TYPE) is None:
        type_ = None
    return type_, fields.text("id")


def _place_of(service: Fields, key: str, choice: forms.Choice[bool]) -> SourceSpan | None:
    """Where a key stands whose word says that something is to be done."""
    return service.key_span(key) if service.choice(key, choice) else None
