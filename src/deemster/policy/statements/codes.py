"""Which statements there are, and for which effects of a node one counts.

Source: policy-language section 8; codes and PingOne's aliases: facts/ping.md 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType

from deemster.policy.combining import Outcome

__all__ = [
    "ALIASES",
    "APPLIES_TO",
    "BODY_CODES",
    "CHANGES",
    "KnownCode",
    "NodeEffect",
    "effect_of",
]


class KnownCode(StrEnum):
    """Codes whose payload has a meaning here; any other is passed on as it is."""

    DENIED_REASON = "denied-reason"
    AUTH_CHALLENGE = "auth-challenge"
    MODIFY_HEADERS = "modify-headers"
    MODIFY_QUERY = "modify-query"
    MODIFY_ATTRIBUTES = "modify-attributes"
    EXCLUDE_ATTRIBUTES = "exclude-attributes"
    INCLUDE_ATTRIBUTES = "include-attributes"
    REGEX_REPLACE_ATTRIBUTES = "regex-replace-attributes"


BODY_CODES = frozenset(
    {
        KnownCode.MODIFY_ATTRIBUTES,
        KnownCode.EXCLUDE_ATTRIBUTES,
        KnownCode.INCLUDE_ATTRIBUTES,
        KnownCode.REGEX_REPLACE_ATTRIBUTES,
    }
)
"""They change the body of the upstream's answer, in whichever phase they were decided."""

CHANGES = BODY_CODES | {KnownCode.MODIFY_HEADERS, KnownCode.MODIFY_QUERY}
"""They change what a permit lets through."""

ALIASES: Mapping[str, KnownCode] = MappingProxyType(
    {
        "set-headers": KnownCode.MODIFY_HEADERS,
        "set-attributes": KnownCode.MODIFY_ATTRIBUTES,
    }
)
"""PingOne's words for what PingAuthorize and we call otherwise."""


class NodeEffect(Enum):
    """What came of a node, as far as its statements are concerned."""

    PERMIT = "permit"
    DENY = "deny"
    INDETERMINATE = "indeterminate"


APPLIES_TO: Mapping[str, frozenset[NodeEffect]] = MappingProxyType(
    {
        "permit": frozenset({NodeEffect.PERMIT}),
        "deny": frozenset({NodeEffect.DENY}),
        "permit-or-deny": frozenset({NodeEffect.PERMIT, NodeEffect.DENY}),
        "indeterminate": frozenset({NodeEffect.INDETERMINATE}),
        "anything": frozenset(NodeEffect),
    }
)


def effect_of(outcome: Outcome) -> NodeEffect | None:
    """None for a node that is not applicable: it carries nothing."""
    return _EFFECTS[outcome]


_EFFECTS: tuple[NodeEffect | None, ...] = (
    NodeEffect.PERMIT,
    NodeEffect.DENY,
    None,
    NodeEffect.INDETERMINATE,
    NodeEffect.INDETERMINATE,
    NodeEffect.INDETERMINATE,
)
