"""Why a policy bundle is not taken: one word for people, records, metrics and exit reports."""

from __future__ import annotations

from enum import Enum

__all__ = ["BundleCause"]


class BundleCause(Enum):
    """Closed. The value is the word that is shown."""

    UNSIGNED = "unsigned"
    WRONG_KEY = "wrong-key"
    TAMPERED = "tampered"
    OTHER_ENVIRONMENT = "other-environment"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    OLDER_SEQUENCE = "older-sequence"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
