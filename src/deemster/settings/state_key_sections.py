"""Reads `stateKeys`: what seals the state of a call between its two legs."""

from __future__ import annotations

from deemster.errors import ConfigurationError
from deemster.policy.codes import Code
from deemster.settings.model import StateKeySettings
from deemster.settings.scalars import parse_id
from deemster.settings.secret import Secret, reread_secret
from deemster.settings.section import Section

__all__ = ["read_state_keys", "reread_state_keys"]

FEWEST_BYTES = 32
"""256 bits, as many as the key that is made of them."""


def read_state_keys(root: Section) -> tuple[StateKeySettings, ...]:
    """`stateKeys:`; the first seals, all open."""
    found: dict[str, StateKeySettings] = {}
    for item in root.sections("stateKeys"):
        key_id = item.required("id", parse_id)
        value = item.secret("value")
        item.finish()
        if key_id is None or value is None:
            continue
        if key_id in found:
            message = f"two state keys are called `{key_id}`"
            item.error(Code.DUPLICATE_ID, message, item.span_at("id"))
        wrong = _weakness(value)
        if wrong is not None:
            item.error(Code.SETTING, wrong, item.span_at("value"))
        found[key_id] = StateKeySettings(key_id, value)
    return tuple(found.values())


def reread_state_keys(keys: tuple[StateKeySettings, ...]) -> tuple[StateKeySettings, ...]:
    """With the keys as their files have them now. Raises ConfigurationError."""
    found = tuple(StateKeySettings(key.id, reread_secret(key.value)) for key in keys)
    for key in found:
        wrong = _weakness(key.value)
        if wrong is not None:
            raise ConfigurationError(wrong)
    return found


def _weakness(key: Secret) -> str | None:
    """Why a key is not accepted; it is never shown."""
    size = len(key.reveal().encode())
    if size >= FEWEST_BYTES:
        return None
    return f"the state key of {key.source} has {size} bytes, fewer than {FEWEST_BYTES}"
