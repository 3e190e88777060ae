"""`dpop:` of an API service: what presenters of tokens must prove, if not as the provider says."""

from __future__ import annotations

from deemster.model.sender import DpopMode, DpopOverride
from deemster.policy.codes import Code
from deemster.policy.parsing import forms
from deemster.policy.parsing.fields import Fields
from deemster.policy.parsing.shapes import Key, Keys, Shape

__all__ = ["LONGEST_LIFETIME", "SERVICE_DPOP", "parse_service_dpop"]

LONGEST_LIFETIME = 600.0
"""Seconds. Whatever is good for longer is worth stealing."""

_MODE = forms.Choice(
    {mode.value: mode for mode in DpopMode},
    docs={
        "off": "bearer tokens only",
        "enabled": "bearer tokens, and those bound to a key with a proof",
        "required": "tokens bound to a key with a proof, and no others",
    },
)
SERVICE_DPOP = Shape(
    "`dpop`",
    Keys(
        {
            "mode": Key(
                _MODE, "Which access tokens are taken.", "required", "as the provider says"
            ),
            "nonce": Key(
                forms.Flag(),
                "Whether a proof holds a nonce that was given out here.",
                "true",
                "as the provider says",
            ),
            "lifetime": Key(
                forms.Duration(),
                "How long a proof is good for after it was made, at most 10m.",
                "60s",
                "as the provider says",
            ),
        }
    ),
    example="dpop: {mode: required}",
    doc="Proofs of possession (RFC 9449) for this service, where not as the provider says.",
)


def parse_service_dpop(service: Fields) -> DpopOverride | None:
    """None where it is not written, or after an error."""
    node = service.node_of("dpop")
    fields = None if node is None else Fields.of(node, SERVICE_DPOP, service.sink)
    if fields is None:
        return None
    milliseconds = fields.milliseconds("lifetime")
    lifetime = None if milliseconds is None else milliseconds / 1000
    if lifetime is not None and not 0 < lifetime <= LONGEST_LIFETIME:
        written = fields.node_of("lifetime")
        fields.sink.error(
            Code.BAD_VALUE,
            "a proof is good for more than no time and at most 10m",
            fields.key_span("lifetime") if written is None else written.span,
        )
    return DpopOverride(
        mode=fields.choice("mode", _MODE),
        nonce=fields.flag("nonce", default=False) if "nonce" in fields else None,
        lifetime=lifetime,
    )
