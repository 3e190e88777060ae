"""Reads `identityHeaders`: by which header fields the upstream learns who was let through."""

from __future__ import annotations

from deemster.gateways.identity_headers import IdentityValue, why_not_ours
from deemster.policy.codes import Code
from deemster.settings.reading import one_of
from deemster.settings.section import Section

__all__ = ["DEFAULT_IDENTITY_HEADERS", "read_identity_headers"]

DEFAULT_IDENTITY_HEADERS = {
    "X-Auth-User": IdentityValue.SUBJECT,
    "X-Auth-Client": IdentityValue.CLIENT_ID,
    "X-Auth-Scope": IdentityValue.SCOPE,
}


def read_identity_headers(root: Section) -> tuple[tuple[str, str], ...]:
    """`identityHeaders:`, a mapping from names of header fields to what they say.

    What is written replaces the default as a whole; `{}` is none at all.
    """
    mapping = root.mapping("identityHeaders")
    entries = Section(root.reading, mapping, "identityHeaders", keyed=True)
    parse = one_of([value.value for value in IdentityValue])
    if mapping is None:
        default = () if root.has("identityHeaders") else DEFAULT_IDENTITY_HEADERS.items()
        return tuple(
            [(name, entries.optional(name, parse, value.value)) for name, value in default]
        )
    names = [key.text for key, _ in mapping.entries]
    found = []
    for (key, _), why in zip(mapping.entries, why_not_ours(names), strict=True):
        if why is not None:
            root.error(Code.SETTING, why, key.span)
        value = entries.required(key.text, parse)
        if value is not None:
            found.append((key.text, value))
    return tuple(found)
