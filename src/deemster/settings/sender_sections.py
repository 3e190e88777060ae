"""Reads `dpop` and `binding` of a token provider: what presenters of its tokens must prove."""

from __future__ import annotations

from deemster.model.sender import PROOF_ALGORITHMS, DpopMode, SenderRules
from deemster.settings.reading import one_of
from deemster.settings.scalars import parse_duration, shown_duration
from deemster.settings.section import Section
from deemster.tokens.jose import SUPPORTED_ALGORITHMS

__all__ = ["read_senders"]

LONGEST_LIFETIME = 600.0


def read_senders(provider: Section) -> SenderRules:
    """The rules of the provider; both sections may be absent."""
    dpop = provider.section("dpop")
    mode = dpop.optional("mode", one_of([mode.value for mode in DpopMode]), DpopMode.OFF.value)
    nonce = dpop.flag("nonce", default=False)
    lifetime = dpop.optional("lifetime", _lifetime, 120.0, shown=shown_duration)
    algorithms = dpop.texts(
        "algorithms", one_of(sorted(SUPPORTED_ALGORITHMS)), default=PROOF_ALGORITHMS
    )
    replay = dpop.optional("replay", one_of(("strict", "process")), "strict")
    dpop.finish()
    binding = provider.section("binding")
    certificate = binding.optional("certificate", one_of(("whenBound", "required")), "whenBound")
    binding.finish()
    return SenderRules(
        dpop=DpopMode(mode),
        nonce=nonce,
        lifetime=lifetime,
        algorithms=algorithms,
        once_in_all=replay == "strict",
        certificate_required=certificate == "required",
    )


def _lifetime(text: str) -> float:
    seconds = parse_duration(text)
    if not 0 < seconds <= LONGEST_LIFETIME:
        raise ValueError(f"expected more than 0s, at most {shown_duration(LONGEST_LIFETIME)}")
    return seconds
