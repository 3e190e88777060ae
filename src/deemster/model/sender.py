"""How a token's presenter must prove to be the one it was issued to (RFC 9449, RFC 8705)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

__all__ = ["NO_PROOF", "PROOF_ALGORITHMS", "DpopMode", "DpopOverride", "SenderRules"]

PROOF_ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")
"""What proofs may be signed by, unless the settings say so: asymmetric ones, as tokens are."""


class DpopMode(Enum):
    """Which access tokens are taken (seed 3): bearer tokens, bound ones as well, or those alone."""

    OFF = "off"
    ENABLED = "enabled"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRules:
    """What a provider asks of those who present its tokens.

    `nonce`: proofs hold one that we gave out. `lifetime`: seconds that a proof is good for after
    its `iat`. `once_in_all`: a proof is good once in the whole service, and not once in each of its
    processes. `certificate_required`: each token is bound to a client certificate; one that is
    bound is always held against it.
    """

    dpop: DpopMode = DpopMode.OFF
    nonce: bool = False
    lifetime: float = 120.0
    algorithms: tuple[str, ...] = PROOF_ALGORITHMS
    once_in_all: bool = True
    certificate_required: bool = False

    @property
    def takes_bearers(self) -> bool:
        """Whether a token that is bound to nobody is good as it is."""
        return self.dpop is not DpopMode.REQUIRED and not self.certificate_required


NO_PROOF = SenderRules()
"""Bearer tokens, and those that are bound to a certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DpopOverride:
    """What an API service asks for instead (seed 3); None leaves it to the provider."""

    mode: DpopMode | None = None
    nonce: bool | None = None
    lifetime: float | None = None

    def over(self, rules: SenderRules) -> SenderRules:
        """The rules that hold for the API service."""
        return replace(
            rules,
            dpop=rules.dpop if self.mode is None else self.mode,
            nonce=rules.nonce if self.nonce is None else self.nonce,
            lifetime=rules.lifetime if self.lifetime is None else self.lifetime,
        )
